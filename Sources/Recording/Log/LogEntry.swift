internal import LMDB
internal import Wire

/// Bytes that lie somewhere else, such as in a received message, and are copied once, into the log.
package protocol RecordBytes: Sendable {
    /// Bytes of the header part.
    var headerByteCount: Int { get }
    /// Bytes of the payload part; 0 without one.
    var payloadByteCount: Int { get }
    /// Lends both parts to `body`.
    func withParts(_ body: (_ header: RawSpan, _ payload: RawSpan) -> Void)
}

/// A record on its way into the log.
///
/// One object, as it passes several queues: handing it on counts one reference, not each of its names.
package final class LogEntry: Sendable {
    /// What it says.
    package let record: LogRecord
    /// The bytes to store, as they came in; `nil` writes `record` anew.
    private let bytes: (any RecordBytes)?
    private let written: [UInt8]

    /// A record that came in as `bytes`.
    package init(_ record: LogRecord, bytes: any RecordBytes) {
        self.record = record
        self.bytes = bytes
        written = []
    }

    /// A record of the archive's own.
    package init(_ record: LogRecord) {
        self.record = record
        bytes = nil
        written = record.encoded()
    }

    /// Bytes of the whole record.
    package var byteCount: Int {
        guard let bytes else { return written.count }
        return bytes.headerByteCount + bytes.payloadByteCount
    }

    func append(
        at position: UInt64,
        to transaction: inout WriteTransaction,
        in table: Table
    ) throws(LMDBError) -> WriteOutcome {
        try transaction.append(byteCount, for: .number(position), in: table) { room in
            guard let bytes else {
                let written = written  // A span of a class's own bytes would outlive its access.
                return unsafe room.copy(written.span.bytes, at: 0)
            }
            bytes.withParts { header, payload in
                room.copy(header, at: 0)
                room.copy(payload, at: header.byteCount)
            }
        }
    }
}
