internal import Wire

/// What comes back from the archive: catch-up, going on after a restart, and replays.
extension Router {
    /// Frames asked for ahead of the workers, for each of their credits.
    private static let fetchAhead = 2
    /// Payload bytes asked for at once, at most.
    private static let fetchChunk = 8 << 20
    /// The same for a replay, whose answer the archive may hold back until it is due.
    private static let replayChunk = 1 << 20

    /// Asks for more frames wherever a group could use them.
    mutating func fetchWhereNeeded() {
        for group in groups.indices { fetchWhereNeeded(group: group) }
    }

    mutating func fetchWhereNeeded(group: Int) {
        for feed in groups[group].feeds.indices { fetchIfNeeded(group: group, feed: feed) }
    }

    /// Asks the archive for the feed's next frames, unless it has enough or they are on their way.
    mutating func fetchIfNeeded(group: Int, feed: Int) {
        guard groups[group].feeds[feed].source == .behind else { return }
        let state = groups[group].feeds[feed]
        guard !state.isFetching, !state.isDrained, !state.isOver,
            lane.isReady, fetchesUnderWay < settings.fetches, let archive = lane.session?.peer,
            !groups[group].workers.isEmpty
        else { return }
        guard state.isReplay || groups[group].isConfirmed else { return }
        let target = max(16, Self.fetchAhead * groups[group].creditFrames)
        guard state.queue.count * 2 <= target else { return }
        let bytes = min(
            state.isReplay ? Self.replayChunk : Self.fetchChunk,
            fetchRoom(group, state)
        )
        guard bytes > 0 else { return }
        groups[group].feeds[feed].isFetching = true
        groups[group].feeds[feed].askedAfter = state.cursor
        fetchesUnderWay += 1
        groups[group].feeds[feed].askedBytes = bytes
        groups[group].fetchedBytes += bytes
        askedBytes += bytes
        let fetch = Fetch(
            run: Run(group: groups[group].name, number: state.run),
            stream: streams[state.stream].name,
            after: state.cursor,
            frames: UInt32(target - state.queue.count),
            bytes: UInt64(bytes)
        )
        effects.append(.fetch(archive, fetch))
    }

    /// Payload bytes that the feed may ask for: of its group's share, and of the memory that is left.
    private func fetchRoom(_ group: Int, _ feed: Feed) -> Int {
        // Replays have half of the share, so that those that wait never hold up the live run.
        let share = min(settings.fetchBytes, waitingShare(of: group))
        return min(
            (feed.isReplay ? share / 2 : share) - groups[group].fetchedBytes,
            roomForFetches
        )
    }

    /// Gives back the room that was kept for an answer.
    mutating func endFetch(group: Int, feed: Int) {
        groups[group].fetchedBytes -= groups[group].feeds[feed].askedBytes
        askedBytes -= groups[group].feeds[feed].askedBytes
        groups[group].feeds[feed].askedBytes = 0
        guard groups[group].feeds[feed].isFetching else { return }
        groups[group].feeds[feed].isFetching = false
        fetchesUnderWay -= 1
    }

    private func fetchingFeed(_ run: Run, _ stream: String) -> (group: Int, feed: Int)? {
        guard let group = groupIndices[run.group], let stream = streamIndices[stream],
            let feed = groups[group].feedIndices[.init(run: run.number, stream: stream)],
            groups[group].feeds[feed].isFetching
        else { return nil }
        return (group, feed)
    }

    mutating func handleFetched(_ peer: PeerID, _ fetched: Fetched, _ frame: Frame, _ slot: Slot) {
        let byteCount = Int(frame.byteCount)
        slots.open(slot, byteCount: byteCount)
        defer { release(slot) }
        guard hearArchive(peer), let (group, feed) = fetchingFeed(fetched.run, frame.id.stream)
        else { return }
        let place = frame.id.place
        // Ids at or before the cursor are never queued again.
        if let cursor = groups[group].feeds[feed].cursor, place <= cursor { return }
        guard groups[group].feeds[feed].askedBytes > 0 else {
            return offend(peer, .unexpected, "it sends more frames than it was asked for")
        }
        groups[group].feeds[feed].cursor = place
        let used = min(byteCount, groups[group].feeds[feed].askedBytes)
        groups[group].feeds[feed].askedBytes -= used
        groups[group].fetchedBytes -= used
        askedBytes -= used
        slots.retain(slot)
        let entry = Entry(
            place: place,
            slot: slot,
            byteCount: byteCount,
            arrivedAt: fetched.run.number == 0 ? arrival(of: frame) : now
        )
        groups[group].feeds[feed].append(entry)
        groups[group].countQueued(byteCount, by: 1, feed: feed)
        groups[group].activate(feed)
        dispatch(group)
    }

