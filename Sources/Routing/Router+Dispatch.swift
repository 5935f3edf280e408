internal import Wire

/// Who gets what.
extension Router {
    /// Offers a frame that has just come to every group that sees its stream.
    mutating func offerToGroups(_ place: Place, _ slot: Slot, _ byteCount: Int, stream: Int) {
        let entry = Entry(place: place, slot: slot, byteCount: byteCount, arrivedAt: now)
        for index in streams[stream].subscriptions.indices {
            let subscription = streams[stream].subscriptions[index]
            switch groups[subscription.group].feeds[subscription.feed].source {
            case .pushed: push(entry, group: subscription.group, feed: subscription.feed)
            case .live: groups[subscription.group].activate(subscription.feed)
            case .behind: continue
            }
            dispatch(subscription.group)
        }
    }

    private mutating func push(_ entry: Entry, group: Int, feed: Int) {
        groups[group].published += 1
        if groups[group].definition?.policy == .latest {
            while let older = takeQueued(group: group, feed: feed) {
                groups[group].superseded += 1
                release(older.slot)
            }
        }
        slots.retain(entry.slot)
        groups[group].feeds[feed].append(entry)
        groups[group].queuedFrames += 1
        groups[group].queuedBytes += entry.byteCount
        groups[group].activate(feed)
        shedOverflow(group: group)
    }

    /// Drops the oldest frames of the stream that holds most, until the queue is within its bounds.
    mutating func shedOverflow(group: Int) {
        guard let policy = groups[group].definition?.policy, policy != .durable else { return }
        let mostFrames = policy == .queue ? settings.queueFrames : .max
        let mostBytes = waitingShare(of: group)
        while groups[group].queuedFrames > mostFrames
            || (groups[group].queuedBytes > mostBytes && groups[group].queuedFrames > 1)
        {
            let feeds = groups[group].feeds
            let fullest = feeds.indices
                .filter { feeds[$0].source == .pushed }
                .max { feeds[$0].queuedBytes < feeds[$1].queuedBytes }
            guard let fullest, let oldest = takeQueued(group: group, feed: fullest) else { return }
            if policy == .latest {
                groups[group].superseded += 1
            } else {
                groups[group].shed += 1
            }
            release(oldest.slot)
        }
    }

    /// Leases frames to workers while there are both.
    mutating func dispatch(_ group: Int) {
        guard mayDispatch(group) else { return }
        leaseSuspects(group)
        while let (feed, worker) = nextPair(group) {
            guard let entry = take(group: group, feed: feed) else { return }
            groups[group].feeds[feed].deficit -= entry.byteCount
            let isReplay = groups[group].feeds[feed].isReplay
            groups[group].liveSinceReplay = isReplay ? 0 : groups[group].liveSinceReplay + 1
            lease(entry, group: group, feed: feed, to: worker)
            fetchIfNeeded(group: group, feed: feed)
        }
    }

    private func mayDispatch(_ group: Int) -> Bool {
        guard !groups[group].workers.isEmpty else { return false }
        guard groups[group].isDurable else { return true }
        // A durable group without its record, or with too many results on their way, waits.
        return groups[group].isRecorded && lane.resultBytes < settings.resultBytes
    }

    /// Leases frames that may be poison, each to a worker that holds nothing else meanwhile.
    private mutating func leaseSuspects(_ group: Int) {
        while let offset = groups[group].offsetOfNextSuspect() {
            let members = groups[group].workers
            guard let idle = members.first(where: { workers[$0]?.leases.isEmpty == true }) else {
                // Somebody must run empty for it, or it would wait for ever in a busy group.
                if groups[group].reservedWorker == nil {
                    groups[group].reservedWorker = members.first { workers[$0]?.isAlone == false }
                }
                return
            }
            let suspect = groups[group].suspects.remove(at: offset)
            groups[group].reservedWorker = nil
            groups[group].feeds[suspect.feed].suspected -= 1
            groups[group].heldBytes -= suspect.entry.byteCount
            workers[idle]?.isAlone = true
            lease(suspect.entry, group: group, feed: suspect.feed, to: idle)
        }
        groups[group].reservedWorker = nil
    }

