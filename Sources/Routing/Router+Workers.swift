internal import Wire

/// What becomes of leases: answered, expired, given back, given up.
extension Router {
    mutating func handleAnswer(_ peer: PeerID, _ answer: Answer, _ slot: Slot, byteCount: Int) {
        slots.open(slot, byteCount: byteCount)
        defer { release(slot) }
        guard let role = hear(peer) else { return }
        guard case .worker(let index) = role, workers[index].name == answer.worker,
            groups[workers[index].group].name == answer.run.group
        else {
            let sentence = "a result for \(answer.run) from \(answer.worker) is not yours to send"
            return offend(peer, .unexpected, sentence)
        }
        // An unknown token was answered before, or belongs to a session before this one.
        guard let lease = leases[answer.token], lease.worker == index,
            lease.entry.place == answer.frame.place
        else { return note(.debug, "\(answer.worker) answered \(answer.frame) once more") }
        guard lease.run == answer.run.number, streams[lease.stream].name == answer.frame.stream
        else {
            let sentence = "the lease is not for \(answer.frame) in \(answer.run)"
            return offend(peer, .unexpected, sentence)
        }
        let group = lease.group
        leases.remove(answer.token)
        returnCredit(of: index, token: answer.token, byteCount: lease.entry.byteCount)
        workers[index].answered += 1
        if lease.isExpired {
            completeLate(lease, answer, slot, byteCount: byteCount)
        } else {
            groups[group].feeds[lease.feed].leased -= 1
            groups[group].heldBytes -= lease.entry.byteCount
            complete(lease.entry, group: group, feed: lease.feed, answer, slot, byteCount)
        }
        dispatch(group, freed: index)
    }

    /// A result after the deadline completes the frame if it is not done: it may wait for another
    /// try, or be in another worker's hands.
    private mutating func completeLate(
        _ lease: Lease,
        _ answer: Answer,
        _ slot: Slot,
        byteCount: Int
    ) {
        let group = lease.group
        let place = lease.entry.place
        // The run may be over, and its feed's place another's.
        let key = Group.FeedKey(run: lease.run, stream: lease.stream)
        guard let feed = groups[group].feedIndices[key] else { return }
        if let entry = groups[group].feeds[feed].remove(place: place) {
            groups[group].countQueued(entry.byteCount, by: -1, feed: feed)
            complete(entry, group: group, feed: feed, answer, slot, byteCount)
        } else if let entry = takeSuspect(group: group, feed: feed, place: place)
            ?? takeLeased(group: group, feed: feed, place: place)
        {
            complete(entry, group: group, feed: feed, answer, slot, byteCount)
        }
    }

    /// Takes a frame from the worker that tries it now; what that one answers counts no more.
    private mutating func takeLeased(group: Int, feed: Int, place: Place) -> Entry? {
        for token in groups[group].workers.flatMap({ workers[$0].leases }) {
            guard let lease = leases[token], !lease.isExpired, lease.feed == feed,
                lease.entry.place == place
            else { continue }
            leases[token]?.isExpired = true
            groups[group].feeds[feed].leased -= 1
            groups[group].heldBytes -= lease.entry.byteCount
            return lease.entry
        }
        return nil
    }

    /// Takes a frame out of the group's suspects; without a place, any of the feed's.
    mutating func takeSuspect(group: Int, feed: Int, place: Place? = nil) -> Entry? {
        let offset = groups[group].suspects.firstOffset {
            $0.feed == feed && (place == nil || $0.entry.place == place)
        }
        guard let offset else { return nil }
        groups[group].feeds[feed].suspected -= 1
        let entry = groups[group].suspects.remove(at: offset).entry
        groups[group].heldBytes -= entry.byteCount
        // Its younger frames may have waited for it.
        groups[group].activate(feed)
        return entry
    }

