internal import Foundation
internal import Logging
internal import Service
internal import Wire

/// Gathers the facts, has them planned, and does what the plan says; one round after the other, on
/// one thread.
struct RetentionRound {
    private let committer: Committer
    private let directory: DataDirectory
    private let logger: Logger
    /// What is known of sealed segments; they change only here.
    private var known: [UInt64: SegmentFacts] = [:]
    private var began: [UInt64: Int64] = [:]
    private var lastParts: [RetentionPlan.Part] = []

    private var log: Log { committer.log }

    init(_ committer: Committer, _ directory: DataDirectory, _ logger: Logger) {
        self.committer = committer
        self.directory = directory
        self.logger = logger
    }

    /// What a round has come to.
    struct Result {
        /// Whether there is too little room and nothing left to take.
        var isOut = false
        /// Whether something was taken, so that more may be.
        var hasTaken = false
    }

    /// One round.
    ///
    /// - Parameter policy: What is kept for how long.
    /// - Returns: What it has come to.
    /// - Throws: ``RecordingError`` when the log cannot be read or written.
    mutating func run(_ policy: RetentionPolicy) throws(RecordingError) -> Result {
        var facts = try facts(policy, isAll: false)
        var plan = RetentionPlan(facts, policy)
        let isShort = facts.freeByteCount < facts.keepFreeByteCount
        if !facts.isAll, plan.parts.isEmpty, isShort || !facts.erasing.isEmpty {
            facts = try self.facts(policy, isAll: true)
            plan = RetentionPlan(facts, policy)
        }
        if plan.isOut, log.headHasFrames {
            // What can still go is in the file that is written to: it is sealed, and the next round sees it.
            try committer.roll()
            return Result(isOut: false, hasTaken: true)
        }
        // What was to go and did not would be written anew for ever.
        let isNew = plan.parts != lastParts
        guard !plan.parts.isEmpty, isNew else { return Result(isOut: plan.isOut) }
        lastParts = []
        try perform(plan, policy)
        lastParts = plan.parts
        return Result(isOut: plan.isOut, hasTaken: true)
    }

    // MARK: Facts

    private mutating func facts(
        _ policy: RetentionPolicy,
        isAll: Bool
    ) throws(RecordingError) -> RetentionFacts {
        let sealed = log.sealed
        known = known.filter { sealed.contains($0.key) }
        began = began.filter { sealed.contains($0.key) || log.headFirst == $0.key }
        var facts = RetentionFacts(now: WallClock.nanoseconds)
        let disk = DiskSpace(at: directory.log)
        facts.freeByteCount = disk.free
        facts.keepFreeByteCount = policy.keepFree?.byteCount(of: disk.total) ?? 0
        let sizes = (sealed + [log.headFirst].compactMap { $0 }).map { first in
            (first, DataDirectory.byteCount(of: Segment.path(first, in: directory.log)))
        }
        facts.logByteCount = sizes.reduce(0) { $0 + $1.1 }
        (facts.pinned, facts.owed, facts.erasing) = committer.withState { state in
            let owed = state.debts.owing.map { ($0, state.debts.owed(by: $0)) }
            return (
                state.holdings.pinned, Dictionary(uniqueKeysWithValues: owed),
                state.holdings.erasing
            )
        }
        let excess = max(
            0,
            facts.logByteCount - (policy.byteCount ?? .max),
            facts.keepFreeByteCount - facts.freeByteCount
        )
        var seen = 0
        for (index, first) in sealed.enumerated() {
            let isOld = policy.shortest.map { begunAt(first) + $0 <= facts.now } ?? false
            guard isAll || isOld || seen < 2 * excess || !facts.erasing.isEmpty else {
                facts.isAll = false
                break
            }
            let behind = index + 1 < sealed.count ? sealed[index + 1] : log.headFirst
            facts.segments.append(try survey(first, behind: behind))
            seen += sizes[index].1
        }
        return facts
    }

    private mutating func survey(
        _ first: UInt64,
        behind next: UInt64?
    ) throws(RecordingError) -> SegmentFacts {
        if let facts = known[first] { return facts }
        let path = Segment.path(first, in: directory.log)
        let byteCount = DataDirectory.byteCount(of: path)
        let ended = next.map { begunAt($0) } ?? 0
        var facts: SegmentFacts
        do throws(RecordingError) {
            let segment = try log.sealedSegment(first)
            do {
                facts = try SegmentFacts(
                    segment,
                    byteCount: byteCount,
                    begunAt: begunAt(first),
                    endedAt: ended > 0 ? ended : FileTime.modified(path)
                )
            } catch {
                throw RecordingError(.failed, "segment \(path) cannot be read: \(error)")
            }
        } catch {
            guard error.kind == .damaged else { throw error }
            facts = SegmentFacts(first: first, byteCount: byteCount, endedAt: 0)
            facts.isDamaged = true
        }
        known[first] = facts
        return facts
    }

