internal import Wire

/// A record that was read, with everything about it checked.
package enum CheckedRecord: Sendable, Equatable {
    /// What it says, and where its payload begins.
    case good(LogRecord, headerByteCount: Int)
    /// It is not what was written, and why that is known.
    case damaged(String)

    /// Checks the header, and the payload where there is one.
    package init(_ bytes: RawSpan) {
        do throws(WireError) {
            let record = try LogRecord(decoding: bytes)
            let header = try Header(bytes).byteCount
            try Self.checkPayload(bytes.extracting(droppingFirst: header), of: record)
            self = .good(record, headerByteCount: header)
        } catch {
            self = .damaged(error.description)
        }
    }

    private static func checkPayload(
        _ payload: RawSpan,
        of record: LogRecord
    ) throws(WireError) {
        switch record {
        case .frame(let frame): try frame.check(payload: payload)
        case .checkpoint(let checkpoint):
            guard payload.byteCount == Int(checkpoint.byteCount) else { throw .truncated }
            guard xxh3(payload) == checkpoint.payloadHash else { throw .badChecksum }
        default:
            guard payload.isEmpty else { throw .invalid("length of the record") }
        }
    }
}
