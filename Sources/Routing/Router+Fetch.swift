internal import Wire

/// What comes back from the archive: catch-up, going on after a restart, and replays.
///
/// There is seldom room for all who want frames at once. So each group has a line of the feeds that do,
/// one for the live run and one for replays, from which they are served in turn; a feed that wants
/// more joins the end of it. The two lines alternate, and so do the groups.
extension Router {
    /// Frames asked for ahead of the workers, for each of their credits.
    private static let fetchAhead = 2
    /// Payload bytes asked for at once, at most.
    private static let fetchMost = 8 << 20
    /// Payload bytes asked for at once at least, where the group has others to work on meanwhile.
    private static let fetchLeast = 256 << 10

    /// Asks for more frames wherever a group could use them.
    mutating func fetchWhereNeeded() {
        guard lane.isReady else { return }
        for group in groups.indices { queueUp(group) }
        fetchInTurn()
    }

    mutating func fetchWhereNeeded(group: Int) {
        guard lane.isReady else { return }
        queueUp(group)
        fetchInTurn()
    }

    private mutating func queueUp(_ group: Int) {
        for feed in groups[group].feeds.indices { queueUp(group: group, feed: feed) }
    }

    /// Asks the archive for the feed's next frames when its turn comes, unless it has enough or they
    /// are on their way.
    mutating func fetchIfNeeded(group: Int, feed: Int) {
        queueUp(group: group, feed: feed)
        // Also for others: what was leased has made room.
        while groups[group].hasHungry, fetchNext(of: group) {}
    }

    private mutating func queueUp(group: Int, feed: Int) {
        guard groups[group].feeds[feed].source == .behind, !groups[group].feeds[feed].isHungry,
            lane.isReady, wantsFrames(group: group, feed: feed)
        else { return }
        groups[group].feeds[feed].isHungry = true
        groups[group].hungry[groups[group].feeds[feed].isReplay ? Group.replays : Group.live]
            .append(feed)
    }

    /// Whether the feed could use more frames than it has.
    private mutating func wantsFrames(group: Int, feed: Int) -> Bool {
        let feed = groups[group].feeds[feed]
        return feed.source == .behind && !feed.isFetching && !feed.isDrained && !feed.isOver
            && feed.queue.count * 2 <= frameTarget(of: group)
    }

    /// Frames of one feed that are to be here.
    private func frameTarget(of group: Int) -> Int {
        max(16, Self.fetchAhead * groups[group].creditFrames)
    }

    /// Serves the groups in turn, until there is nothing more to ask for, or no room.
    private mutating func fetchInTurn() {
        var idle = 0
        while fetchesUnderWay < settings.fetches, idle < groups.count {
            groupToFetch = (groupToFetch + 1) % groups.count
            idle = fetchNext(of: groupToFetch) ? 0 : idle + 1
        }
    }

    /// Asks for frames of the feed whose turn it is; returns whether there was one.
    private mutating func fetchNext(of group: Int) -> Bool {
        guard groups[group].hasHungry, !groups[group].workers.isEmpty, lane.isReady,
            fetchesUnderWay < settings.fetches, let archive = lane.session?.peer
        else { return false }
        let turn = groups[group].lineToFetch
        for kind in [turn, 1 - turn] {
            while let feed = groups[group].hungry[kind].first {
                guard wantsFrames(group: group, feed: feed),
                    groups[group].feeds[feed].isReplay == (kind == Group.replays)
                else {
                    groups[group].hungry[kind].popFirst()
                    groups[group].feeds[feed].isHungry = false
                    continue
                }
                guard kind == Group.replays || groups[group].isConfirmed,
                    let bytes = bytesToFetch(group, kind)
                else { break }
                groups[group].hungry[kind].popFirst()
                groups[group].feeds[feed].isHungry = false
                groups[group].lineToFetch = 1 - kind
                ask(archive, for: bytes, group: group, feed: feed)
                return true
            }
        }
        return false
    }

    private mutating func ask(_ archive: PeerID, for bytes: Int, group: Int, feed: Int) {
        let state = groups[group].feeds[feed]
        groups[group].feeds[feed].isFetching = true
        groups[group].feeds[feed].askedAfter = state.cursor
        fetchesUnderWay += 1
        groups[group].feeds[feed].askedBytes = bytes
        groups[group].countFetched(bytes, replay: state.isReplay)
        askedBytes += bytes
        let fetch = Fetch(
            run: Run(group: groups[group].name, number: state.run),
            stream: streams[state.stream].name,
            after: state.cursor,
            frames: UInt32(frameTarget(of: group) - state.queue.count),
            bytes: UInt64(bytes)
        )
        effects.append(.fetch(archive, fetch))
    }

    /// Payload bytes that the next feed in line may ask for: of its group's share, and of the memory
    /// that is left; `nil` when that is too little to be worth it.
    private func bytesToFetch(_ group: Int, _ kind: Int) -> Int? {
        let whole = min(settings.fetchBytes, waitingShare(of: group))
        let fetched = groups[group].fetchedBytes
        // Each has half of its own when there are both, so that neither holds the other up.
        let isReplay = kind == Group.replays
        let isShared = fetched.replays > 0 || groups[group].hungry[Group.replays].count > 0
        let share = isReplay || isShared ? whole / 2 : whole
        let used = isReplay ? fetched.replays : fetched.live
        let left = whole - fetched.live - fetched.replays
        let room = min(share - used, left, roomForFetches)
        guard room > 0 else { return nil }
        // A little at a time would be a question and an answer for each frame.
        guard room >= min(Self.fetchLeast, share / 4) || used == 0 else { return nil }
        let fair = room / max(1, groups[group].hungry[kind].count)
        return min(room, Self.fetchMost, max(fair, Self.fetchLeast))
    }

    /// Gives back the room that was kept for an answer.
    mutating func endFetch(group: Int, feed: Int) {
        groups[group].countFetched(
            -groups[group].feeds[feed].askedBytes,
            replay: groups[group].feeds[feed].isReplay
        )
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
        groups[group].countFetched(-used, replay: groups[group].feeds[feed].isReplay)
        askedBytes -= used
        slots.retain(slot)
        let entry = Entry(
            place: place,
            slot: slot,
            byteCount: byteCount,
            arrivedAt: fetched.run.number == 0 ? arrival(of: frame) : now
        )
        groups[group].feeds[feed].behindSince = entry.arrivedAt
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
        // Otherwise the archive has not come further: its next DEBT or tick asks again.
        fetchInTurn()
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
            groups[group].feeds[feed].behindSince =
                streams[stream].ring.entry(at: next)?.arrivedAt ?? now
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
