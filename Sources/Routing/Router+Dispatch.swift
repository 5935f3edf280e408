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
        if groups[group].isLatest {
            while let older = takeQueued(group: group, feed: feed) {
                groups[group].superseded += 1
                release(older.slot)
            }
        }
        slots.retain(entry.slot)
        groups[group].feeds[feed].append(entry)
        groups[group].countQueued(entry.byteCount, by: 1, feed: feed)
        groups[group].activate(feed)
        shedOverflow(group: group)
    }

    /// Drops the oldest frames of the streams that have to give way, until the queue is within its
    /// bounds.
    mutating func shedOverflow(group: Int) {
        guard groups[group].queuedFrames > 0 else { return }
        let isLatest = groups[group].isLatest
        let mostFrames = isLatest ? .max : settings.queueFrames
        let mostBytes = waitingShare(of: group)
        while true {
            let hasTooManyFrames = groups[group].queuedFrames > mostFrames
            let hasTooManyBytes = groups[group].queuedBytes > mostBytes
            guard hasTooManyFrames || (hasTooManyBytes && groups[group].queuedFrames > 1),
                let feed = groups[group].feedToGiveWay(hasTooManyFrames: hasTooManyFrames),
                let oldest = takeQueued(group: group, feed: feed)
            else { return }
            if isLatest {
                groups[group].superseded += 1
                groups[group].feeds[feed].gaveWay += 1
            } else {
                groups[group].shed += 1
            }
            release(oldest.slot)
        }
    }

    /// Leases frames to workers while there are both.
    mutating func dispatch(_ group: Int) {
        guard mayDispatch(group) else { return }
        if groups[group].suspects.count > 0 || groups[group].reservedWorker != nil {
            leaseSuspects(group)
        }
        while groups[group].hasTurns, hasHands(group), let (feed, worker) = nextPair(group) {
            guard let entry = take(group: group, feed: feed) else { return }
            groups[group].feeds[feed].deficit -= entry.byteCount
            groups[group].feeds[feed].isFresh = false
            groups[group].feeds[feed].gaveWay = 0
            let isReplay = groups[group].feeds[feed].isReplay
            groups[group].liveSinceReplay = isReplay ? 0 : groups[group].liveSinceReplay + 1
            lease(entry, group: group, feed: feed, to: worker)
            fetchIfNeeded(group: group, feed: feed)
        }
    }

    /// Whether to look for a frame at all: under order `any` not while no worker has room for one.
    private mutating func hasHands(_ group: Int) -> Bool {
        groups[group].isOrdered || groups[group].load.first() != nil
    }

    func mayDispatch(_ group: Int) -> Bool {
        guard groups[group].workers.count > 0 else { return false }
        guard groups[group].isDurable else { return true }
        // A durable group without its record, or with too many results on their way, waits.
        return groups[group].isRecorded && lane.resultBytes < settings.resultBytes
    }

    /// Leases frames that may be poison, each to a worker that holds nothing else meanwhile.
    private mutating func leaseSuspects(_ group: Int) {
        while let offset = groups[group].offsetOfNextSuspect() {
            let members = groups[group].workers
            guard
                let idle = members.first(where: {
                    workers[$0].leases.isEmpty && !workers[$0].isUnreachable
                })
            else {
                // Somebody must run empty for it, or it would wait for ever in a busy group.
                if groups[group].reservedWorker == nil {
                    // Not one that hangs, which may never run empty; the one with the least to do.
                    let next = members.filter {
                        !workers[$0].isAlone && !workers[$0].isUnreachable && !workers[$0].hangs
                    }.min { workers[$0].leases.count < workers[$1].leases.count }
                    reserve(next, of: group)
                }
                return
            }
            let suspect = groups[group].suspects.remove(at: offset)
            reserve(nil, of: group)
            groups[group].feeds[suspect.feed].suspected -= 1
            groups[group].heldBytes -= suspect.entry.byteCount
            workers[idle].isAlone = true
            lease(suspect.entry, group: group, feed: suspect.feed, to: idle)
            // Its younger frames may have waited for it.
            groups[group].activate(suspect.feed)
        }
        reserve(nil, of: group)
    }

    private mutating func lease(_ entry: Entry, group: Int, feed: Int, to index: Int) {
        assign(group: group, feed: feed, to: index)
        let isStarted = workers[index].leases.count < workers[index].slots
        let run = groups[group].feeds[feed].run
        let token = leases.insert(
            Lease(
                worker: index,
                group: group,
                feed: feed,
                run: run,
                stream: groups[group].feeds[feed].stream,
                entry: entry,
                grantedAt: now,
                startedAt: isStarted ? now : nil
            )
        )
        workers[index].leases.append(token)
        workers[index].leasedBytes += entry.byteCount
        place(index, hasMoreRoom: false)
        groups[group].heldBytes += entry.byteCount
        groups[group].feeds[feed].leased += 1
        let deliver = Deliver(
            token: token,
            run: Run(group: groups[group].name, number: run),
            attempt: entry.attempts + 1,
            assignment: groups[group].feeds[feed].assignment,
            deadlineMilliseconds: deadlineMilliseconds
        )
        effects.append(.deliver(workers[index].peer, deliver, entry.slot))
    }

    // MARK: Whose turn it is

    /// The feed whose turn it is, and a worker that can take its next frame.
    ///
    /// A live one, and of each ``Settings/replayShare`` frames one of a replay.
    private mutating func nextPair(_ group: Int) -> (feed: Int, worker: Int)? {
        if groups[group].liveSinceReplay >= settings.replayShare - 1 {
            if let pair = nextPair(group, in: Group.replays) { return pair }
            // It waits for room, which smaller live frames would take from it for ever.
            let isPaused = lane.resultBytes >= settings.resultBytes
            guard groups[group].head(of: Group.replays) == nil || isPaused else { return nil }
        }
        if let pair = nextPair(group, in: Group.live) { return pair }
        // The room that a live frame waits for is not for smaller ones of a replay.
        guard groups[group].head(of: Group.live) == nil else { return nil }
        return nextPair(group, in: Group.replays)
    }

    private mutating func nextPair(_ group: Int, in kind: Int) -> (feed: Int, worker: Int)? {
        // Results of replays are owed, so they wait in memory: with too many of them replays pause.
        if kind == Group.replays, lane.resultBytes >= settings.resultBytes { return nil }
        while let feed = groups[group].head(of: kind) {
            guard let byteCount = nextByteCount(group: group, feed: feed) else {
                groups[group].rotations[kind].popFirst()
                groups[group].feeds[feed].turn = .idle
                continue
            }
            guard groups[group].isOrdered else {
                guard hasEarned(byteCount, group: group, feed: feed) else {
                    groups[group].rotations[kind].moveFirstToEnd()
                    continue
                }
                guard mayLease(byteCount, of: group) else { return nil }
                return leastLoadedWorker(of: group, for: byteCount).map { (feed, $0) }
            }
            // Older frames that may be poison go first, or the stream would go backwards.
            guard
                groups[group].feeds[feed].suspected == 0
                    || !groups[group].suspectIsNext(of: feed)
            else {
                groups[group].rotations[kind].popFirst()
                groups[group].feeds[feed].turn = .idle
                continue
            }
            guard let worker = heir(of: feed, in: group) else { return nil }
            // Behind those that wait for the worker already, or a large frame would wait for ever.
            let isNext = groups[group].feeds[feed].goesOn || workers[worker].parked.count == 0
            guard isNext else {
                groups[group].rotations[kind].popFirst()
                park(feed, of: group, on: worker)
                continue
            }
            guard hasEarned(byteCount, group: group, feed: feed) else {
                groups[group].rotations[kind].moveFirstToEnd()
                continue
            }
            guard mayLease(byteCount, of: group) else { return nil }
            if hasCredit(worker, for: byteCount) { return (feed, worker) }
            groups[group].rotations[kind].popFirst()
            park(feed, of: group, on: worker)
        }
        return nil
    }

    /// Whether a feed may send so many bytes in this round; otherwise it has its share of the next
    /// one, and its turn is over.
    ///
    /// Each round adds a quantum to every feed, so the largest frame bounds the rounds.
    mutating func hasEarned(_ byteCount: Int, group: Int, feed: Int) -> Bool {
        guard groups[group].feeds[feed].deficit < byteCount else { return true }
        groups[group].feeds[feed].deficit += settings.quantum
        groups[group].feeds[feed].isFresh = true
        groups[group].feeds[feed].goesOn = false
        return false
    }

    /// The size of the feed's next frame, or `nil` when it has none.
    ///
    /// Mutating, though it changes nothing: otherwise the whole router is copied for the call.
    mutating func nextByteCount(group: Int, feed: Int) -> Int? {
        if groups[group].feeds[feed].queue.count > 0 {
            return groups[group].feeds[feed].queue[0].byteCount
        }
        guard case .live(let index) = groups[group].feeds[feed].source else { return nil }
        return streams[groups[group].feeds[feed].stream].ring.entry(at: index)?.byteCount
    }

    /// Takes the feed's next frame, with a reference to its slot.
    private mutating func take(group: Int, feed: Int) -> Entry? {
        if let entry = takeQueued(group: group, feed: feed) { return entry }
        guard case .live(let index) = groups[group].feeds[feed].source,
            let entry = streams[groups[group].feeds[feed].stream].ring.entry(at: index)
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
        groups[group].countQueued(entry.byteCount, by: -1, feed: feed)
        return entry
    }
}
