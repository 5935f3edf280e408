internal import GRDB
internal import Service
internal import Wire

/// Takes the records of other archives in, chunk by chunk; used by one thread at a time.
struct Importer: Sendable {
    private let committer: Committer
    private let projection: CatalogProjection

    init(_ committer: Committer, _ projection: CatalogProjection) {
        self.committer = committer
        self.projection = projection
    }

    /// Commits what is new of a chunk of whole records.
    ///
    /// - Throws: ``RecordingError`` when the chunk is damaged, and nothing of it is stored then, or
    ///   when it cannot be committed.
    func take(_ chunk: [UInt8]) throws(RecordingError) -> TransferCounts {
        // Which results are there is asked of the catalog.
        try projection.catchUp()
        let (records, known) = try sort(chunk)
        let transfer = Transfer(records, now: WallClock.nanoseconds)
        try committer.commit(transfer)
        let outcome = transfer.outcome
        var counts = outcome.counts
        counts.resultsThere = known
        for item in outcome.passed { try count(item, &counts) }
        return counts
    }

    /// The records, frames and gaps first, without the results that are there, which are counted.
    private func sort(
        _ chunk: [UInt8]
    ) throws(RecordingError) -> (records: [Transfer.Record], known: Int) {
        var (frames, results): ([Transfer.Record], [Transfer.Record]) = ([], [])
        var known = 0
        var start = 0
        do {
            let catalog = try CatalogReader(path: projection.catalog.pool.path)
            while start < chunk.count {
                let read = unsafe TransferRecord(chunk.span.bytes.extracting(start..<chunk.count))
                guard case .whole(let record, let header, let byteCount) = read else {
                    throw RecordingError(.invalid, "the records that were handed over are damaged")
                }
                let bytes = TransferBytes(
                    chunk: chunk,
                    start: start,
                    headerByteCount: header,
                    byteCount: byteCount
                )
                start += byteCount
                var item = Transfer.Record(record: record, bytes: bytes)
                guard case .result(let result) = record else {
                    frames.append(item)
                    continue
                }
                let there = try Self.look(up: result, catalog)
                if there.hasResult {
                    known += 1
                } else {
                    item.hasFrame = there.hasFrame
                    results.append(item)
                }
            }
        } catch let error as RecordingError {
            throw error
        } catch {
            throw RecordingError(.failed, "reading the catalog failed: \(error)")
        }
        return (frames + results, known)
    }

    private static func look(
        up result: Wire.Result,
        _ catalog: CatalogReader
    ) throws -> (hasFrame: Bool, hasResult: Bool) {
        let frame = "stream = ?1 AND epoch = ?2 AND sequence = ?3"
        let end = "\(frame) AND group_name = ?4 AND run = ?5"
        let rows = try catalog.rows(
            """
            SELECT EXISTS (SELECT 1 FROM frames WHERE \(frame)),
                EXISTS (SELECT 1 FROM results WHERE \(end))
                OR EXISTS (SELECT 1 FROM dead_letters WHERE \(end))
            """,
            [
                .text(result.frame.stream), .integer(Int64(bitPattern: result.frame.epoch)),
                .integer(Int64(bitPattern: result.frame.sequence)), .text(result.run.group),
                .integer(Int64(result.run.number)),
            ]
        )
        return (rows.first?[0] == .integer(1), rows.first?[1] == .integer(1))
    }

    /// Counts a frame whose stream has got further: it is there, or it is not.
    private func count(
        _ item: Transfer.Record,
        _ counts: inout TransferCounts
    ) throws(RecordingError) {
        guard case .frame(let frame) = item.record else { return }
        var isSame: Bool?
        if let position = try committer.log.position(of: frame.id) {
            isSame =
                try committer.log.withRecord(at: position) { record in
                    // What a record says differs when its picture does.
                    guard let other = try? Frame(decoding: record) else { return nil }
                    return other == frame
                } ?? nil
        }
        switch isSame {
        case true?: counts.framesThere += 1
        case false?: counts.framesDiffering += 1
        case nil: counts.framesOlder += 1
        }
    }
}
