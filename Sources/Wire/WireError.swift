/// Bytes that are not a ZWP/1 message.
///
/// Never a reason to trap: whoever sent them is told and cut off, nothing else suffers.
package enum WireError: Error, Equatable, Sendable {
    /// Fewer bytes than the fields, or the header's length, ask for.
    case truncated
    /// The first two bytes are not `ZW`.
    case notZoetrope
    /// A protocol version this build does not speak.
    case unknownVersion(UInt8)
    /// A message type this build does not know.
    case unknownType(UInt8)
    /// A known type where another one belongs.
    case unexpectedType(MessageType)
    /// The checksum of the header, or of the payload, does not match its bytes.
    case badChecksum
    /// A length, count or size beyond ``Limits``.
    case overLimit(StaticString)
    /// A field whose value means nothing.
    case invalid(StaticString)

    package static func == (left: Self, right: Self) -> Bool {
        left.description == right.description
    }
}

extension WireError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .truncated: "the message ends before its fields do"
        case .notZoetrope: "the message does not begin with ZW"
        case .unknownVersion(let version): "protocol version \(version) is not spoken here, 1 is"
        case .unknownType(let type): "message type \(type) is not known"
        case .unexpectedType(let type): "a \(type) message does not belong here"
        case .badChecksum: "the checksum does not match the bytes"
        case .overLimit(let field): "\(field) is over its limit"
        case .invalid(let field): "\(field) has no valid value"
        }
    }
}
