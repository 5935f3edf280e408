/// Reads fields one after the other out of bytes that a peer sent.
///
/// Every read checks its bounds first and throws ``WireError``; nothing traps.
package struct ByteReader: ~Escapable {
    private let bytes: RawSpan
    private var offset: Int
    private let end: Int

    /// A reader over `range` of `bytes`, which must lie inside.
    @_lifetime(copy bytes)
    init(_ bytes: RawSpan, range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.byteCount)
        self.bytes = bytes
        offset = range.lowerBound
        end = range.upperBound
    }

    /// Bytes not read yet.
    var remaining: Int { end - offset }

    @_lifetime(self: copy self)
    private mutating func integer<Value: FixedWidthInteger & BitwiseCopyable>(
        _ type: Value.Type
    ) throws(WireError) -> Value {
        let size = MemoryLayout<Value>.size
        guard remaining >= size else { throw .truncated }
        let value = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: type)
        offset += size
        return Value(littleEndian: value)
    }

    @_lifetime(self: copy self)
    mutating func u8() throws(WireError) -> UInt8 { try integer(UInt8.self) }
    @_lifetime(self: copy self)
    mutating func u16() throws(WireError) -> UInt16 { try integer(UInt16.self) }
    @_lifetime(self: copy self)
    mutating func u32() throws(WireError) -> UInt32 { try integer(UInt32.self) }
    @_lifetime(self: copy self)
    mutating func u64() throws(WireError) -> UInt64 { try integer(UInt64.self) }

    /// A count, a sequence or a span of time: at most ``Limits/number``.
    @_lifetime(self: copy self)
    mutating func number(_ field: StaticString) throws(WireError) -> UInt64 {
        let value = try u64()
        guard value <= Limits.number else { throw .overLimit(field) }
        return value
    }

    /// Nanoseconds since 1970 (UTC), not negative, so that no difference of two overflows.
    @_lifetime(self: copy self)
    mutating func instant(_ field: StaticString) throws(WireError) -> Int64 {
        let value = try integer(Int64.self)
        guard value >= 0 else { throw .invalid(field) }
        return value
    }

    /// Payload bytes that a peer asks for as credit.
    @_lifetime(self: copy self)
    mutating func creditBytes() throws(WireError) -> UInt64 {
        let value = try u64()
        guard value <= Limits.creditByteCount else { throw .overLimit("credit") }
        return value
    }

    /// A finite 32-bit float.
    @_lifetime(self: copy self)
    mutating func f32(_ field: StaticString) throws(WireError) -> Float {
        let value = Float(bitPattern: try u32())
        guard value.isFinite else { throw .invalid(field) }
        return value
    }

    /// A finite 64-bit float.
    @_lifetime(self: copy self)
    mutating func f64(_ field: StaticString) throws(WireError) -> Double {
        let value = Double(bitPattern: try u64())
        guard value.isFinite else { throw .invalid(field) }
        return value
    }

    /// One byte, 0 or 1.
    @_lifetime(self: copy self)
    mutating func flag(_ field: StaticString) throws(WireError) -> Bool {
        switch try u8() {
        case 0: return false
        case 1: return true
        default: throw .invalid(field)
        }
    }

    /// One byte that stands for a case of `Value`.
    @_lifetime(self: copy self)
    mutating func choice<Value: RawRepresentable<UInt8>>(
        _ type: Value.Type,
        _ field: StaticString
    ) throws(WireError) -> Value {
        guard let value = Value(rawValue: try u8()) else { throw .invalid(field) }
        return value
    }

    /// A UTF-8 string of at most `limit` bytes behind its length.
    @_lifetime(self: copy self)
    mutating func string(_ field: StaticString, limit: Int) throws(WireError) -> String {
        let piece = try piece(field, limit: limit)
        let text = unsafe bytes.extracting(piece).withUnsafeBytes { buffer -> String? in
            // Four times as fast as `String(validating:as:)`.
            let units = unsafe Span(_unsafeElements: buffer.bindMemory(to: UInt8.self))
            guard let valid = try? UTF8Span(validating: units) else { return nil }
            return String(copying: valid)
        }
        guard let text else { throw .invalid(field) }
        return text
    }

    /// Passes over a string that ``string(_:limit:)`` would read; returns its length in bytes.
    @_lifetime(self: copy self)
    private mutating func pass(_ field: StaticString, limit: Int) throws(WireError) -> Int {
        let piece = try piece(field, limit: limit)
        let isValid = unsafe bytes.extracting(piece).withUnsafeBytes { buffer in
            let units = unsafe Span(_unsafeElements: buffer.bindMemory(to: UInt8.self))
            return (try? UTF8Span(validating: units)) != nil
        }
        guard isValid else { throw .invalid(field) }
        return piece.count
    }

    /// Where the bytes behind a length are, which is at most `limit`.
    @_lifetime(self: copy self)
    private mutating func piece(
        _ field: StaticString,
        limit: Int
    ) throws(WireError) -> Range<Int> {
        let count = Int(try u16())
        guard count <= limit else { throw .overLimit(field) }
        guard count <= remaining else { throw .truncated }
        defer { offset += count }
        return offset..<offset + count
    }

    /// Passes over a name; returns its length in bytes.
    @_lifetime(self: copy self)
    mutating func passName(_ field: StaticString) throws(WireError) -> Int {
        try pass(field, limit: Limits.nameByteCount)
    }

    /// Passes over a text; returns its length in bytes.
    @_lifetime(self: copy self)
    mutating func passText(_ field: StaticString) throws(WireError) -> Int {
        try pass(field, limit: Limits.textByteCount)
    }

    /// The name of a stream.
    @_lifetime(self: copy self)
    mutating func streamName() throws(WireError) -> String {
        let piece = try piece("stream", limit: Limits.nameByteCount)
        let name = unsafe bytes.extracting(piece).withUnsafeBytes { buffer -> String? in
            guard unsafe Names.isValidStream(buffer) else { return nil }
            let units = unsafe Span(_unsafeElements: buffer.bindMemory(to: UInt8.self))
            return unsafe String(copying: UTF8Span(unchecked: units, isKnownASCII: true))
        }
        guard let name else { throw .invalid("stream") }
        return name
    }

    /// A name for people of at most ``Limits/nameByteCount`` bytes.
    @_lifetime(self: copy self)
    mutating func name(_ field: StaticString) throws(WireError) -> String {
        try string(field, limit: Limits.nameByteCount)
    }

    /// A text for people of at most ``Limits/textByteCount`` bytes.
    @_lifetime(self: copy self)
    mutating func text(_ field: StaticString) throws(WireError) -> String {
        try string(field, limit: Limits.textByteCount)
    }

    /// The number of elements of a list, each of which takes at least `elementByteCount` bytes.
    ///
    /// A count that the rest of the header cannot hold throws, so nothing is allocated for it.
    @_lifetime(self: copy self)
    mutating func count(
        _ field: StaticString,
        elementByteCount: Int,
        limit: Int = .max
    ) throws(WireError) -> Int {
        let count = Int(try u32())
        guard count <= limit else { throw .overLimit(field) }
        guard count <= remaining / elementByteCount else { throw .truncated }
        return count
    }
}