    private mutating func lease(_ entry: Entry, group: Int, feed: Int, to index: Int) {
        assign(group: group, feed: feed, to: index)
        guard var worker = workers[index] else { preconditionFailure("a lease to nobody") }
        let isStarted = worker.leases.count < worker.slots
        let token = leases.insert(
            Lease(
                worker: index,
                group: group,
                feed: feed,
                run: groups[group].feeds[feed].run,
                stream: groups[group].feeds[feed].stream,
                entry: entry,
                grantedAt: now,
                startedAt: isStarted ? now : nil
            )
        )
        worker.leases.append(token)
        worker.leasedBytes += entry.byteCount
        groups[group].heldBytes += entry.byteCount
        worker.given += 1
        workers[index] = worker
        groups[group].feeds[feed].leased += 1
        let deliver = Deliver(
            token: token,
            run: Run(group: groups[group].name, number: groups[group].feeds[feed].run),
            attempt: entry.attempts + 1,
            assignment: groups[group].feeds[feed].assignment,
            deadlineMilliseconds: UInt32(settings.leaseDeadline.milliseconds)
        )
        effects.append(.deliver(worker.peer, deliver, entry.slot))
    }

    // MARK: Whose turn it is

    /// The feed whose turn it is, and a worker that can take its next frame.
    ///
    /// A live one, and of each ``Settings/replayShare`` frames one of a replay.
    private mutating func nextPair(_ group: Int) -> (feed: Int, worker: Int)? {
        if groups[group].liveSinceReplay >= settings.replayShare - 1,
            let pair = nextPair(group, in: \.replay)
        {
            return pair
        }
        return nextPair(group, in: \.live) ?? nextPair(group, in: \.replay)
    }

    private mutating func nextPair(
        _ group: Int,
        in rotation: WritableKeyPath<Group, Group.Rotation>
    ) -> (feed: Int, worker: Int)? {
        // Results of replays are owed, so they wait in memory: with too many of them replays pause.
        if rotation == \.replay, lane.resultBytes >= settings.resultBytes { return nil }
        // Feeds in a row that only wait for the one worker that may have their frames.
        var blocked = 0
        while let feed = groups[group][keyPath: rotation].feeds.first,
            blocked < groups[group][keyPath: rotation].feeds.count
        {
            guard let byteCount = nextByteCount(group: group, feed: feed) else {
                groups[group][keyPath: rotation].feeds.popFirst()
                groups[group].feeds[feed].isActive = false
                forgetIfOver(group: group, feed: feed)
                continue
            }
            if groups[group].feeds[feed].deficit >= byteCount {
                guard mayLease(byteCount, of: group) else { return nil }
                if let worker = worker(for: feed, of: group, byteCount) { return (feed, worker) }
                guard groups[group].definition?.order == .stream else { return nil }
                blocked += 1
            } else {
                // Each round adds a quantum to every feed, so the largest frame bounds the rounds.
                groups[group].feeds[feed].deficit += Group.Rotation.quantum
                blocked = 0
            }
            groups[group][keyPath: rotation].feeds.popFirst()
            groups[group][keyPath: rotation].feeds.append(feed)
        }
        return nil
    }

    /// The size of the feed's next frame, or `nil` when it has none.
    private func nextByteCount(group: Int, feed: Int) -> Int? {
        let state = groups[group].feeds[feed]
        if let entry = state.queue.first { return entry.byteCount }
        guard case .live(let index) = state.source else { return nil }
        return streams[state.stream].ring.entry(at: index)?.byteCount
    }

    /// Takes the feed's next frame, with a reference to its slot.
    private mutating func take(group: Int, feed: Int) -> Entry? {
        if let entry = takeQueued(group: group, feed: feed) { return entry }
        let state = groups[group].feeds[feed]
        guard case .live(let index) = state.source,
            let entry = streams[state.stream].ring.entry(at: index)
        else { return nil }
        groups[group].feeds[feed].source = .live(index + 1)
        groups[group].feeds[feed].cursor = entry.place
        slots.retain(entry.slot)
        return Entry(
            place: entry.place,
            slot: entry.slot,
            byteCount: entry.byteCount,
            arrivedAt: entry.arrivedAt
        )
    }

    /// Takes the first frame out of the feed's queue.
    mutating func takeQueued(group: Int, feed: Int) -> Entry? {
        guard let entry = groups[group].feeds[feed].popFirst() else { return nil }
        countQueued(entry, by: -1, group: group, feed: feed)
        return entry
    }

    /// Keeps the group's sums right when a frame enters (1) or leaves (-1) a feed's queue.
    mutating func countQueued(_ entry: Entry, by sign: Int, group: Int, feed: Int) {
        if groups[group].feeds[feed].source == .pushed {
            groups[group].queuedFrames += sign
            groups[group].queuedBytes += sign * entry.byteCount
        } else {
            groups[group].fetchedBytes += sign * entry.byteCount
        }
    }
}
