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
