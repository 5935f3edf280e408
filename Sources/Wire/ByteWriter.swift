/// Writes fields one after the other, into memory of its own.
///
/// Keep one for each thread and use it again: ``removeAll()`` keeps the storage.
@safe
package struct ByteWriter: ~Copyable, Sendable {
    // Only this value has it.
    private nonisolated(unsafe) var memory: UnsafeMutableRawPointer
    private var capacity = 512
    /// Bytes written.
    package private(set) var byteCount = 0

    /// An empty writer.
    package init() { unsafe memory = .allocate(byteCount: capacity, alignment: 16) }

    deinit { unsafe memory.deallocate() }

    /// What has been written, where it lies.
    package var span: RawSpan {
        @_lifetime(borrow self)
        get {
            let bytes = unsafe UnsafeRawBufferPointer(start: memory, count: byteCount)
            return unsafe _overrideLifetime(RawSpan(_unsafeBytes: bytes), borrowing: self)
        }
    }

    /// A copy of what has been written.
    package var bytes: [UInt8] {
        unsafe [UInt8](UnsafeRawBufferPointer(start: memory, count: byteCount))
    }

    /// Forgets what was written but keeps the storage.
    package mutating func removeAll() { byteCount = 0 }

    /// Gives away what was written, in the memory that it lies in; the storage is new then, and as large.
    ///
    /// - Returns: The bytes; whoever takes them deallocates them.
    mutating func surrender() -> UnsafeMutableRawBufferPointer {
        let bytes = unsafe UnsafeMutableRawBufferPointer(start: memory, count: byteCount)
        unsafe memory = .allocate(byteCount: capacity, alignment: 16)
        byteCount = 0
        return unsafe bytes
    }

    /// Whether what was written takes half of the storage at least.
    var isHalfFull: Bool { 2 * byteCount >= capacity }

    /// Where so many more bytes go.
    @inline(__always)
    private mutating func next(_ count: Int) -> UnsafeMutableRawPointer {
        if capacity - byteCount < count { grow(by: count) }
        let next = unsafe memory + byteCount
        byteCount += count
        return unsafe next
    }

    @inline(never)
    private mutating func grow(by count: Int) {
        capacity = max(2 * capacity, byteCount + count)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
        unsafe larger.copyMemory(from: memory, byteCount: byteCount)
        unsafe memory.deallocate()
        unsafe memory = larger
    }

    @inline(__always)
    private mutating func integer<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value) {
        let place = unsafe next(MemoryLayout<Value>.size)
        unsafe place.storeBytes(of: value.littleEndian, as: Value.self)
    }

    /// Bytes without their length.
    mutating func append(_ bytes: RawSpan) {
        unsafe bytes.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            unsafe next(source.count).copyMemory(from: start, byteCount: source.count)
        }
    }

    mutating func u8(_ value: UInt8) { integer(value) }
    mutating func u16(_ value: UInt16) { integer(value) }
    mutating func u32(_ value: UInt32) { integer(value) }
    mutating func u64(_ value: UInt64) { integer(value) }
    mutating func i64(_ value: Int64) { integer(value) }
    mutating func f32(_ value: Float) { integer(value.bitPattern) }
    mutating func f64(_ value: Double) { integer(value.bitPattern) }
    mutating func flag(_ value: Bool) { u8(value ? 1 : 0) }

    /// A string behind its length in bytes.
    ///
    /// What goes beyond `limit` bytes is cut off between two Unicode scalars.
    mutating func string(_ value: String, limit: Int = Int(UInt16.max)) {
        let utf8 = value.utf8
        if utf8.count <= limit {
            u16(UInt16(utf8.count))
            unsafe append(value.utf8Span.span.bytes)
            return
        }
        let cut = utf8.index(utf8.startIndex, offsetBy: limit, limitedBy: utf8.endIndex)
        var end = cut ?? utf8.endIndex
        while end < utf8.endIndex, utf8[end] & 0xC0 == 0x80 { end = utf8.index(before: end) }
        let count = utf8.distance(from: utf8.startIndex, to: end)
        u16(UInt16(count))
        unsafe append(value.utf8Span.span.bytes.extracting(first: count))
    }

    /// A name for people, cut off at ``Limits/nameByteCount`` bytes so that it is never refused.
    mutating func name(_ value: String) { string(value, limit: Limits.nameByteCount) }

    /// A text for people, cut off at ``Limits/textByteCount`` bytes so that it is never refused.
    mutating func text(_ value: String) { string(value, limit: Limits.textByteCount) }

    /// The topic of a published message: its parts one after the other, without lengths.
    package mutating func topic(_ parts: String...) {
        for part in parts { unsafe append(part.utf8Span.span.bytes) }
    }

    /// The number of elements of a list that follows.
    mutating func count(_ value: Int) { u32(UInt32(value)) }

    /// Begins a header and returns where it starts.
    mutating func beginHeader(_ type: MessageType) -> Int {
        let start = byteCount
        u32(0x575A | UInt32(protocolVersion) << 16 | UInt32(type.rawValue) << 24)
        u32(0)
        u64(0)
        return start
    }

    /// Fills in the length and the checksum of the header that began at `start`.
    mutating func endHeader(at start: Int) {
        let count = byteCount - start
        unsafe memory.storeBytes(
            of: UInt32(count).littleEndian,
            toByteOffset: start + 4,
            as: UInt32.self
        )
        let hash = span.extracting(start..<byteCount).headerHash(byteCount: count)
        unsafe memory.storeBytes(of: hash.littleEndian, toByteOffset: start + 8, as: UInt64.self)
    }
}
