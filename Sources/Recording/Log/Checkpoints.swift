package import Wire

/// Writes a state as checkpoint records and reads it back.
package enum Checkpoints {
    /// Bytes of states in one record, about; more take another record.
    package static let recordByteCount = 16 << 20

    /// The records, each a header and its payload, that a segment beginning at `position` needs.
    ///
    /// - Parameters:
    ///   - state: What the log adds up to before the segment.
    ///   - position: Where it begins.
    ///   - begunAt: When it is begun, in nanoseconds since 1970; 0 leaves that out.
    ///   - recordByteCount: Bytes of states in one record, about.
    /// - Returns: At least one, even when the state is empty.
    package static func encode(
        _ state: LogState,
        position: UInt64,
        begunAt: Int64 = 0,
        recordByteCount: Int = recordByteCount
    ) -> [[UInt8]] {
        var records: [[UInt8]] = []
        var payload = ByteWriter()
        func close() {
            let checkpoint = Checkpoint(
                position: position,
                byteCount: UInt32(payload.byteCount),
                payloadHash: xxh3(payload.span)
            )
            records.append(checkpoint.encoded() + payload.bytes)
            payload.removeAll()
        }
        let begun = begunAt > 0 ? [LogRecord.begun(Begun(at: begunAt))] : []
        for record in begun + state.records() {
            if payload.byteCount >= recordByteCount { close() }
            record.encode(to: &payload)
        }
        if payload.byteCount > 0 || records.isEmpty { close() }
        return records
    }

    /// When the segment was begun whose first record is `bytes`, a checkpoint; `nil` when that does
    /// not say so.
    package static func begunAt(_ bytes: RawSpan, headerByteCount: Int) -> Int64? {
        guard headerByteCount < bytes.byteCount else { return nil }
        let rest = bytes.extracting(droppingFirst: headerByteCount)
        return (try? Begun(decoding: rest))?.at
    }

    /// Applies the payload of one checkpoint record to `state`.
    ///
    /// - Parameters:
    ///   - bytes: The whole record, checked.
    ///   - headerByteCount: Where the payload begins.
    ///   - state: What the records before it have given.
    /// - Throws: `WireError` when a record in it is none.
    package static func apply(
        _ bytes: RawSpan,
        headerByteCount: Int,
        to state: inout LogState
    ) throws(WireError) {
        var offset = headerByteCount
        while offset < bytes.byteCount {
            let rest = bytes.extracting(droppingFirst: offset)
            state.apply(try LogRecord(decoding: rest))
            offset += try Header(rest).byteCount
        }
    }
}
