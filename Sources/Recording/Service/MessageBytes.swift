internal import Service

/// A record in the parts in which it was received; its bytes are copied once, into the log.
final class MessageBytes: RecordBytes {
    private let parts: Parts

    /// Takes a message over.
    init(_ parts: consuming Parts) { self.parts = parts }

    var headerByteCount: Int { parts.withBytes { head, _ in head.byteCount } }

    var payloadByteCount: Int { parts.withBytes { _, payload in payload.byteCount } }

    func withParts(_ body: (RawSpan, RawSpan) -> Void) {
        parts.withBytes(body)
    }
}
