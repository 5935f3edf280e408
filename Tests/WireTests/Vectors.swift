import Foundation
import Fuzzing
import Testing
import Wire

/// One test vector of docs/protocol-vectors.json.
struct Vector: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let type: String
    let hex: String

    var testDescription: String { name }

    /// The bytes that `hex` spells.
    var bytes: [UInt8] {
        let digits = hex.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        return stride(from: 0, to: digits.count - 1, by: 2).map {
            UInt8(digits[$0] << 4 | digits[$0 + 1])
        }
    }

    /// All of them; a file that cannot be read gives none, which ``VectorTests`` reports.
    static let all: [Vector] = {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let file = root.appending(path: "docs/protocol-vectors.json")
        guard let data = try? Data(contentsOf: file) else { return [] }
        return (try? JSONDecoder().decode([Vector].self, from: data)) ?? []
    }()
}

extension MessageType {
    /// The name in docs/protocol.md: `streamStatus` is STREAM_STATUS there.
    var pageName: String {
        "\(self)".reduce(into: "") { name, character in
            if character.isUppercase { name.append("_") }
            name.append(contentsOf: character.uppercased())
        }
    }
}

/// Reads the prefix of a header that begins `bytes`.
func header(_ bytes: [UInt8]) throws(WireError) -> Header { unsafe try Header(bytes.span.bytes) }

/// Reads a part that must be one header.
func header(part bytes: [UInt8]) throws(WireError) -> Header {
    unsafe try Header(part: bytes.span.bytes)
}

/// XXH3-64 of `bytes`.
func hash(_ bytes: some Collection<UInt8>, seed: UInt64 = 0) -> UInt64 {
    let bytes = Array(bytes)
    return unsafe xxh3(bytes.span.bytes, seed: seed)
}

/// Decodes a message of a known type.
func decode<Message: WireMessage>(
    _ type: Message.Type,
    _ bytes: [UInt8]
) throws(WireError) -> Message {
    unsafe try Message(decoding: bytes.span.bytes)
}

/// Decodes whatever message begins `bytes`.
func decodeAny(_ bytes: [UInt8]) throws(WireError) -> any WireMessage {
    func read<Message: WireMessage>(_ type: Message.Type) throws(WireError) -> any WireMessage {
        try decode(type, bytes)
    }
    return try read(try header(bytes).type.message)
}

/// Decodes a part, which must be one header of whatever type.
func decodeAnyPart(_ bytes: [UInt8]) throws(WireError) -> any WireMessage {
    func read<Message: WireMessage>(_ type: Message.Type) throws(WireError) -> any WireMessage {
        unsafe try Message(part: bytes.span.bytes)
    }
    return try read(try header(bytes).type.message)
}

/// Whether both are the same message of the same type.
func areEqual(_ left: any WireMessage, _ right: any WireMessage) -> Bool {
    func compare<Message: WireMessage>(_ left: Message) -> Bool { right as? Message == left }
    return compare(left)
}

/// `bytes` with length and checksum made right again after the fields were tampered with.
func resealed(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for index in 0..<4 { bytes[4 + index] = UInt8(truncatingIfNeeded: bytes.count >> (8 * index)) }
    let seed = bytes[0..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let checksum = hash(bytes.dropFirst(16), seed: seed)
    for index in 0..<8 { bytes[8 + index] = UInt8(truncatingIfNeeded: checksum >> (8 * index)) }
    return bytes
}

/// A header of type `type` whose fields are `fields`, whatever they mean.
func sealed(_ type: MessageType, fields: [UInt8]) -> [UInt8] {
    resealed([0x5A, 0x57, 1, type.rawValue] + [UInt8](repeating: 0, count: 12) + fields)
}
