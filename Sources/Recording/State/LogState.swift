package import Wire

/// What the records of the log add up to: how far each stream is, the groups, the jobs, the debts.
///
/// Pure: the same records in the same order give the same state, whoever applies them.
package struct LogState: Sendable, Equatable {
    /// For each stream the place of the frame that would come next.
    package private(set) var streams: [String: Place] = [:]
    /// The recorded groups by name.
    package private(set) var groups: [String: GroupDefinition] = [:]
    /// All replays by number, the finished ones too.
    package private(set) var jobs: [UInt64: Job] = [:]
    /// What is not done.
    package private(set) var debts = Debts()
    /// What durable groups have done.
    package private(set) var ledgers = Ledgers()
    /// What people have ordered and is in force.
    package private(set) var holdings = Holdings()

    private var recent: [Run: RecentAnswers] = [:]
    private var runningJobs: [Run: UInt64] = [:]
    /// The live runs of the durable groups that cover a stream, worked out when first needed.
    private var durableRuns: [String: [Run]] = [:]

    /// The state of an empty log.
    package init() {}

    package static func == (left: Self, right: Self) -> Bool {
        // What completions are remembered is no part of it: a checkpoint does not carry them.
        left.streams == right.streams && left.groups == right.groups && left.jobs == right.jobs
            && left.debts == right.debts && left.ledgers == right.ledgers
            && left.holdings == right.holdings
    }

    /// Counts the changes of jobs that were applied.
    package private(set) var jobChanges = 0

    /// The runs of the jobs that are not over.
    package var runsOfJobs: [Run] { Array(runningJobs.keys) }

    /// The running job whose results belong to `run`.
    package func runningJob(of run: Run) -> Job? { runningJobs[run].flatMap { jobs[$0] } }

    /// The number that the next replay into `group` gets.
    package func nextRunNumber(of group: String) -> UInt32 {
        1 + jobs.values.reduce(0) { $1.run.group == group ? max($0, $1.run.number) : $0 }
    }

    /// Takes in one committed record.
    package mutating func apply(_ record: LogRecord) {
        switch record {
        case .frame(let frame): apply(frame)
        case .result(let result):
            complete(result.frame, of: result.run, result.failure.isEmpty ? .completed : .failed)
        case .dead(let letter): complete(letter.frame, of: letter.run, .dead)
        case .gap(let gap):
            guard gap.group.isEmpty else { return settle(gap) }
            advance(gap.stream, to: Place(epoch: gap.epoch, sequence: gap.last + 1))
        case .group(let group):
            groups[group.name] = group
            durableRuns.removeAll()
        case .job(let job): apply(job)
        case .owed(let owed):
            for range in owed.ranges {
                debts.add(range, epoch: owed.epoch, stream: owed.stream, to: owed.run)
            }
        case .stream(let state): advance(state.stream, to: state.next)
        case .debt(let debt): ledgers.set(debt)
        case .order(let order): apply(order)
        case .stretch(let stretch): holdings.apply(stretch)
        case .checkpoint, .stub, .begun: break
        }
    }

    private mutating func apply(_ order: Order) {
        holdings.apply(order)
        guard order.kind == .forget else { return }
        groups[order.name] = nil
        durableRuns.removeAll()
        for run in debts.owing where run.group == order.name { debts.forgive(run) }
        let live = Run(group: order.name, number: 0)
        ledgers.forget(live)
        recent[live] = nil
    }

    /// Takes frames that are gone off what the group of a gap owes, in its replays too.
    private mutating func settle(_ gap: Gap) {
        if gap.reason == .transfer {
            // Never offered to the group, and so no part of its ledger.
            let live = Run(group: gap.group, number: 0)
            _ = debts.settle(gap.first...gap.last, epoch: gap.epoch, stream: gap.stream, of: live)
        }
        guard gap.reason == .retention else { return }
        for run in debts.owing where run.group == gap.group {
            let range = gap.first...gap.last
            let count = debts.settle(range, epoch: gap.epoch, stream: gap.stream, of: run)
            ledgers.shed(count, of: run, stream: gap.stream)
        }
    }

    private mutating func apply(_ frame: Frame) {
        let id = frame.id
        advance(id.stream, to: Place(epoch: id.epoch, sequence: id.sequence + 1))
        for run in liveRuns(of: id.stream) {
            debts.add(id.sequence...id.sequence, epoch: id.epoch, stream: id.stream, to: run)
        }
    }

    private mutating func apply(_ job: Job) {
        jobs[job.number] = job
        jobChanges += 1
        switch job.state {
        case .running, .paused: runningJobs[job.run] = job.number
        case .done, .cancelled:
            runningJobs[job.run] = nil
            debts.forgive(job.run)
        }
    }

    private mutating func advance(_ stream: String, to next: Place) {
        streams[stream, default: next].advance(to: next)
    }

    private mutating func complete(_ frame: FrameID, of run: Run, _ outcome: Ledgers.Outcome) {
        if !hasDebt(run) { _ = recent[run, default: RecentAnswers()].insert(frame) }
        guard debts.settle(frame, of: run) else { return }
        ledgers.count(outcome, of: run, stream: frame.stream)
    }

    /// What `run` has done of `stream`, and what it owes.
    package func account(of run: Run, stream: String) -> Debt {
        var debt = ledgers.entry(of: run, stream: stream)
        debt.owedFrames = debts.count(of: run, stream: stream)
        return debt
    }

    /// The accounts of all durable groups, for each stream of which they ever owed something.
    package var accounts: [Debt] {
        groups.values.filter { $0.policy == .durable }.flatMap { group in
            let run = Run(group: group.name, number: 0)
            return Set(debts.streams(of: run) + ledgers.streams(of: run)).map {
                account(of: run, stream: $0)
            }
        }
    }

    mutating func liveRuns(of stream: String) -> [Run] {
        if let known = durableRuns[stream] { return known }
        let runs = groups.values
            .filter { $0.policy == .durable && $0.covers(stream: stream) }
            .map { Run(group: $0.name, number: 0) }
        durableRuns[stream] = runs
        return runs
    }

    /// Whether what `run` completes is known by its debt, rather than by the recent answers.
    private func hasDebt(_ run: Run) -> Bool {
        run.number > 0 || groups[run.group]?.policy == .durable
    }

    /// Remembers a completion without counting it; for the records before the checkpoint.
    package mutating func remember(_ frame: FrameID, of run: Run) {
        if !hasDebt(run) { _ = recent[run, default: RecentAnswers()].insert(frame) }
    }

    /// Everything that ``apply(_:)`` needs to get here from the empty state, for a checkpoint.
    package func records() -> [LogRecord] {
        streams.keys.sorted().compactMap { name in
            streams[name].map { .stream(StreamState(stream: name, next: $0)) }
        }
            + groups.keys.sorted().compactMap { groups[$0].map(LogRecord.group) }
            + jobs.keys.sorted().compactMap { jobs[$0].map(LogRecord.job) }
            + debts.records().map(LogRecord.owed) + ledgers.all.map(LogRecord.debt)
            + holdings.records()
    }
}

