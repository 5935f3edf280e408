internal import Wire

extension Router {
    /// What is wrong with the broker's own books: nothing, ever.
    ///
    /// For tests, as it looks at everything.
    ///
    /// - Returns: A sentence for each invariant that does not hold.
    package func audit() -> [String] {
        auditStreams() + auditLeases() + auditWorkers() + auditTurns() + auditMemory()
    }

    /// A group sees each frame of its streams once, and so has one live feed of each.
    private func auditStreams() -> [String] {
        streams.flatMap { stream in
            var seen: Set<Int> = []
            return stream.subscriptions.compactMap { subscription in
                guard seen.insert(subscription.group).inserted else {
                    return "\(groups[subscription.group].name) sees \(stream.name) twice"
                }
                let feed = groups[subscription.group].feeds[subscription.feed]
                let isRight = streams[feed.stream].name == stream.name && feed.run == 0
                return isRight ? nil : "a feed of \(stream.name) is another's"
            }
        }
    }

    /// At most one live lease for a (group, run, frame), and none without a worker.
    private func auditLeases() -> [String] {
        struct Key: Hashable {
            let group: Int
            let run: UInt32
            let stream: Int
            let place: Place
        }
        var seen: Set<Key> = []
        var broken: [String] = []
        for lease in leases.all where !lease.isExpired {
            let place = lease.entry.place
            let key = Key(group: lease.group, run: lease.run, stream: lease.stream, place: place)
            if !seen.insert(key).inserted { broken.append("\(place) is leased twice") }
            if workers[lease.worker].isGone { broken.append("\(place) is leased to nobody") }
        }
        return broken
    }

    /// In flight never exceeds credit, but for one frame larger than all of it.
    private func auditWorkers() -> [String] {
        workers.filter { !$0.isGone }.compactMap { worker in
            let bytes = worker.leases.reduce(0) { $0 + (leases[$1]?.entry.byteCount ?? 0) }
            if bytes != worker.leasedBytes { return "the bytes of \(worker.name) are miscounted" }
            if worker.leases.count > worker.creditFrames {
                return "\(worker.name) holds more frames than its credit"
            }
            if worker.leases.count > 1, bytes > worker.creditBytes {
                return "\(worker.name) holds more bytes than its credit"
            }
            return nil
        }
    }

    /// The sums that decisions are made by are those of the parts.
    private func auditMemory() -> [String] {
        var broken: [String] = []
        for group in groups {
            let queued = group.feeds.filter { $0.source == .pushed }
                .reduce(0) { $0 + $1.queue.count }
            if queued != group.queuedFrames { broken.append("\(group.name) miscounts its queue") }
            let feeds = group.feeds.filter { $0.source != .pushed }
            let live = feeds.filter { !$0.isReplay }
                .reduce(0) { $0 + $1.queuedBytes + $1.askedBytes }
            let all = feeds.reduce(0) { $0 + $1.queuedBytes + $1.askedBytes }
            if (live, all - live) != group.fetchedBytes {
                broken.append("\(group.name) miscounts what it fetched")
            }
        }
        for group in groups where Set(group.freeFeeds).count != group.freeFeeds.count {
            broken.append("\(group.name) has a free feed twice")
        }
        let asked = groups.reduce(0) { $0 + $1.feeds.reduce(0) { $0 + $1.askedBytes } }
        if asked != askedBytes { broken.append("what the archive was asked for is miscounted") }
        let fetching = groups.reduce(0) { $0 + $1.feeds.count { $0.isFetching } }
        if fetching != fetchesUnderWay { broken.append("FETCH messages are miscounted") }
        for group in groups {
            let flagged = group.feeds.indices.filter { group.feeds[$0].isHungry }
            var lined: [Int] = []
            for line in group.hungry { for offset in 0..<line.count { lined.append(line[offset]) } }
            if flagged != lined.sorted() { broken.append("\(group.name) has lost who is hungry") }
        }
        let results = lane.countedResultBytes
        if results != lane.resultBytes { broken.append("results on their way are miscounted") }
        if heldBytes < 0 || heldBytes > grantedBytes { broken.append("windows are miscounted") }
        return broken
    }
}
