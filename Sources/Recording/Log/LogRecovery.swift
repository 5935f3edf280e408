internal import Foundation
internal import LMDB
internal import Wire

/// What opening a log found and gave.
package struct OpenedLog: ~Copyable, Sendable {
    /// The writing end.
    package let writer: LogWriter
    /// What the log adds up to.
    package let state: LogState
    /// What was found, in one line.
    package let summary: String
    /// Records that are not what was written, by position and why.
    package let damaged: [(position: UInt64, reason: String)]

    /// The writing end alone.
    consuming func takeWriter() -> LogWriter { writer }
}

extension LogWriter {
    /// Takes the writer's lock and opens the log in `directory`, creating both if missing.
    ///
    /// Reads the newest segment; the older ones are not touched.
    ///
    /// - Parameters:
    ///   - directory: Where the archive is, or is to be.
    ///   - options: How the log is written.
    ///   - patience: How long to wait for the lock.
    /// - Returns: The log and what it adds up to.
    /// - Throws: ``RecordingError``, when the lock is taken, the directory cannot be written, or the
    ///   newest segment is no segment.
    package static func open(
        _ directory: DataDirectory,
        options: Log.Options,
        patience: Duration = .zero
    ) throws(RecordingError) -> OpenedLog {
        try directory.create()
        let lock = try WriterLock(directory, patience: patience)
        let began = ContinuousClock.now
        var firsts = try Log.segments(in: directory.log)
        try removeUnborn(&firsts, in: directory.log, options: options)
        guard let newest = firsts.last else {
            return try begin(directory, options: options, lock: lock)
        }
        var recovery = try Recovery(first: newest, in: directory.log, options: options)
        let older = firsts.dropLast()
        if recovery.hasLostCheckpoint { try recovery.readAgain(behind: older, in: directory.log) }
        if let previous = older.last { try recovery.remember(from: previous, in: directory.log) }
        let log = Log(
            path: directory.log,
            firsts: firsts,
            head: recovery.segment,
            promised: recovery.next
        )
        var writer = LogWriter(
            log: log,
            options: options,
            head: recovery.segment,
            memory: recovery.memory,
            isSealed: recovery.isSealed,
            lock: lock
        )
        if recovery.isSealed { try writer.roll(recovery.state) }
        let took = ContinuousClock.now - began
        let summary =
            "the log has \(counted(firsts.count, "segment")), up to position \(recovery.next);"
            + " read the newest (\(counted(recovery.recordCount, "record")),"
            + " \(recovery.damaged.count) damaged) in \(took.formatted(.units(allowed: [.milliseconds])))"
        return OpenedLog(
            writer: writer,
            state: recovery.state,
            summary: summary,
            damaged: recovery.damaged
        )
    }

    private static func begin(
        _ directory: DataDirectory,
        options: Log.Options,
        lock: WriterLock
    ) throws(RecordingError) -> OpenedLog {
        let state = LogState()
        let created = try create(first: 0, state: state, in: directory.log, options: options)
        try DataDirectory.sync(directory: directory.path)
        let log = Log(
            path: directory.log,
            firsts: [0],
            head: created.segment,
            promised: created.recordCount
        )
        let writer = LogWriter(
            log: log,
            options: options,
            head: created.segment,
            memory: created.memory,
            isSealed: false,
            lock: lock
        )
        return OpenedLog(
            writer: writer,
            state: state,
            summary: "the log is new",
            damaged: []
        )
    }

    /// Removes a newest segment whose checkpoint was never committed: it holds nothing.
    private static func removeUnborn(
        _ firsts: inout [UInt64],
        in directory: String,
        options: Log.Options
    ) throws(RecordingError) {
        guard let newest = firsts.last else { return }
        let path = Segment.path(newest, in: directory)
        do throws(LMDBError) {
            let environment = try environment(path: path, options: options)
            guard try environment.table(named: Segment.logTable) == nil else { return }
        } catch {
            throw failure(error, "opening", path)
        }
        remove(path)
        try DataDirectory.sync(directory: directory)
        firsts.removeLast()
    }

    private static func counted(_ count: Int, _ noun: String) -> String {
        "\(count) \(noun)\(count == 1 ? "" : "s")"
    }
}

extension Log {
    /// The first positions of the segments in `directory`, ascending.
    static func segments(in directory: String) throws(RecordingError) -> [UInt64] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: directory)
                .compactMap(Segment.first(ofFile:)).sorted()
        } catch {
            throw RecordingError(.failed, "the directory \(directory) cannot be read")
        }
    }
}

/// Reads the newest segment.
private struct Recovery {
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
            throw LogWriter.failure(error, "reading", path)
        }
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
            let segment = try Segment.openSealed(first: first, in: directory)
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
        state = reading.state
    }

    /// Remembers the last completions of the segment before, which checkpoints do not carry.
    mutating func remember(
        from first: UInt64,
        in directory: String
    ) throws(RecordingError) {
        let segment = try Segment.openSealed(first: first, in: directory)
        let end = self.segment.first
        let tail = UInt64(RecentAnswers.limit)
        let start = max(first, end > tail ? end - tail : 0)
        var found: [(FrameID, Run)] = []
        do throws(LMDBError) {
            try segment.environment.beginRead().scan(from: .number(start), in: segment.log) {
                if let result = try? Wire.Result(decoding: $1) {
                    found.append((result.frame, result.run))
                }
                return .next
            }
        } catch {
            throw LogWriter.failure(error, "reading", Segment.path(first, in: directory))
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
    private var isAtStart = true

    init(state: LogState) { self.state = state }

    mutating func read(_ segment: Segment) throws(LMDBError) {
        var reading = self
        reading.isAtStart = true
        try segment.environment.beginRead().scan(from: nil, in: segment.log) { key, value in
            if let position = key.keyNumber { reading.take(value, at: position) }
            return .next
        }
        self = reading
    }

    private mutating func take(_ bytes: RawSpan, at position: UInt64) {
        next = position + 1
        recordCount += 1
        switch CheckedRecord(bytes) {
        case .damaged(let reason):
            damaged.append((position, reason))
            if isAtStart { hasDamagedStart = true }
        case .good(.checkpoint, let header):
            do throws(WireError) {
                try Checkpoints.apply(bytes, headerByteCount: header, to: &state)
            } catch {
                damaged.append((position, error.description))
            }
        case .good(let record, _):
            isAtStart = false
            state.apply(record)
            if case .frame(let frame) = record { frames.append((frame.id, position)) }
        }
    }
}

extension Segment {
    /// Whether the record that the segment begins with is a whole checkpoint.
    fileprivate func hasCheckpoint() throws(LMDBError) -> Bool {
        try environment.beginRead().withValue(for: .number(first), in: log) { value in
            if case .good(.checkpoint, _) = CheckedRecord(value) { true } else { false }
        } ?? false
    }
}
