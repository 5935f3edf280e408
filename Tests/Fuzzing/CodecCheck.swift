internal import Wire

/// Gives arbitrary bytes to the codec.
///
/// The first byte says how: 0 takes the rest as it is; 1 takes it as a header whose magic, version,
/// length and checksum are made right; any other names a message type, and the rest are its fields.
package enum CodecCheck {
    /// What is wrong with what the codec made of `input`; `nil` when nothing is.
    package static func failure(of input: [UInt8]) -> String? {
        guard let mode = input.first else { return nil }
        let rest = Array(input.dropFirst())
        switch mode {
        case 0: return failure(ofMessage: rest)
        case 1: return failure(ofMessage: resealed(rest))
        default:
            let types = MessageType.allCases
            let type = types[Int(mode) % types.count]
            return failure(ofMessage: sealed(type: type, fields: rest))
        }
    }

    private static func sealed(type: MessageType, fields: [UInt8]) -> [UInt8] {
        resealed([0, 0, 0, type.rawValue] + [UInt8](repeating: 0, count: 12) + fields)
    }

    /// `bytes` with magic, version, length and checksum made right.
    private static func resealed(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.count >= Limits.prefixByteCount else { return bytes }
        var bytes = bytes
        bytes.replaceSubrange(0..<3, with: [0x5A, 0x57, 1])
        for index in 0..<4 {
            bytes[4 + index] = UInt8(truncatingIfNeeded: bytes.count >> (8 * index))
        }
        let seed = bytes[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let fields = Array(bytes[Limits.prefixByteCount...])
        let hash = unsafe xxh3(fields.span.bytes, seed: seed)
        for index in 0..<8 { bytes[8 + index] = UInt8(truncatingIfNeeded: hash >> (8 * index)) }
        return bytes
    }

    private static func failure(ofMessage bytes: [UInt8]) -> String? {
        let header: Header
        do {
            header = try unsafe Header(bytes.span.bytes)
        } catch {
            return unsafe (try? Header(part: bytes.span.bytes)) == nil
                ? nil : "a part is a header, and a longer message is not: \(error)"
        }
        guard header.byteCount <= min(bytes.count, Limits.headerByteCount) else {
            return "a header of \(header.byteCount) bytes was read from \(bytes.count)"
        }
        return failure(of: header.type.message, bytes, header)
    }

    private static func failure<Message: WireMessage>(
        of type: Message.Type,
        _ bytes: [UInt8],
        _ header: Header
    ) -> String? {
        guard let message = unsafe try? Message(decoding: bytes.span.bytes) else { return nil }
        if let frame = message as? Frame {
            let payload = Array(bytes[header.byteCount...])
            unsafe try? frame.check(payload: payload.span.bytes)
        }
        let again = message.encoded()
        // Only what a later version may have added behind the fields is left away.
        let fields = Limits.prefixByteCount..<again.count
        guard again.count <= header.byteCount, again[fields] == bytes[fields] else {
            return "\(message) is written in other bytes than it was read from"
        }
        do {
            let second = unsafe try Message(part: again.span.bytes)
            return second == message ? nil : "\(message) became \(second)"
        } catch {
            return "\(message) was read, written, and then refused: \(error)"
        }
    }
}
