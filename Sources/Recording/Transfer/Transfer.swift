internal import Synchronization
internal import Wire

/// Records of another archive on their way into the log, committed together.
final class Transfer: Sendable {
    /// One of them.
    struct Record: Sendable {
        let record: LogRecord
        let bytes: TransferBytes
        /// Whether it is a result whose frame was in the archive before.
        var hasFrame = false
    }

    /// What was decided.
    struct Outcome: Sendable {
        var counts = TransferCounts()
        /// Frames that were not stored because their streams had got further.
        var passed: [Record] = []
    }

    /// The records, frames and gaps first.
    let records: [Record]
    /// Settled when they are committed.
    let receipt = Receipt()
    private let now: Int64
    private let box = Mutex(Outcome())

    init(_ records: [Record], now: Int64) {
        self.records = records
        self.now = now
    }

    /// What was decided, once they are committed.
    var outcome: Outcome { box.withLock { $0 } }

    /// Bytes of all of them.
    var byteCount: Int { records.reduce(0) { $0 + $1.bytes.byteCount } }

    /// Decides what is stored, and takes that in.
    ///
    /// - Parameters:
    ///   - state: What the log adds up to.
    ///   - arriving: The streams that a broker sends; their next frames are the cameras' to give.
    /// - Returns: What to write.
    func admit(into state: inout LogState, arriving: Set<String>) -> [LogEntry] {
        var entries: [LogEntry] = []
        var outcome = Outcome()
        var stored = FrameSet()
        for item in records {
            switch item.record {
            case .frame(let frame):
                if let next = state.streams[frame.id.stream], frame.id.place < next {
                    outcome.passed.append(item)
                } else if arriving.contains(frame.id.stream) {
                    outcome.counts.framesArriving += 1
                } else {
                    entries += admit(item, &state)
                    stored.insert(frame.id)
                    outcome.counts.frames += 1
                }
            case .gap(let gap) where !arriving.contains(gap.stream):
                entries += admit(item, &state)
            default: break
            }
        }
        entries += state.excuse(stored).map { LogEntry($0) }
        for item in records {
            guard case .result(let result) = item.record else { continue }
            if !item.hasFrame, !stored.contains(result.frame) {
                outcome.counts.resultsWithoutFrame += 1
            } else if let job = state.imported(result.run, now: now) {
                entries += job.map { LogEntry($0) }
                entries += admit(item, &state)
                outcome.counts.results += 1
            } else {
                outcome.counts.resultsOfOwnRuns += 1
            }
        }
        box.withLock { $0 = outcome }
        return entries
    }

    private func admit(_ item: Record, _ state: inout LogState) -> [LogEntry] {
        let admission = state.admitTransferred(item.record)
        return admission.before.map { LogEntry($0) }
            + (admission.isAdmitted ? [LogEntry(item.record, bytes: item.bytes)] : [])
            + admission.after.map { LogEntry($0) }
    }
}

/// A record within the bytes of a chunk.
struct TransferBytes: RecordBytes {
    let chunk: [UInt8]
    let start: Int
    let headerByteCount: Int
    let byteCount: Int

    var payloadByteCount: Int { byteCount - headerByteCount }

    func withParts(_ body: (RawSpan, RawSpan) -> Void) {
        let middle = start + headerByteCount
        let all = unsafe chunk.span.bytes
        body(all.extracting(start..<middle), all.extracting(middle..<start + byteCount))
    }
}