// What may enter the log.

extension LogState {
    /// What is to be stored for a record that comes in.
    package struct Admission: Sendable, Equatable {
        /// Records to store first.
        package var before: [LogRecord] = []
        /// Whether the record itself is to be stored, as it came in; a duplicate is not.
        package var isAdmitted = false
        /// Records to store behind it.
        package var after: [LogRecord] = []
    }

    /// Decides what is to be stored for a record that comes in, and takes that in.
    ///
    /// The state is then ahead of the disk until the batch is committed.
    package mutating func admit(_ record: LogRecord) -> Admission {
        var admission = verdict(on: record)
        for record in admission.before { apply(record) }
        guard admission.isAdmitted else { return admission }
        apply(record)
        admission.after = finishJobs(after: record)
        return admission
    }

    private func verdict(on record: LogRecord) -> Admission {
        switch record {
        case .frame(let frame):
            let place = frame.id.place
            let next = streams[frame.id.stream]
            if let next, place < next { return Admission() }
            let gap = missing(before: place, of: frame.id.stream, next: next)
            return Admission(before: gap.map { [.gap($0)] } ?? [], isAdmitted: true)
        case .gap(let gap): return verdict(on: gap)
        case .result(let result): return Admission(isAdmitted: isNew(result.frame, of: result.run))
        case .dead(let letter): return Admission(isAdmitted: isNew(letter.frame, of: letter.run))
        case .group(let group): return Admission(isAdmitted: groups[group.name] != group)
        case .job, .owed, .order, .stretch: return Admission(isAdmitted: true)
        case .stream, .debt, .checkpoint, .stub, .begun: return Admission()
        }
    }

    private func isNew(_ frame: FrameID, of run: Run) -> Bool {
        if holdings.isErasing(frame) { return false }
        if hasDebt(run) { return debts.owes(frame, run) }
        return recent[run]?.contains(frame) != true
    }

    /// The gap before `place` that nobody announced, if there is one.
    func missing(
        before place: Place,
        of stream: String,
        next: Place?,
        reason: Gap.Reason = .lost
    ) -> Gap? {
        let first = next?.epoch == place.epoch ? (next?.sequence ?? 0) : 0
        guard first < place.sequence else { return nil }
        return Gap(
            stream: stream,
            epoch: place.epoch,
            first: first,
            last: place.sequence - 1,
            reason: reason
        )
    }

    /// What of an announced gap is new, behind what is missing before it.
    func verdict(on gap: Gap, unannounced: Gap.Reason = .lost) -> Admission {
        guard gap.group.isEmpty else { return Admission(isAdmitted: true) }
        var fresh = gap
        if let next = streams[gap.stream] {
            guard Place(epoch: gap.epoch, sequence: gap.last) >= next else { return Admission() }
            if next.epoch == gap.epoch { fresh.first = max(gap.first, next.sequence) }
        }
        let place = Place(epoch: gap.epoch, sequence: fresh.first)
        let next = streams[gap.stream]
        let unknown = missing(before: place, of: gap.stream, next: next, reason: unannounced)
        let before = unknown.map { [LogRecord.gap($0)] } ?? []
        guard fresh == gap else { return Admission(before: before + [.gap(fresh)]) }
        return Admission(before: before, isAdmitted: true)
    }

    /// The records that end replays whose last frame has just been completed, or is gone.
    mutating func finishJobs(after record: LogRecord) -> [LogRecord] {
        switch record {
        case .result(let result): return finishJob(of: result.run)
        case .dead(let letter): return finishJob(of: letter.run)
        case .gap(let gap) where gap.reason == .retention && !gap.group.isEmpty:
            let runs = runsOfJobs.filter { $0.group == gap.group }
            return runs.sorted { $0.number < $1.number }.flatMap { finishJob(of: $0) }
        default: return []
        }
    }

    private mutating func finishJob(of run: Run) -> [LogRecord] {
        guard var job = runningJob(of: run), debts.count(of: run) == 0 else { return [] }
        job.state = .done
        apply(.job(job))
        return [.job(job)]
    }
}

extension Place {
    fileprivate mutating func advance(to other: Place) { self = max(self, other) }
}
