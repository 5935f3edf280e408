/// A message, or a record of the log, that has a header of its own type.
package protocol WireMessage: Sendable, Equatable {
    /// The type byte.
    static var type: MessageType { get }

    /// Writes the fields, in the order of docs/protocol.md.
    func writeFields(to writer: inout ByteWriter)

    /// Reads the fields; what follows them is left alone.
    init(fields reader: inout ByteReader) throws(WireError)
}

extension WireMessage {
    /// Appends the whole header part to `writer`.
    ///
    /// Nothing is checked here: what goes beyond ``Limits`` is refused by whoever receives it. Lists
    /// alone can make a header longer than ``Limits/headerByteCount``; look at what was written
    /// before you send it.
    package func encode(to writer: inout ByteWriter) {
        let start = writer.beginHeader(Self.type)
        writeFields(to: &writer)
        writer.endHeader(at: start)
    }

    /// The whole header part, in an array of its own.
    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        encode(to: &writer)
        return writer.bytes
    }

    /// Reads the header at the start of `bytes`.
    ///
    /// Fields that a later version has added at the end are skipped.
    ///
    /// - Throws: ``WireError``, also when the header is of another type.
    package init(decoding bytes: RawSpan) throws(WireError) {
        try self.init(bytes, behind: try Header(bytes))
    }

    /// Reads a part of a message, which must be one header and nothing behind it.
    ///
    /// - Throws: ``WireError``, also when the header is of another type.
    package init(part bytes: RawSpan) throws(WireError) {
        try self.init(bytes, behind: try Header(part: bytes))
    }

    /// Reads the fields behind a header that was checked.
    ///
    /// - Parameters:
    ///   - bytes: With the header, which is at their start.
    ///   - header: What was found there.
    /// - Throws: ``WireError``, also when the header is of another type.
    package init(_ bytes: RawSpan, behind header: Header) throws(WireError) {
        guard header.type == Self.type else { throw .unexpectedType(header.type) }
        var reader = ByteReader(bytes, range: Limits.prefixByteCount..<header.byteCount)
        try self.init(fields: &reader)
    }
}
