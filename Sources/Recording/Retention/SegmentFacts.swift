internal import LMDB
internal import Wire

/// What retention has to know of a sealed segment.
struct SegmentFacts: Sendable, Equatable {
    /// What of a stream a segment has.
    struct StreamFacts: Sendable, Equatable {
        /// The frames with their pictures.
        var frames = FrameSet()
        /// Bytes of their records.
        var frameByteCount = 0
        /// When the newest of them was captured, by the archive's clock where the camera's cannot be
        /// right; in nanoseconds since 1970.
        var newestAt: Int64 = 0
        /// Frames whose pictures are gone.
        var stubs = FrameSet()
        /// Frames that are missing, as the stream's gaps say.
        var gaps = FrameSet()
        /// Frames that have a result or a dead letter here, by run.
        var results: [Run: FrameSet] = [:]
    }

    /// The first position.
    var first: UInt64
    /// Bytes of the file.
    var byteCount: Int
    /// When the next segment was begun, in nanoseconds since 1970.
    var endedAt: Int64
    /// The streams, by name.
    var streams: [String: StreamFacts] = [:]
    /// Gaps of groups here.
    var groupGaps: [Run: FrameSet] = [:]
    /// Records that cannot be read, and so stay.
    var unreadable = 0
    /// Whether the file's pages are damaged, so that it is left as it is.
    var isDamaged = false

    /// All frames with their pictures.
    var frames: FrameSet { streams.values.reduce(into: FrameSet()) { $0.formUnion($1.frames) } }
}

extension SegmentFacts {
    /// Reads what there is to know of a segment; of most frames only the index, not the record.
    ///
    /// - Parameters:
    ///   - segment: Sealed.
    ///   - byteCount: Bytes of its file.
    ///   - begunAt: When it was begun; 0 when that is not known.
    ///   - endedAt: When the next one was begun.
    /// - Throws: `LMDBError` when it cannot be read.
    init(
        _ segment: Segment,
        byteCount: Int,
        begunAt: Int64,
        endedAt: Int64
    ) throws {
        self.init(first: segment.first, byteCount: byteCount, endedAt: endedAt)
        isDamaged = segment.isSalvaged
        guard !isDamaged else { return }
        var known: [UInt64: FrameID] = [:]
        for entry in try segment.indexEntries() ?? [] { known[entry.position] = entry.frame }
        var newest: [String: (place: Place, position: UInt64)] = [:]
        var facts = self
        try segment.scan { position, record in
            if let frame = known[position] {
                facts.add(frame, byteCount: record.byteCount)
                newest[frame.stream] = (frame.place, position)
            } else if let read = try? LogRecord(decoding: record) {
                if case .frame(let frame) = read {
                    newest[frame.id.stream] = (frame.id.place, position)
                }
                facts.add(read, byteCount: record.byteCount)
            } else {
                facts.unreadable += 1
            }
            return .next
        }
        self = facts
        for (stream, last) in newest {
            let captured = try segment.withRecord(at: last.position) {
                (try? Frame(decoding: $0))?.capturedAt
            }
            let at = (captured ?? nil) ?? endedAt
            streams[stream]?.newestAt = min(max(at, begunAt), endedAt)
        }
    }

    private mutating func add(_ frame: FrameID, byteCount: Int) {
        streams[frame.stream, default: StreamFacts()].frames.insert(frame)
        streams[frame.stream, default: StreamFacts()].frameByteCount += byteCount
    }

    private mutating func add(_ record: LogRecord, byteCount: Int) {
        switch record {
        case .frame(let frame): add(frame.id, byteCount: byteCount)
        case .stub(let stub):
            streams[stub.frame.stream, default: StreamFacts()].stubs.insert(stub.frame)
        case .result(let result): add(result.frame, of: result.run)
        case .dead(let letter): add(letter.frame, of: letter.run)
        case .gap(let gap):
            let range = gap.first...gap.last
            if gap.group.isEmpty {
                streams[gap.stream, default: StreamFacts()].gaps
                    .insert(range, epoch: gap.epoch, stream: gap.stream)
            } else {
                groupGaps[Run(group: gap.group, number: 0), default: FrameSet()]
                    .insert(range, epoch: gap.epoch, stream: gap.stream)
            }
        default: break
        }
    }

    private mutating func add(_ frame: FrameID, of run: Run) {
        streams[frame.stream, default: StreamFacts()].results[run, default: FrameSet()]
            .insert(frame)
    }
}
