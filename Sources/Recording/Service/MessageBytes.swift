internal import ZeroMQ

/// A record in the parts in which it was received; its bytes are copied once, into the log.
final class MessageBytes: RecordBytes {
    private let head: Message
    private let payload: Message?

    /// Takes both parts over.
    init(head: consuming Message, payload: consuming Message?) {
        self.head = head
        self.payload = payload
    }

    var headerByteCount: Int { head.byteCount }

    var payloadByteCount: Int {
        switch payload {
        case .some(let payload): payload.byteCount
        case .none: 0
        }
    }

    func withParts(_ body: (RawSpan, RawSpan) -> Void) {
        head.withBytes { header in
            switch payload {
            case .some(let payload): payload.withBytes { body(header, $0) }
            case .none: body(header, RawSpan())
            }
        }
    }
}
