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
    /// Positions at the end that the catalog has had and the log has not any more.
    package var missing: Range<UInt64>?

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
    ///   - command: Who writes, for whoever finds the lock taken.
    ///   - patience: How long to wait for the lock.
    /// - Returns: The log and what it adds up to.
    /// - Throws: ``RecordingError``, when the lock is taken, the directory cannot be written, or the
    ///   newest segment is damaged as a whole: what it has cannot be continued.
    package static func open(
        _ directory: DataDirectory,
        options: Log.Options,
        command: String = LockHolder.serving,
        patience: Duration = .zero
    ) throws(RecordingError) -> OpenedLog {
        try directory.create()
        let lock = try WriterLock.writing(directory, as: command, patience: patience)
        let began = ContinuousClock.now
        try removeUnborn(in: directory.log)
        let firsts = try Log.segments(in: directory.log)
        let reserved = try Log.reserved(in: directory.log, behind: firsts.last)
        // Positions that were given once are never given again.
        let known = Catalog.known(in: directory)
        guard let newest = firsts.last else {
            if known > 0 { try Catalog(path: directory.catalog).erase() }
            let first = max(reserved ?? 0, known)
            var opened = try begin(directory, at: first, options: options, lock: lock)
            if known > 0 { opened.missing = 0..<known }
            return opened
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
        let missing = recovery.next < known ? recovery.next..<known : nil
        if missing != nil {
            // Before the new segment, behind which nobody would notice any more.
            try Catalog(path: directory.catalog).erase()
            try writer.roll(recovery.state, at: max(reserved ?? 0, known))
        } else if let reserved {
            try writer.roll(recovery.state, at: reserved)
        } else if recovery.isSealed {
            try writer.roll(recovery.state)
        }
        let took = ContinuousClock.now - began
        let summary =
            "the log has \(counted(firsts.count, "segment")), up to position \(recovery.next);"
            + " read the newest (\(counted(recovery.recordCount, "record")),"
            + " \(recovery.damaged.count) damaged) in \(took.formatted(.units(allowed: [.milliseconds])))"
        return OpenedLog(
            writer: writer,
            state: recovery.state,
            summary: summary,
            damaged: recovery.damaged,
            missing: missing
        )
    }

    private static func begin(
        _ directory: DataDirectory,
        at first: UInt64,
        options: Log.Options,
        lock: WriterLock
    ) throws(RecordingError) -> OpenedLog {
        let state = LogState()
        let created = try create(
            first: first,
            state: state,
            in: directory.log,
            options: options
        )
        try DataDirectory.sync(directory: directory.path)
        let log = Log(
            path: directory.log,
            firsts: [first],
            head: created.segment,
            promised: first + created.recordCount
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

    /// Removes the files that never became segments: nothing in them was promised.
    private static func removeUnborn(in directory: String) throws(RecordingError) {
        let unborn = try Log.unborn(in: directory)
        for name in unborn { unsafe unlink(directory + "/" + name) }
        if !unborn.isEmpty { try DataDirectory.sync(directory: directory) }
    }

    /// What a failure to read the newest segment means: a damaged one cannot be continued, and is for
    /// a person to decide about.
    static func failureOfNewest(
        _ error: LMDBError,
        _ what: String,
        _ path: String
    ) -> RecordingError {
        guard error.isDamage else { return failure(error, what, path) }
        return RecordingError(
            .damaged,
            "the newest segment \(path) is damaged: \(error); put a copy of it back, or save what is"
                + " left with archive export --format zoe and have the archive go on without its"
                + " records: mv \(path) \(path)\(Segment.asideSuffix)"
        )
    }

    private static func counted(_ count: Int, _ noun: String) -> String {
        "\(count) \(noun)\(count == 1 ? "" : "s")"
    }
}

extension Log {
    /// Opens the log read-only; nobody may write to it meanwhile.
    ///
    /// - Parameter directory: Where the segments lie.
    /// - Returns: The log, and what is wrong with its newest segment when that is damaged as a whole:
    ///   what can be read of it all the same is then a part of the log.
    /// - Throws: ``RecordingError`` for what may pass.
    static func openReadOnly(
        in directory: String
    ) throws(RecordingError) -> (log: Log, damage: RecordingError?) {
        let firsts = try segments(in: directory)
        guard let newest = firsts.last else {
            return (Log(path: directory, firsts: [], head: nil, promised: 0), nil)
        }
        do throws(RecordingError) {
            let last = try Segment.lastPosition(first: newest, in: directory)
            let end = last.map { $0 + 1 } ?? newest
            return (Log(path: directory, firsts: firsts, head: nil, promised: end), nil)
        } catch {
            guard error.kind == .damaged else { throw error }
            guard let segment = try? Segment.openSealed(first: newest, in: directory),
                let last = segment.lastSalvaged
            else {
                return (Log(path: directory, firsts: firsts, head: nil, promised: newest), error)
            }
            let log = Log(path: directory, firsts: firsts, head: nil, promised: last + 1)
            return (log, segment.damage(in: directory) ?? error)
        }
    }

    /// Positions that a segment set aside may have used, at least: no segment has so many records.
    static let reservedPositions: UInt64 = 1 << 40

    /// The first positions of the segments in `directory`, ascending.
    static func segments(in directory: String) throws(RecordingError) -> [UInt64] {
        try files(in: directory).compactMap(Segment.first(ofFile:)).sorted()
    }

    /// The names of the files in `directory` that were to become segments and did not.
    static func unborn(in directory: String) throws(RecordingError) -> [String] {
        try files(in: directory).filter { name in
            let suffixes = [Segment.unbornSuffix, Segment.unbornSuffix + Segment.lockSuffix]
            guard let suffix = suffixes.first(where: name.hasSuffix) else { return false }
            return Segment.first(ofFile: String(name.dropLast(suffix.count))) != nil
        }
    }

    /// Where the log is to go on when its newest segment has been set aside, as its positions are
    /// never used again; `nil` when it has not.
    ///
    /// - Parameters:
    ///   - directory: Where the segments lie.
    ///   - newest: The newest segment that is there.
    /// - Returns: The first position of the next segment.
    /// - Throws: ``RecordingError/Kind/failed`` when the directory cannot be read.
    static func reserved(
        in directory: String,
        behind newest: UInt64?
    ) throws(RecordingError) -> UInt64? {
        let aside = try files(in: directory).compactMap(Segment.first(ofFileAside:)).max()
        guard let aside, newest.map({ $0 < aside }) ?? true else { return nil }
        return aside + reservedPositions
    }

    private static func files(in directory: String) throws(RecordingError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: directory)
        } catch {
            throw RecordingError(.failed, "the directory \(directory) cannot be read")
        }
    }
}
