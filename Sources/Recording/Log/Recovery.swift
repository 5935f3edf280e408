internal import LMDB
internal import Wire

/// Reads the newest segment.
struct Recovery {
    let segment: Segment
    let memory = MemoryIndex()
    let isSealed: Bool
    var state = LogState()
    var next: UInt64
    var recordCount = 0
    var damaged: [(position: UInt64, reason: String)] = []
    private var hasDamagedStart = false

    init(first: UInt64, in directory: String, options: Log.Options) throws(RecordingError) {
        next = first
        let path = Segment.path(first, in: directory)
        do throws(LMDBError) {
            try Segment.requireWholePages(path)
            let environment = try LogWriter.environment(path: path, options: options)
            guard let log = try environment.table(named: Segment.logTable) else {
                throw LMDBError.invalid
            }
            isSealed = try environment.table(named: Segment.indexTable) != nil
            segment = Segment(
                first: first,
                environment: environment,
                log: log,
                index: .memory(memory)
            )
            try read()
        } catch {
            throw LogWriter.failureOfNewest(error, "reading", path)
        }
    }

    /// What the log in `directory` adds up to, as its newest segment says; nobody may write to it.
    static func state(in directory: String) throws(RecordingError) -> LogState {
        guard let newest = try Log.segments(in: directory).last else { return LogState() }
        let segment = try Segment.openSealed(first: newest, in: directory)
        var reading = SegmentReading(state: LogState())
        do throws(LMDBError) { try reading.read(segment) } catch {
            throw Segment.unreadable(Segment.path(newest, in: directory), error)
        }
        return reading.state
    }

    /// Whether the state at the start of the segment is not known from the segment itself.
    var hasLostCheckpoint: Bool { segment.first > 0 && hasDamagedStart }

    private mutating func read() throws(LMDBError) {
        var reading = SegmentReading(state: state)
        try reading.read(segment)
        state = reading.state
        next = max(next, reading.next)
        recordCount = reading.recordCount
        damaged = reading.damaged
        hasDamagedStart = reading.hasDamagedStart
        memory.append(reading.frames)
    }

    /// Works out the state once more, from the newest older segment whose checkpoint is whole.
    mutating func readAgain(
        behind older: ArraySlice<UInt64>,
        in directory: String
    ) throws(RecordingError) {
        var readings: [Segment] = [segment]
        for first in older.reversed() {
            let segment = try self.segment(first, in: directory)
            readings.append(segment)
            if first == 0 || (try? segment.hasCheckpoint()) == true { break }
        }
        var reading = SegmentReading(state: LogState())
        for segment in readings.reversed() {
            do throws(LMDBError) { try reading.read(segment) } catch {
                throw LogWriter.failure(
                    error,
                    "reading",
                    Segment.path(segment.first, in: directory)
                )
            }
        }
        guard !reading.lacksRecords else {
            throw RecordingError(
                .damaged,
                "what the log adds up to is not known: segment"
                    + " \(Segment.path(segment.first, in: directory)) begins with a damaged record, and"
                    + " retention has taken some of those that would tell; put a copy of it back"
            )
        }
        state = reading.state
    }

    /// A segment that the lost checkpoint is worked out from.
    private func segment(
        _ first: UInt64,
        in directory: String
    ) throws(RecordingError) -> Segment {
        do throws(RecordingError) {
            return try Segment.openSealed(first: first, in: directory)
        } catch {
            guard error.kind == .damaged else { throw error }
            throw RecordingError(
                .damaged,
                "what the log adds up to is not known: segment"
                    + " \(Segment.path(self.segment.first, in: directory)) begins with a damaged"
                    + " record, and segment \(Segment.path(first, in: directory)), which would tell,"
                    + " is damaged too; put a copy of one of them back"
            )
        }
    }

    /// Remembers the last completions of the segment before, which checkpoints do not carry; when that
    /// is damaged, the broker may be answered twice.
    mutating func remember(
        from first: UInt64,
        in directory: String
    ) throws(RecordingError) {
        let segment: Segment
        do throws(RecordingError) {
            segment = try Segment.openSealed(first: first, in: directory)
        } catch {
            guard error.kind == .damaged else { throw error }
            return
        }
        let end = self.segment.first
        let tail = UInt64(RecentAnswers.limit)
        let start = max(first, end > tail ? end - tail : 0)
        var found: [(FrameID, Run)] = []
        do throws(LMDBError) {
            try segment.scan(from: start) { _, record in
                if let result = try? Wire.Result(decoding: record) {
                    found.append((result.frame, result.run))
                }
                return .next
            }
        } catch {
            guard error.isDamage else {
                throw LogWriter.failure(error, "reading", Segment.path(first, in: directory))
            }
        }
        for (frame, run) in found { state.remember(frame, of: run) }
    }
}

/// What reading the records of a segment adds up to.
private struct SegmentReading {
    var state: LogState
    var next: UInt64 = 0
    var recordCount = 0
    var frames: [(id: FrameID, position: UInt64)] = []
    var damaged: [(position: UInt64, reason: String)] = []
    /// Whether a record is damaged that is, or may be, a part of the checkpoint.
    var hasDamagedStart = false
    /// Whether records are missing on purpose, so that the others do not add up.
    var lacksRecords = false
    private var isAtStart = true

    init(state: LogState) { self.state = state }

    mutating func read(_ segment: Segment) throws(LMDBError) {
        var reading = self
        reading.isAtStart = true
        try segment.scan { position, value in
            reading.take(value, at: position)
            return .next
        }
        self = reading
    }

    private mutating func take(_ bytes: RawSpan, at position: UInt64) {
        if recordCount > 0, position != next { lacksRecords = true }
        next = position + 1
        recordCount += 1
        switch CheckedRecord(bytes) {
        case .damaged(let reason):
            damaged.append((position, reason))
            if let frame = try? Frame(decoding: bytes) {
                // Its payload is damaged, and which frame it is is known.
                take(frame, at: position)
            } else if isAtStart {
                hasDamagedStart = true
            }
        case .good(.checkpoint, let header):
            do throws(WireError) {
                try Checkpoints.apply(bytes, headerByteCount: header, to: &state)
            } catch {
                damaged.append((position, error.description))
            }
        case .good(.frame(let frame), _): take(frame, at: position)
        case .good(.stub, _):
            isAtStart = false
            lacksRecords = true
        case .good(let record, _):
            isAtStart = false
            state.apply(record)
        }
    }

    private mutating func take(_ frame: Frame, at position: UInt64) {
        isAtStart = false
        state.apply(.frame(frame))
        frames.append((frame.id, position))
    }
}

extension Segment {
    /// Whether the record that the segment begins with is a whole checkpoint.
    fileprivate func hasCheckpoint() throws(LMDBError) -> Bool {
        try withRecord(at: first) { value in
            if case .good(.checkpoint, _) = CheckedRecord(value) { true } else { false }
        } ?? false
    }
}