    private mutating func complete(
        _ entry: Entry,
        group: Int,
        feed: Int,
        _ answer: Answer,
        _ slot: Slot,
        _ byteCount: Int
    ) {
        release(entry.slot)
        forgetIfOver(group: group, feed: feed)
        guard !groups[group].isViewer else { return }
        let isLive = answer.run.number == 0
        let isFailure = answer.isFailure
        // What a durable group or a replay has done, the archive says.
        if isLive, !groups[group].isDurable {
            groups[group].completed += 1
            if isFailure { groups[group].failed += 1 }
        }
        effects.append(
            .publish(slot, group: answer.run.group, stream: answer.frame.stream)
        )
        // Without an archive, results that nobody is owed wait in a small part of the room only.
        let mustKeep = groups[group].isDurable || !isLive
        let room = lane.isReady ? settings.resultBytes : settings.resultBytes / 16
        guard mustKeep || lane.resultBytes + byteCount <= room else { return noteUnkeptResult() }
        slots.retain(slot)
        let kind = ArchiveLane.Item.Kind.result(
            slot,
            group: group,
            run: answer.run.number,
            stream: groups[group].feeds[feed].stream,
            isFailure: isFailure
        )
        lane.append(.init(kind: kind, byteCount: byteCount))
        pumpLane()
    }

    /// Says that results are not archived: at the first one, and then at every thousandth.
    private mutating func noteUnkeptResult() {
        if unkeptResults.isMultiple(of: 1_000) {
            note(.warning, "\(unkeptResults + 1) results were not archived: the archive is away")
        }
        unkeptResults += 1
    }

    /// Takes back a frame that never left: it was not tried.
    mutating func handleUndelivered(_ peer: PeerID, _ token: UInt64) {
        guard case .worker(let index)? = peers[peer]?.role, let lease = leases[token],
            lease.worker == index
        else { return }
        leases.remove(token)
        workers[index].isUnreachable = true
        rank(index)
        returnCredit(of: index, token: token, byteCount: lease.entry.byteCount)
        guard !lease.isExpired else { return }
        let name = workers[index].name
        giveBack(lease, countsAttempt: false, because: "could not be delivered", name)
        dispatch(lease.group)
    }

    private mutating func returnCredit(of index: Int, token: UInt64, byteCount: Int) {
        guard let offset = workers[index].leases.firstIndex(of: token) else { return }
        workers[index].leases.remove(at: offset)
        workers[index].leasedBytes -= byteCount
        // The one that moves up to the last of the slots is started now.
        let last = workers[index].slots - 1
        if offset <= last, last < workers[index].leases.count {
            leases.start(workers[index].leases[last], at: now)
        }
        if workers[index].leases.count == 0 { workers[index].isAlone = false }
        if workers[index].hangs {
            workers[index].hangs = hasOnlyExpired(index)
            rank(index)
        }
        place(index, hasMoreRoom: true)
    }

    /// Takes the frames of started leases back whose deadline has passed.
    mutating func expireLeases() {
        for index in workers.indices where !workers[index].isGone {
            let worker = workers[index]
            for token in worker.leases.prefix(worker.slots) {
                guard let lease = leases[token], !lease.isExpired, let startedAt = lease.startedAt,
                    now - startedAt >= settings.leaseDeadline
                else { continue }
                leases[token]?.isExpired = true
                giveBack(lease, countsAttempt: true, because: "took too long", worker.name)
                takeBackAssignment(of: lease, from: worker)
            }
            takeBackPrefetched(index)
            dispatch(worker.group)
        }
    }

    /// Under order `stream`, takes the frames back that belong to the same assignment as `lost`.
    private mutating func takeBackAssignment(of lost: Lease, from worker: Worker) {
        guard groups[lost.group].isOrdered else { return }
        for token in worker.leases {
            guard let lease = leases[token], !lease.isExpired, lease.feed == lost.feed else {
                continue
            }
            leases[token]?.isExpired = true
            giveBack(lease, countsAttempt: false, because: "took too long", worker.name)
        }
    }

    /// Takes frames back that will not be started, as the worker hangs with all it has started.
    private mutating func takeBackPrefetched(_ index: Int) {
        guard hasOnlyExpired(index) else { return }
        let worker = workers[index]
        workers[index].hangs = true
        place(index, hasMoreRoom: false)
        for token in worker.leases.dropFirst(worker.slots) {
            guard let lease = leases[token], !lease.isExpired else { continue }
            leases[token]?.isExpired = true
            giveBack(lease, countsAttempt: false, because: "took too long", worker.name)
        }
        disown(index)
    }

    /// Whether a worker has started something, and the deadlines of all that have passed.
    private func hasOnlyExpired(_ worker: Int) -> Bool {
        !workers[worker].leases.isEmpty
            && workers[worker].leases.prefix(workers[worker].slots).allSatisfy {
                leases[$0]?.isExpired == true
            }
    }