    /// When a frame came that is in the archive: about when it was captured.
    private func arrival(of frame: Frame) -> Duration {
        let age = settings.startedAt + now.nanoseconds - frame.capturedAt
        return now - .nanoseconds(max(0, age))
    }

    mutating func handleEnd(_ peer: PeerID, _ end: End) {
        guard hearArchive(peer), let (group, feed) = fetchingFeed(end.run, end.stream) else {
            return
        }
        endFetch(group: group, feed: feed)
        if groups[group].feeds[feed].isReplay {
            groups[group].feeds[feed].account.owed = Int64(min(end.owedFrames, Account.most))
        }
        let cursor = groups[group].feeds[feed].cursor
        if let through = end.through {
            groups[group].feeds[feed].cursor = cursor.map { max($0, through) } ?? through
        }
        let hasAdvanced =
            groups[group].feeds[feed].cursor != groups[group].feeds[feed].askedAfter
        if end.isHead, groups[group].feeds[feed].isReplay {
            groups[group].feeds[feed].isDrained = true
        } else if end.isHead, goLive(group: group, feed: feed) {
            dispatch(group)
        } else if hasAdvanced {
            fetchIfNeeded(group: group, feed: feed)
        }
        // Otherwise the archive has not come further: the next tick asks again.
    }

    /// Lets a durable feed read along in the ring, if all frames it still needs are there.
    private mutating func goLive(group: Int, feed: Int) -> Bool {
        let state = groups[group].feeds[feed]
        guard let index = streams[state.stream].ring.index(after: state.cursor) else {
            return false
        }
        groups[group].feeds[feed].source = .live(index)
        groups[group].activate(feed)
        note(.debug, "group \(groups[group].name) is live on \(streams[state.stream].name)")
        return true
    }

    /// Sends durable feeds that need a frame before `index` of the ring to the archive for it.
    mutating func fallBehind(before index: Int, stream: Int) {
        for subscription in streams[stream].subscriptions {
            let (group, feed) = (subscription.group, subscription.feed)
            guard case .live(let next) = groups[group].feeds[feed].source, next < index else {
                continue
            }
            groups[group].feeds[feed].source = .behind
            let names = (groups[group].name, streams[stream].name)
            note(.debug, "group \(names.0) is behind on \(names.1)")
            fetchIfNeeded(group: group, feed: feed)
        }
    }

    mutating func handleDebt(_ peer: PeerID, _ debt: Debt) {
        guard hearArchive(peer) else { return }
        // Not a viewer's either, whose name has a blank in it.
        guard Names.isValidGroup(debt.run.group) else {
            return offend(peer, .unexpected, "no group can be called \(debt.run.group)")
        }
        let group = groupIndex(debt.run.group)
        let stream = streamIndex(debt.stream)
        let isKnown = groups[group].feedIndices[.init(run: debt.run.number, stream: stream)] != nil
        guard isKnown || debt.owedFrames > 0 else { return }
        guard debt.run.number > 0 || groups[group].isDurable else { return }
        let feed = feedIndex(group: group, run: debt.run.number, stream: stream)
        let counted = debt.run.number == 0 ? streams[stream].countedFrames : nil
        groups[group].feeds[feed].account = Account(debt, countedFrames: counted)
        groups[group].feeds[feed].isNamed = true
        if debt.owedFrames == 0, debt.run.number > 0 {
            endFeed(group: group, feed: feed)
        } else {
            fetchIfNeeded(group: group, feed: feed)
        }
    }
}
