internal import Wire

/// What becomes of leases: answered, expired, given back, given up.
extension Router {
    mutating func handleResult(_ peer: PeerID, _ result: Result, _ slot: Slot, byteCount: Int) {
        slots.open(slot, byteCount: byteCount)
        defer { release(slot) }
        guard let role = hear(peer) else { return }
        guard case .worker(let index) = role, let worker = workers[index],
            worker.name == result.worker, groups[worker.group].name == result.run.group
        else {
            let sentence = "a result for \(result.run) from \(result.worker) is not yours to send"
            return offend(peer, .unexpected, sentence)
        }
        // An unknown token was answered before, or belongs to a session before this one.
        guard let lease = leases[result.token], lease.worker == index,
            lease.entry.place == result.frame.place
        else { return note(.debug, "\(worker.name) answered \(result.frame) once more") }
        guard lease.run == result.run.number, streams[lease.stream].name == result.frame.stream
        else {
            let sentence = "the lease is not for \(result.frame) in \(result.run)"
            return offend(peer, .unexpected, sentence)
        }
        _ = leases.remove(result.token)
        returnCredit(of: index, token: result.token, byteCount: lease.entry.byteCount)
        workers[index]?.answered += 1
        if lease.isExpired {
            completeLate(lease, result, slot, byteCount: byteCount)
        } else {
            groups[lease.group].feeds[lease.feed].leased -= 1
            groups[lease.group].heldBytes -= lease.entry.byteCount
            complete(lease.entry, group: lease.group, feed: lease.feed, result, slot, byteCount)
        }
        dispatch(lease.group)
    }

    /// A result after the deadline completes the frame if it is not done: it may wait for another
    /// try, or be in another worker's hands.
    private mutating func completeLate(
        _ lease: Lease,
        _ result: Result,
        _ slot: Slot,
        byteCount: Int
    ) {
        let group = lease.group
        let place = lease.entry.place
        // The run may be over, and its feed's place another's.
        let key = Group.FeedKey(run: lease.run, stream: lease.stream)
        guard let feed = groups[group].feedIndices[key] else { return }
        if let entry = groups[group].feeds[feed].remove(place: place) {
            countQueued(entry, by: -1, group: group, feed: feed)
            complete(entry, group: group, feed: feed, result, slot, byteCount)
        } else if let entry = takeSuspect(group: group, feed: feed, place: place)
            ?? takeLeased(group: group, feed: feed, place: place)
        {
            complete(entry, group: group, feed: feed, result, slot, byteCount)
        }
    }

    /// Takes a frame from the worker that tries it now; what that one answers counts no more.
    private mutating func takeLeased(group: Int, feed: Int, place: Place) -> Entry? {
        for token in groups[group].workers.flatMap({ workers[$0]?.leases ?? [] }) {
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
        return entry
    }

    private mutating func complete(
        _ entry: Entry,
        group: Int,
        feed: Int,
        _ result: Result,
        _ slot: Slot,
        _ byteCount: Int
    ) {
        release(entry.slot)
        forgetIfOver(group: group, feed: feed)
        guard !groups[group].isViewer else { return }
        let isLive = result.run.number == 0
        let isFailure = !result.failure.isEmpty
        // What a durable group or a replay has done, the archive says.
        if isLive, !groups[group].isDurable {
            groups[group].completed += 1
            if isFailure { groups[group].failed += 1 }
        }
        effects.append(
            .publish(slot, group: result.run.group, stream: result.frame.stream)
        )
        // Without an archive, results that nobody is owed wait in a small part of the room only.
        let mustKeep = groups[group].isDurable || !isLive
        let room = lane.isReady ? settings.resultBytes : settings.resultBytes / 16
        guard mustKeep || lane.resultBytes + byteCount <= room else { return noteUnkeptResult() }
        slots.retain(slot)
        let kind = ArchiveLane.Item.Kind.result(
            slot,
            result.run,
            stream: result.frame.stream,
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

    private mutating func returnCredit(of index: Int, token: UInt64, byteCount: Int) {
        guard var worker = workers[index] else { return }
        workers[index] = nil
        worker.leases.removeAll { $0 == token }
        worker.leasedBytes -= byteCount
        for started in worker.leases.prefix(worker.slots) where leases[started]?.startedAt == nil {
            leases[started]?.startedAt = now
        }
        if worker.leases.isEmpty { worker.isAlone = false }
        if worker.hangs { worker.hangs = hasOnlyExpired(worker) }
        workers[index] = worker
    }

    /// Takes the frames of started leases back whose deadline has passed.
    mutating func expireLeases() {
        for index in workers.indices {
            guard let worker = workers[index] else { continue }
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
        guard groups[lost.group].definition?.order == .stream else { return }
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
        guard let worker = workers[index], hasOnlyExpired(worker) else { return }
        workers[index]?.hangs = true
        for token in worker.leases.dropFirst(worker.slots) {
            guard let lease = leases[token], !lease.isExpired else { continue }
            leases[token]?.isExpired = true
            giveBack(lease, countsAttempt: false, because: "took too long", worker.name)
        }
    }

    /// Whether a worker has started something, and the deadlines of all that have passed.
    private func hasOnlyExpired(_ worker: Worker) -> Bool {
        !worker.leases.isEmpty
            && worker.leases.prefix(worker.slots).allSatisfy { leases[$0]?.isExpired == true }
    }

    /// Takes a worker out of its group, and all frames out of its hands.
    mutating func removeWorker(_ index: Int, costsAttempt: Bool) {
        guard let worker = workers[index] else { return }
        workers[index] = nil
        freeWorkers.append(index)
        groups[worker.group].workers.removeAll { $0 == index }
        if groups[worker.group].reservedWorker == index {
            groups[worker.group].reservedWorker = nil
        }
        for feed in groups[worker.group].feeds.indices
        where groups[worker.group].feeds[feed].owner == index {
            endAssignment(group: worker.group, feed: feed)
        }
        for (offset, token) in worker.leases.enumerated() {
            guard let lease = leases.remove(token), !lease.isExpired else { continue }
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
        endAssignment(group: group, feed: feed)
        if countsAttempt { entry.attempts += 1 }
        groups[group].heldBytes -= entry.byteCount
        if groups[group].feeds[feed].isOver {
            release(entry.slot)
            return forgetIfOver(group: group, feed: feed)
        }
        if entry.attempts >= settings.attempts {
            return bury(entry, group: group, feed: feed, because: reason, worker)
        }
        let isLatest = groups[group].definition?.policy == .latest
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
        countQueued(entry, by: 1, group: group, feed: feed)
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
    }
}
