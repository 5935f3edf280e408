/// The version byte of ZWP/1.
let protocolVersion: UInt8 = 1

/// The fixed first 16 bytes of every message, read and checked.
///
/// ```
/// offset  0    1    2        3     4              8                       16
///         'Z'  'W'  version  type  length (u32)   XXH3-64 of the fields   fields ...
/// ```
///
/// `length` counts the whole header part, these 16 bytes included. The checksum is seeded with the
/// first 8 bytes, read as a little-endian u64, so that it covers type and length too.
package struct Header: Sendable, Equatable {
    /// What the message says.
    package let type: MessageType
    /// Bytes of the whole header part.
    package let byteCount: Int

    /// Checks the prefix and the checksum of the header at the start of `bytes`.
    ///
    /// `bytes` may go on after the header, as it does in the log, where the payload follows.
    ///
    /// - Throws: ``WireError`` when `bytes` do not begin with a whole, undamaged header.
    package init(_ bytes: RawSpan) throws(WireError) {
        guard bytes.byteCount >= 2 else { throw .truncated }
        var reader = ByteReader(bytes, range: 0..<bytes.byteCount)
        guard try reader.u8() == 0x5A, try reader.u8() == 0x57 else { throw .notZoetrope }
        let version = try reader.u8()
        guard version == protocolVersion else { throw .unknownVersion(version) }
        let type = try reader.u8()
        let length = try reader.u32()
        let hash = try reader.u64()
        guard length <= UInt32(Limits.headerByteCount) else { throw .overLimit("header length") }
        guard length >= UInt32(Limits.prefixByteCount) else { throw .invalid("header length") }
        guard Int(length) <= bytes.byteCount else { throw .truncated }
        guard bytes.headerHash(byteCount: Int(length)) == hash else { throw .badChecksum }
        guard let type = MessageType(rawValue: type) else { throw .unknownType(type) }
        self.type = type
        byteCount = Int(length)
    }

    /// Checks a part of a message, which must be one header and nothing behind it.
    ///
    /// Whoever passes a part on or stores it checks it so: bytes behind the header are covered by
    /// no checksum, and in the log the payload would no longer follow the header.
    ///
    /// - Throws: ``WireError`` when `part` is not exactly one undamaged header.
    package init(part: RawSpan) throws(WireError) {
        try self.init(part)
        guard byteCount == part.byteCount else { throw .invalid("header length") }
    }
}

extension RawSpan {
    /// What the header here says that it is, before anything of it is checked.
    package var messageType: MessageType? {
        guard byteCount > 3 else { return nil }
        return MessageType(rawValue: unsafe unsafeLoad(fromByteOffset: 3, as: UInt8.self))
    }

    /// XXH3-64 of the fields of the header here, seeded with the header's first 8 bytes.
    func headerHash(byteCount: Int) -> UInt64 {
        let seed = unsafe UInt64(littleEndian: unsafeLoadUnaligned(as: UInt64.self))
        return xxh3(extracting(Limits.prefixByteCount..<byteCount), seed: seed)
    }
}
