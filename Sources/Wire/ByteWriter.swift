/// Writes fields one after the other.
///
/// Keep one for each thread and use it again: ``removeAll()`` keeps the storage.
package struct ByteWriter: Sendable {
    /// What has been written.
    package private(set) var bytes: [UInt8] = []

    /// What has been written, where it lies.
    package var span: RawSpan {
        @_lifetime(borrow self)
        get { unsafe bytes.span.bytes }
    }

    /// An empty writer.
    package init() { bytes.reserveCapacity(512) }

    /// Forgets what was written but keeps the storage.
    package mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    mutating func u8(_ value: UInt8) { bytes.append(value) }
    mutating func u16(_ value: UInt16) { bytes.put(value) }
    mutating func u32(_ value: UInt32) { bytes.put(value) }
    mutating func u64(_ value: UInt64) { bytes.put(value) }
    mutating func i64(_ value: Int64) { bytes.put(value) }
    mutating func f32(_ value: Float) { bytes.put(value.bitPattern) }
    mutating func f64(_ value: Double) { bytes.put(value.bitPattern) }
    mutating func flag(_ value: Bool) { bytes.append(value ? 1 : 0) }

    /// A string behind its length in bytes.
    ///
    /// What goes beyond `limit` bytes is cut off between two Unicode scalars.
    mutating func string(_ value: String, limit: Int = Int(UInt16.max)) {
        let utf8 = value.utf8
        if utf8.count <= limit {
            u16(UInt16(utf8.count))
            unsafe bytes.put(value.utf8Span.span.bytes)
            return
        }
        let cut = utf8.index(utf8.startIndex, offsetBy: limit, limitedBy: utf8.endIndex)
        var end = cut ?? utf8.endIndex
        while end < utf8.endIndex, utf8[end] & 0xC0 == 0x80 { end = utf8.index(before: end) }
        u16(UInt16(utf8[..<end].count))
        bytes.append(contentsOf: utf8[..<end])
    }

    /// A name for people, cut off at ``Limits/nameByteCount`` bytes so that it is never refused.
    mutating func name(_ value: String) { string(value, limit: Limits.nameByteCount) }

    /// A text for people, cut off at ``Limits/textByteCount`` bytes so that it is never refused.
    mutating func text(_ value: String) { string(value, limit: Limits.textByteCount) }

    /// The topic of a published message: its parts one after the other, without lengths.
    package mutating func topic(_ parts: String...) {
        for part in parts { bytes.append(contentsOf: part.utf8) }
    }

    /// The number of elements of a list that follows.
    mutating func count(_ value: Int) { u32(UInt32(value)) }

    /// Begins a header and returns where it starts.
    mutating func beginHeader(_ type: MessageType) -> Int {
        let start = bytes.count
        u32(0x575A | UInt32(protocolVersion) << 16 | UInt32(type.rawValue) << 24)
        u32(0)
        u64(0)
        return start
    }

    /// Fills in the length and the checksum of the header that began at `start`.
    mutating func endHeader(at start: Int) {
        let count = bytes.count - start
        patch(UInt32(count), at: start + 4)
        let written = start..<bytes.count
        let hash = unsafe bytes.span.bytes.extracting(written).headerHash(byteCount: count)
        patch(hash, at: start + 8)
    }

    private mutating func patch<Value: FixedWidthInteger & BitwiseCopyable>(
        _ value: Value,
        at offset: Int
    ) {
        unsafe bytes.withUnsafeMutableBytes {
            unsafe $0.storeBytes(of: value.littleEndian, toByteOffset: offset, as: Value.self)
        }
    }
}
