internal import Wire

/// Reads arbitrary bytes as choices; behind the end every choice is the first one.
struct ByteProgram {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Whether all bytes were read.
    var isOver: Bool { offset >= bytes.count }

    mutating func byte() -> UInt8 {
        guard !isOver else { return 0 }
        offset += 1
        return bytes[offset - 1]
    }

    /// A number under `end`, which must be 1 to 256.
    mutating func below(_ end: Int) -> Int { Int(byte()) % end }

    mutating func flag() -> Bool { byte() & 1 == 1 }

    /// One of `values`, which must not be empty.
    mutating func choice<Value>(_ values: [Value]) -> Value { values[below(values.count)] }

    /// A small number, or one near a border, or any; at most `most`.
    mutating func number(_ most: UInt64 = Limits.number) -> UInt64 {
        let first = byte()
        if first < 0xE0 { return min(UInt64(first), most) }
        let borders: [UInt64] = [
            most, most - 1, most / 2, most / 2 + 1, 1 << 16, 1 << 31, (1 << 32) - 1, 1 << 32,
        ]
        if first < 0xF8 { return min(borders[Int(first) % borders.count], most) }
        let any = (0..<8).reduce(UInt64(0)) { value, _ in value << 8 | UInt64(byte()) }
        return most == .max ? any : any % (most + 1)
    }
}
