internal import Wire
internal import ZeroMQ

extension RecordStretch {
    /// Bytes of one answer, about; a larger record goes alone.
    private static let byteLimit = 4 << 20

    /// Reads the records from `start` on, unchecked, as they are on disk.
    static func read(
        from start: UInt64,
        of log: Log
    ) throws(RecordingError) -> (RecordStretch, Outbox.Record) {
        var stretch = RecordStretch()
        var bytes: [UInt8] = []
        stretch.next = try log.scan(from: start) { position, record in
            stretch.positions.append(position)
            stretch.byteCounts.append(record.byteCount)
            unsafe record.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
            return bytes.count < byteLimit
        }
        guard let payload = try? unsafe Message(copying: bytes.span.bytes) else {
            throw RecordingError(.failed, "there is no memory for \(bytes.count) bytes of records")
        }
        return (stretch, Outbox.Record(header: [], payload: payload))
    }
}

extension RecordStretch {
    /// Hands out the records from `next` on, up to `end`, of a serving archive or of a log.
    ///
    /// When it fails, `next` says from where on nothing was read.
    static func walk(
        _ next: inout UInt64,
        to end: UInt64,
        _ client: inout ControlClient?,
        _ log: Log?,
        _ body: (_ record: RawSpan, _ position: UInt64) throws -> Void
    ) throws {
        while next < end {
            if let log {
                next = try scan(log, from: next, to: end, body)
            } else {
                guard let answer = try client?.records(from: next) else { return }
                try hand(out: answer.stretch, answer.bytes, to: end, body)
                guard answer.stretch.next > next else { return }
                next = answer.stretch.next
            }
        }
    }

    private static func scan(
        _ log: Log,
        from start: UInt64,
        to end: UInt64,
        _ body: (RawSpan, UInt64) throws -> Void
    ) throws -> UInt64 {
        var failure: (any Error)?
        let next = try log.scan(from: start) { position, record in
            guard position < end else { return false }
            do { try body(record, position) } catch { failure = error }
            return failure == nil
        }
        if let failure { throw failure }
        return next
    }

    private static func hand(
        out stretch: RecordStretch,
        _ bytes: [UInt8],
        to end: UInt64,
        _ body: (RawSpan, UInt64) throws -> Void
    ) throws {
        var offset = 0
        let span = unsafe bytes.span.bytes
        for (position, byteCount) in zip(stretch.positions, stretch.byteCounts) {
            guard position < end else { return }
            try body(span.extracting(offset..<offset + byteCount), position)
            offset += byteCount
        }
    }
}
