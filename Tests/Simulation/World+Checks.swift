internal import Recording
internal import Routing
internal import Wire

/// The invariants of the design, each with the sentence that says which broke.
extension World {
    /// What must hold between any two events.
    mutating func checkAlways() {
        for sentence in router.audit() { fail(sentence) }
        checkLedgers()
        checkBudget()
        checkDebts()
    }

    private mutating func checkLedgers() {
        for group in router.report().groups {
            let sum =
                group.completed + group.shed + group.superseded + group.dead + group.pending
            if group.published != sum { fail("the ledger of \(group.group.name) is off: \(group)") }
            guard group.group.policy != .durable else {
                checkNotAhead(group)
                continue
            }
            let truth = offered[group.group.name] ?? 0
            if group.published != truth {
                fail(
                    "\(group.group.name) was offered \(truth) frames and counts \(group.published)"
                )
            }
        }
    }

    /// The broker never counts as done what is not in the log.
    private mutating func checkNotAhead(_ group: GroupStatus) {
        let run = Run(group: group.group.name, number: 0)
        let completed = archive.completions.filter { $0.key.run == run }.values
        let truth = completed.reduce(0) { $0 + $1.count }
        if group.completed > truth {
            fail("\(group.group.name) counts \(group.completed) completed, \(truth) are in the log")
        }
    }

    /// Beyond the budget go only the last frame of each window and of each answer, the results of
    /// frames that were leased before dispatch paused, and what is kept beside each.
    private mutating func checkBudget() {
        let lastFrames = plan.largestFrame * (cameras.count + fetchesUnderWay)
        let results = Self.resultByteCount * workers.count * plan.creditFrames
        let beside = plan.slotBytes * slots.count
        let most = plan.payloadBudget + lastFrames + results + beside
        let used = router.report().broker.payloadBytes
        if used > most { fail("\(used) payload bytes are in memory, the budget is \(most)") }
    }

    /// The archive's own account of what is owed is the plain truth.
    private mutating func checkDebts() {
        guard steps.isMultiple(of: 20) else { return }
        for key in archive.selected.keys {
            let counted = archive.state.debts.count(of: key.run, stream: key.stream)
            let truth = archive.owed(key).count
            if counted != truth { fail("\(key) owes \(truth) frames and counts \(counted)") }
            if Set(archive.completions[key] ?? []).count != archive.completions[key]?.count ?? 0 {
                fail("\(key) has two results for one frame")
            }
        }
    }

    /// Where nothing kills, every frame is tried once.
    mutating func checkAttempt(_ deliver: Deliver, _ frame: Frame) {
        guard plan.onlyPoisonKills, !plan.hasPoison, deliver.attempt > 1 else { return }
        fail("\(frame.id) is tried for the \(deliver.attempt)th time, though nothing kills")
    }

    /// Within an assignment nobody sees a stream go backwards.
    mutating func checkOrder(_ deliver: Deliver, _ frame: Frame) {
        guard deliver.assignment > 0 else { return }
        let key = Assignment(
            broker: brokerSession,
            run: deliver.run,
            stream: frame.id.stream,
            number: deliver.assignment
        )
        if let newest = newestInAssignment[key], frame.id.place <= newest {
            fail("\(frame.id) comes behind \(newest) in assignment \(deliver.assignment)")
        }
        newestInAssignment[key] = frame.id.place
    }

    /// What must hold when nothing is under way any more.
    mutating func checkAtRest() {
        for (key, places) in archive.selected where !archive.cancelled.contains(key.run) {
            let done = (archive.completions[key] ?? []) + (archive.dead[key] ?? [])
            if Set(done) != places || done.count != places.count {
                fail("\(key) was to see \(places.count) frames and saw \(done.count)")
            }
        }
        for (stream, frames) in archive.frames {
            if Set(frames.map(\.id)).count != frames.count { fail("\(stream) has a frame twice") }
            let inOrder = zip(frames, frames.dropFirst()).allSatisfy { $0.id.place < $1.id.place }
            if !inOrder { fail("\(stream) is out of order") }
        }
        checkAccounts()
        checkDeadLetters()
    }

    /// The broker's ledger of a durable group is what is in the log.
    private mutating func checkAccounts() {
        for group in router.report().groups where group.group.policy == .durable {
            let keys = archive.selected.keys.filter {
                $0.run == Run(group: group.group.name, number: 0)
            }
            let published = keys.reduce(0) { $0 + (archive.selected[$1]?.count ?? 0) }
            let completed = keys.reduce(0) { $0 + (archive.completions[$1]?.count ?? 0) }
            let failed = keys.reduce(0) { $0 + (archive.failures[$1] ?? 0) }
            let dead = keys.reduce(0) { $0 + (archive.dead[$1]?.count ?? 0) }
            let truth = [published, completed, failed, dead].map(UInt64.init)
            let told = [group.published, group.completed, group.failed, group.dead]
            if !group.isKnown { fail("\(group.group.name) does not know its ledger") }
            if truth != told { fail("\(group.group.name): in the log \(truth), told \(told)") }
        }
    }

    private mutating func checkDeadLetters() {
        guard plan.onlyPoisonKills else { return }
        for (key, places) in archive.dead {
            for place in places {
                let id = FrameID(
                    stream: key.stream,
                    epoch: place.epoch,
                    sequence: place.sequence
                )
                if !poison.contains(id) { fail("\(id) is a dead letter, and is innocent") }
            }
        }
    }
}