    /// When a segment was begun; 0 when that is not known.
    private mutating func begunAt(_ first: UInt64) -> Int64 {
        if let at = began[first] { return at }
        let read = try? log.withRecord(at: first) { record -> Int64 in
            guard case .good(.checkpoint, let header) = CheckedRecord(record) else { return 0 }
            return Checkpoints.begunAt(record, headerByteCount: header) ?? 0
        }
        guard let at = read else { return 0 }
        began[first] = at
        return at
    }

    // MARK: Doing

    /// Puts into the log what goes, so that catalog and debts follow, and then takes it.
    private mutating func perform(
        _ plan: RetentionPlan,
        _ policy: RetentionPolicy
    ) throws(RecordingError) {
        try committer.commit(plan.records)
        var removed = 0
        var rewritten = 0
        for part in plan.parts {
            let segment = try log.sealedSegment(part.first)
            let rewrite = SegmentRewrite(
                segment,
                part,
                keepsResults: policy.results != nil,
                in: directory.log
            )
            known[part.first] = nil
            switch try rewrite.run(log) {
            case .removed: removed += 1
            case .rewritten: rewritten += 1
            }
        }
        logger.notice("\(plan.sentence(removed: removed, rewritten: rewritten))")
    }
}

extension RetentionPlan {
    /// What goes, as the log says it.
    var records: [LogRecord] {
        var taken = FrameSet()
        var pictures = FrameSet()
        var results: [Run: FrameSet] = [:]
        for part in parts {
            taken.formUnion(part.taken)
            pictures.formUnion(part.pictures)
            if part.pictures.isEmpty {
                taken.formUnion(part.gaps)
            } else {
                pictures.formUnion(part.gaps)
            }
            for (run, frames) in part.results {
                results[run, default: FrameSet()].formUnion(frames)
            }
        }
        var records: [LogRecord] = []
        for (group, frames) in shed.sorted(by: { $0.key < $1.key }) {
            frames.forEach { stream, epoch, range in
                var gap = Gap(
                    stream: stream,
                    epoch: epoch,
                    first: range.lowerBound,
                    last: range.upperBound,
                    reason: .retention
                )
                gap.group = group
                records.append(.gap(gap))
            }
        }
        records += taken.stretches(.taken) + pictures.stretches(.pictures)
        for (run, frames) in results.sorted(by: { "\($0.key)" < "\($1.key)" }) {
            records += frames.stretches(.results, name: run.group, run: run.number)
        }
        return records
    }

    /// What was taken, and what was kept for whom, in one line.
    func sentence(removed: Int, rewritten: Int) -> String {
        let bytes = Readable.bytes(parts.reduce(0) { $0 + $1.byteCount })
        var sentence =
            "retention took \(Readable.count(frameCount)) frames (\(bytes)): \(removed) files"
        sentence += " removed, \(rewritten) rewritten"
        for (group, frames) in shed.sorted(by: { $0.key < $1.key }) {
            sentence += "; \(Readable.count(frames.count)) of them were owed to group \(group)"
        }
        var kept: [String] = []
        if pinned > 0 { kept.append("\(Readable.count(pinned)) that are pinned") }
        for (run, count) in owed.sorted(by: { "\($0.key)" < "\($1.key)" }) {
            kept.append("\(Readable.count(count)) that run \(run) has not done yet")
        }
        return kept.isEmpty ? sentence : sentence + "; kept \(kept.joined(separator: " and "))"
    }
}

/// How much room a disk has.
struct DiskSpace {
    /// Bytes free for whoever is not the system's administrator.
    var free = Int.max
    /// Bytes of the disk.
    var total = 0

    /// Asks the disk that holds `path`.
    init(at path: String) {
        var disk = statvfs()
        guard unsafe statvfs(path, &disk) == 0 else { return }
        free = Int(disk.f_bavail) * Int(disk.f_frsize)
        total = Int(disk.f_blocks) * Int(disk.f_frsize)
    }
}

/// The times that a file system knows.
enum FileTime {
    /// When a file was last written to, in nanoseconds since 1970; 0 when it is not there.
    static func modified(_ path: String) -> Int64 {
        var file = stat()
        guard unsafe stat(path, &file) == 0 else { return 0 }
        return Int64(file.st_mtim.tv_sec) * 1_000_000_000 + Int64(file.st_mtim.tv_nsec)
    }
}
