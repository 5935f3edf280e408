/// The one thing wanted from EXIF: which way up the picture is (EXIF 2.3, TIFF 6.0).
enum EXIF {
    /// The orientation, 1 to 8, in an APP1 segment's content, or `nil` when it has none.
    static func orientation(in bytes: RawSpan, from start: Int, to end: Int) -> Int? {
        // "Exif", two zero bytes, then a TIFF header: byte order, 42, offset of the directory.
        let tiff = start + 6
        guard tiff + 8 <= end, bytes.bigEndian32(at: start) == 0x4578_6966 else { return nil }
        let little: Bool
        switch bytes.bigEndian16(at: tiff) {
        case 0x4949: little = true
        case 0x4d4d: little = false
        default: return nil
        }
        func short(_ offset: Int) -> Int {
            let value = bytes.bigEndian16(at: offset)
            return little ? (value & 0xff) << 8 | value >> 8 : value
        }
        func long(_ offset: Int) -> Int {
            little
                ? short(offset) | short(offset + 2) << 16
                : short(offset) << 16 | short(offset + 2)
        }
        let directory = tiff + long(tiff + 4)
        guard directory + 2 <= end else { return nil }
        for entry in 0..<short(directory) {
            let offset = directory + 2 + entry * 12
            guard offset + 12 <= end else { return nil }
            if short(offset) == 0x0112 {
                let value = short(offset + 8)
                return (1...8).contains(value) ? value : nil
            }
        }
        return nil
    }
}

extension RawSpan {
    /// The byte at `offset`, which is in range.
    func byte(at offset: Int) -> UInt8 {
        unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)  // Any bits are a UInt8.
    }

    /// Two bytes, most significant first.
    func bigEndian16(at offset: Int) -> Int {
        Int(byte(at: offset)) << 8 | Int(byte(at: offset + 1))
    }

    /// Four bytes, most significant first.
    func bigEndian32(at offset: Int) -> Int {
        bigEndian16(at: offset) << 16 | bigEndian16(at: offset + 2)
    }
}
