internal import Wire
internal import ZeroMQ

/// What reading a frame by its id gives.
enum StoredFrame {
    /// Checked, in the parts in which the camera wrote it.
    case found(Frame, Outbox.Record)
    /// The log does not have it, or its record cannot even be told apart.
    case missing
    /// It is not what the camera wrote.
    case damaged(position: UInt64, reason: String)

    /// Reads a frame; its payload is copied once, into a message.
    ///
    /// - Throws: ``RecordingError/Kind/damaged`` when its segment is beyond repair; other kinds for
    ///   what may pass.
    static func read(_ id: FrameID, from log: Log) throws(RecordingError) -> StoredFrame {
        let near = log.nearPosition(of: id)
        if let near, case let stored = try read(id, at: near, from: log), case .found = stored {
            return stored
        }
        guard let position = try log.position(of: id) else { return .missing }
        return try read(id, at: position, from: log)
    }

    private static func read(
        _ id: FrameID,
        at position: UInt64,
        from log: Log
    ) throws(RecordingError) -> StoredFrame {
        let stored = try log.withRecord(at: position) { bytes -> StoredFrame? in
            switch CheckedRecord(bytes) {
            case .damaged(let reason):
                return StoredFrame.damaged(position: position, reason: reason)
            case .good(.frame(let frame), let headerByteCount) where frame.id == id:
                guard
                    let payload = try? Message(
                        copying: bytes.extracting(droppingFirst: headerByteCount)
                    )
                else { return nil }
                let header = unsafe bytes.extracting(first: headerByteCount).withUnsafeBytes {
                    unsafe [UInt8]($0)
                }
                return .found(frame, Outbox.Record(header: header, payload: payload))
            case .good:
                return .damaged(position: position, reason: "it is another record")
            }
        }
        guard let stored else { return .missing }
        guard let stored else {
            throw RecordingError(.failed, "there is no memory for frame \(id)")
        }
        return stored
    }
}
