internal import Foundation
internal import LMDB
internal import Wire

/// Writes a sealed segment anew without what a plan takes.
struct SegmentRewrite {
    /// What becomes of a record.
    private enum Fate {
        case stays
        case goes
        /// The frame stays without its picture.
        case becomes([UInt8])
    }

    /// What came of it.
    enum Outcome: Equatable {
        /// Nothing stayed, so that the file is gone.
        case removed
        /// The file has what stayed.
        case rewritten(byteCount: Int)
    }

    /// Bytes of one transaction, about.
    private static let batchByteCount = 32 << 20

    private let segment: Segment
    private let part: RetentionPlan.Part
    private let directory: String

    /// A rewriting of `segment` without what `part` takes.
    init(_ segment: Segment, _ part: RetentionPlan.Part, in directory: String) {
        self.segment = segment
        self.part = part
        self.directory = directory
    }

    /// Does it: when this returns, it is on disk, and the log reads what is there now.
    ///
    /// - Throws: ``RecordingError`` when that fails; the segment is then as it was.
    func run(_ log: Log) throws(RecordingError) -> Outcome {
        let path = Segment.path(segment.first, in: directory)
        let survivors = try fates(path)
        guard !survivors.isEmpty else {
            // Who reads it still has it open; the directory comes first for whoever opens it now.
            log.remove(segment.first)
            unsafe unlink(path)
            try DataDirectory.sync(directory: directory)
            return .removed
        }
        let unborn = path + Segment.unbornSuffix
        LogWriter.remove(unborn)
        do throws(LMDBError) { try write(survivors, to: unborn) } catch {
            LogWriter.remove(unborn)
            throw LogWriter.failure(error, "rewriting", path)
        }
        unsafe unlink(unborn + Segment.lockSuffix)
        try DataDirectory.rename(unborn, to: path)
        try DataDirectory.sync(directory: directory)
        log.reopen(segment.first)
        return .rewritten(byteCount: DataDirectory.byteCount(of: path))
    }

    /// The records that stay; none when only those are left that every checkpoint behind them repeats.
    private func fates(
        _ path: String
    ) throws(RecordingError) -> [(position: UInt64, stub: [UInt8]?)] {
        var survivors: [(position: UInt64, stub: [UInt8]?)] = []
        var isNeeded = false
        do throws(LMDBError) {
            try segment.scan { position, record in
                switch fate(of: record, &isNeeded) {
                case .stays: survivors.append((position, nil))
                case .goes: break
                case .becomes(let bytes): survivors.append((position, bytes))
                }
                return .next
            }
        } catch {
            throw Segment.unreadable(path, error)
        }
        return isNeeded ? survivors : []
    }

    private func fate(of record: RawSpan, _ isNeeded: inout Bool) -> Fate {
        guard let read = try? LogRecord(decoding: record) else {
            isNeeded = true  // Damage is no reason to delete anything.
            return .stays
        }
        switch read {
        case .frame(let frame):
            if part.taken.contains(frame.id) { return .goes }
            isNeeded = true
            guard part.pictures.contains(frame.id) else { return .stays }
            return .becomes(Stub(frame: frame.id, capturedAt: frame.capturedAt).encoded())
        case .stub(let stub):
            if part.taken.contains(stub.frame) { return .goes }
            isNeeded = true
        case .result(let result):
            if isGone(result.frame, result.run) { return .goes }
            isNeeded = true
        case .dead(let letter):
            if isGone(letter.frame, letter.run) { return .goes }
            isNeeded = true
        case .gap(let gap): return fate(of: gap, &isNeeded)
        // The checkpoints behind them say the same.
        case .checkpoint, .group, .job, .owed, .order, .stretch, .stream, .debt, .begun: break
        }
        return .stays
    }

    private func isGone(_ frame: FrameID, _ run: Run) -> Bool {
        part.taken.contains(frame) || part.results[run]?.contains(frame) == true
    }

    private func fate(of gap: Gap, _ isNeeded: inout Bool) -> Fate {
        if gap.group.isEmpty {
            // As the catalog does: those before the last frame that goes.
            let last = [part.taken, part.pictures, part.gaps]
                .compactMap { $0.streams[gap.stream]?[gap.epoch]?.last }.max()
            return last.map { gap.last <= $0 } == true ? .goes : .stays
        }
        let run = Run(group: gap.group, number: 0)
        let first = FrameID(stream: gap.stream, epoch: gap.epoch, sequence: gap.first)
        if part.results[run]?.contains(first) == true { return .goes }
        isNeeded = true
        return .stays
    }

    private func write(
        _ survivors: [(position: UInt64, stub: [UInt8]?)],
        to path: String
    ) throws(LMDBError) {
        var settings = Environment.Options(
            mapByteCount: Log.Options.mapByteCount(
                for: DataDirectory.byteCount(of: Segment.path(segment.first, in: directory))
            )
        )
        settings.leavesSyncToCaller = true
        let environment = try Environment(path: path, options: settings)
        let table = try environment.createTable(named: Segment.logTable)
        let memory = MemoryIndex()
        var next = 0
        while next < survivors.count {
            try writeBatch(survivors, from: &next, to: environment, table, memory)
        }
        try environment.sync()
        try LogWriter.writeIndex(memory, to: environment)
        try environment.sync()
        let written = try PageFile(path: path)
        guard written.check().isEmpty else { throw .invalid }
    }

    private func writeBatch(
        _ survivors: [(position: UInt64, stub: [UInt8]?)],
        from next: inout Int,
        to environment: Environment,
        _ table: Table,
        _ memory: MemoryIndex
    ) throws(LMDBError) {
        var transaction = try environment.beginWrite()
        var byteCount = 0
        var frames: [(id: FrameID, position: UInt64)] = []
        while next < survivors.count, byteCount < Self.batchByteCount {
            let (position, stub) = survivors[next]
            var bytes = stub ?? []
            if stub == nil {
                let copied = try segment.withRecord(at: position) { record -> [UInt8] in
                    if let frame = try? Frame(decoding: record) {
                        frames.append((frame.id, position))
                    }
                    return unsafe record.withUnsafeBytes { unsafe [UInt8]($0) }
                }
                guard let copied else { throw .invalid }
                bytes = copied
            }
            byteCount += bytes.count
            let outcome = try unsafe transaction.append(
                bytes.span.bytes,
                for: .number(position),
                in: table
            )
            guard outcome == .done else { throw .full }
            next += 1
        }
        guard try transaction.commit() == .done else { throw .full }
        memory.append(frames)
    }
}