    /// Takes a worker out of its group, and all frames out of its hands.
    mutating func removeWorker(_ index: Int, costsAttempt: Bool) {
        let worker = workers[index]
        if groups[worker.group].reservedWorker == index { reserve(nil, of: worker.group) }
        resumeParked(on: index)
        groups[worker.group].workers.removeAll { $0 == index }
        groups[worker.group].creditFrames -= worker.creditFrames
        for feed in groups[worker.group].feeds.indices
        where groups[worker.group].feeds[feed].owner == index {
            endAssignment(group: worker.group, feed: feed)
        }
        groups[worker.group].load.remove(worker.rung)
        groups[worker.group].owners.remove(worker.rung)
        workers[index].isGone = true
        workers[index].leases = []
        freeWorkers.append(index)
        for (offset, token) in worker.leases.enumerated() {
            guard let lease = leases[token] else { continue }
            leases.remove(token)
            guard !lease.isExpired else { continue }
            let wasStarted = offset < worker.slots
            giveBack(
                lease,
                countsAttempt: costsAttempt && wasStarted,
                because: "its worker was lost",
                worker.name
            )
        }
        if groups[worker.group].isViewer {
            removeViewer(group: worker.group)
        } else {
            dispatch(worker.group)
        }
    }

    private mutating func giveBack(
        _ lease: Lease,
        countsAttempt: Bool,
        because reason: String,
        _ worker: String
    ) {
        let (group, feed) = (lease.group, lease.feed)
        var entry = lease.entry
        groups[group].feeds[feed].leased -= 1
        // Older frames that the worker may still answer go first: until its session is over.
        let waits = workers[lease.worker].isUnreachable && groups[group].feeds[feed].leased > 0
        if !waits { endAssignment(group: group, feed: feed) }
        if countsAttempt { entry.attempts += 1 }
        groups[group].heldBytes -= entry.byteCount
        if groups[group].feeds[feed].isOver {
            release(entry.slot)
            return forgetIfOver(group: group, feed: feed)
        }
        if entry.attempts >= settings.attempts {
            return bury(entry, group: group, feed: feed, because: reason, worker)
        }
        let isLatest = groups[group].isLatest
        let state = groups[group].feeds[feed]
        if isLatest, state.source == .pushed, let waiting = state.queue.first,
            waiting.place > entry.place
        {
            groups[group].superseded += 1
            return release(entry.slot)
        }
        if entry.attempts >= settings.attemptsInCompany {
            groups[group].feeds[feed].suspected += 1
            groups[group].heldBytes += entry.byteCount
            return groups[group].appendSuspect(.init(feed: feed, entry: entry))
        }
        groups[group].feeds[feed].putBack(entry)
        groups[group].countQueued(entry.byteCount, by: 1, feed: feed)
        groups[group].activate(feed)
    }

    /// Gives a frame up: it becomes a dead letter.
    private mutating func bury(
        _ entry: Entry,
        group: Int,
        feed: Int,
        because reason: String,
        _ worker: String
    ) {
        let state = groups[group].feeds[feed]
        let run = Run(group: groups[group].name, number: state.run)
        let stream = streams[state.stream].name
        let (epoch, sequence) = (entry.place.epoch, entry.place.sequence)
        let frame = FrameID(stream: stream, epoch: epoch, sequence: sequence)
        if run.number == 0, !groups[group].isDurable { groups[group].dead += 1 }
        release(entry.slot)
        note(
            .warning,
            "\(frame) is given up for \(run) after \(entry.attempts) attempts: \(reason)"
        )
        let letter = DeadLetter(
            run: run,
            frame: frame,
            attempts: entry.attempts,
            reason: reason,
            worker: worker,
            at: settings.startedAt + now.nanoseconds
        )
        lane.append(.init(kind: .record(.dead(letter)), byteCount: 0))
        pumpLane()
    }

    private mutating func removeViewer(group: Int) {
        for stream in streams.indices {
            streams[stream].subscriptions.removeAll { $0.group == group }
        }
        for feed in groups[group].feeds.indices {
            while let entry = takeQueued(group: group, feed: feed) { release(entry.slot) }
            while let entry = takeSuspect(group: group, feed: feed) { release(entry.slot) }
        }
        groupIndices[groups[group].name] = nil
        // Without its patterns: it sees no stream that comes later.
        groups[group] = Group(name: "")
        viewers -= 1
        freeGroups.append(group)
        shareOut()
    }
}
