internal import Wire

/// Who is in a group, and which streams it sees.
extension Router {
    /// The group of that name, made when it is new.
    mutating func groupIndex(_ name: String) -> Int {
        if let index = groupIndices[name] { return index }
        let index: Int
        if let free = freeGroups.popLast() {
            index = free
            groups[index] = Group(name: name)
        } else {
            index = groups.count
            groups.append(Group(name: name))
        }
        groupIndices[name] = index
        shareOut()
        return index
    }

    mutating func welcomeWorker(_ peer: PeerID, _ name: String, _ wishes: WorkerWishes) {
        guard groupIndices[wishes.group.name] != nil || groups.count < settings.groups else {
            let sentence = """
                the broker knows \(groups.count) groups, which is its limit; started anew it forgets \
                those that are gone and owe nothing
                """
            return refuse(peer, .refused, sentence)
        }
        let index = groupIndex(wishes.group.name)
        guard adopt(wishes.group, in: index) else {
            let recorded = groups[index].definition.map(\.description) ?? ""
            let sentence = """
                the group \(wishes.group.name) works on \(recorded); you asked for \
                \(wishes.group): use the same, or another --group
                """
            return refuse(peer, .groupDiffers, sentence)
        }
        var worker = Worker(
            peer: peer,
            name: name,
            model: wishes.model,
            group: index,
            creditFrames: Int(max(1, min(wishes.creditFrames, settings.creditFrames))),
            creditBytes: Int(min(wishes.creditBytes, UInt64(settings.payloadBudget / 8))),
            slots: Int(min(wishes.slots, settings.creditFrames))
        )
        worker.waits = groups[index].isDurable && !groups[index].isRecorded
        admit(worker)
        welcomeAgain(worker)
        note(.info, "worker \(name) joined group \(wishes.group.name)", about: peer)
        fetchWhereNeeded(group: index)
        dispatch(index)
    }

    private mutating func welcomeAgain(_ worker: Worker) {
        var welcome = welcome()
        welcome.creditFrames = worker.waits ? 0 : UInt32(worker.creditFrames)
        welcome.creditBytes = worker.waits ? 0 : UInt64(worker.creditBytes)
        if worker.waits {
            let name = groups[worker.group].name
            welcome.note = "the durable group \(name) waits until an archive has recorded it"
        }
        effects.append(.welcome(worker.peer, welcome))
    }

    /// The archive has the group's definition: workers that had to wait for that get their credit.
    ///
    /// What it has done is told behind this; nothing, if it has done nothing.
    mutating func markRecorded(_ group: Int) {
        for feed in groups[group].feeds.indices where groups[group].feeds[feed].run == 0 {
            let stream = groups[group].feeds[feed].stream
            let counted = streams[stream].countedFrames
            groups[group].feeds[feed].account = Account(countedFrames: counted)
        }
        groups[group].isRecorded = true
        groups[group].isConfirmed = true
        for index in groups[group].workers where workers[index].waits {
            workers[index].waits = false
            welcomeAgain(workers[index])
        }
    }

    mutating func welcomeViewer(_ peer: PeerID, _ name: String, _ patterns: [String]) {
        guard viewers < settings.viewers else {
            let sentence = "the broker has \(settings.viewers) viewers already, which is its limit"
            return refuse(peer, .refused, sentence)
        }
        viewerCount += 1
        viewers += 1
        // No worker can ask for a name with a blank in it.
        let index = groupIndex("viewer \(viewerCount)")
        groups[index].isViewer = true
        shareOut()
        groups[index].definition = GroupDefinition(
            name: groups[index].name,
            patterns: patterns,
            policy: .latest
        )
        for stream in streams.indices where covers(index, stream) {
            subscribe(group: index, stream: stream)
        }
        admit(
            Worker(
                peer: peer,
                name: name,
                model: "",
                group: index,
                creditFrames: 1,
                creditBytes: Limits.payloadByteCount,
                slots: 1
            )
        )
        var welcome = welcome()
        welcome.creditFrames = 1
        welcome.creditBytes = UInt64(Limits.payloadByteCount)
        effects.append(.welcome(peer, welcome))
    }

    private mutating func admit(_ worker: Worker) {
        let index: Int
        if let free = freeWorkers.popLast() {
            index = free
            workers[index] = worker
        } else {
            index = workers.count
            workers.append(worker)
        }
        groups[worker.group].workers.append(index)
        groups[worker.group].creditFrames += worker.creditFrames
        let rung = groups[worker.group].load.add(index)
        let sameRung = groups[worker.group].owners.add(index)
        precondition(rung == sameRung, "the ladders of a group differ")
        workers[index].rung = rung
        groups[worker.group].owners.put(rung, on: 0)
        place(index, hasMoreRoom: true)
        // It may have a stream that waits for another one.
        for member in groups[worker.group].workers { resumeParked(on: member) }
        // One more may mean a smaller share for each.
        for group in groups.indices { shedOverflow(group: group) }
        peers[worker.peer] = Peer(name: worker.name, role: .worker(index), lastHeard: now)
    }

    private func covers(_ group: Int, _ stream: Int) -> Bool {
        groups[group].definition?.covers(stream: streams[stream].name) ?? false
    }

    /// Makes `definition` the group's, unless it works in another way already.
    private mutating func adopt(_ definition: GroupDefinition, in group: Int) -> Bool {
        if let recorded = groups[group].definition {
            if recorded.worksLike(definition) { return true }
            // A group that owes nothing and has nobody may be made anew.
            guard groups[group].workers.isEmpty, recorded.policy != .durable else { return false }
            unsubscribe(group: group)
        }
        define(group, as: definition)
        groups[group].isRecorded = false
        for stream in streams.indices where covers(group, stream) {
            subscribe(group: group, stream: stream)
        }
        recordGroup(group)
        return true
    }

    /// A durable group's ledger is the archive's, and any other's is counted here.
    private mutating func define(_ group: Int, as definition: GroupDefinition) {
        if groups[group].isDurable || definition.policy == .durable { groups[group].forgetLedger() }
        groups[group].definition = definition
    }

    /// Has the archive record what the group is; frames that come later are behind that in the log.
    mutating func recordGroup(_ group: Int) {
        guard let definition = groups[group].definition, !groups[group].isViewer else { return }
        groups[group].recordsUnderWay += 1
        lane.append(.init(kind: .record(.group(definition)), byteCount: 0))
        pumpLane()
    }

    /// Forgets a group without workers: as if nobody had ever asked for it.
    mutating func forgetGroup(_ group: Int) {
        unsubscribe(group: group)
        groups[group].definition = nil
        groups[group].isRecorded = false
        groups[group].forgetLedger()
    }

    /// What the archive knows counts for more than what workers have asked for.
    mutating func handleGroupRecorded(_ peer: PeerID, _ definition: GroupDefinition) {
        guard hearArchive(peer) else { return }
        let index = groupIndex(definition.name)
        if let current = groups[index].definition, current.worksLike(definition) {
            return markRecorded(index)
        }
        let mustGiveWay = definition.policy == .durable || groups[index].workers.isEmpty
        // Otherwise the workers' definition is recorded anew when the archive is ready.
        guard mustGiveWay else { return }
        for worker in groups[index].workers {
            let peer = workers[worker].peer
            let sentence = """
                the archive has recorded the group \(definition.name) with \(definition): use the \
                same, or another --group
                """
            peers[peer] = nil
            removeWorker(worker, costsAttempt: false)
            refuse(peer, .groupDiffers, sentence)
        }
        unsubscribe(group: index)
        define(index, as: definition)
        for stream in streams.indices where covers(index, stream) {
            subscribe(group: index, stream: stream)
        }
        markRecorded(index)
    }

    // MARK: Feeds

    /// Gives the group its live feed of the stream.
    mutating func subscribe(group: Int, stream: Int) {
        let feed = feedIndex(group: group, run: 0, stream: stream)
        streams[stream].subscriptions.append(.init(group: group, feed: feed))
        if groups[group].isDurable { streams[stream].durableSubscriptions += 1 }
        guard groups[group].isRecorded else { return }
        let counted = streams[stream].countedFrames
        groups[group].feeds[feed].account = Account(countedFrames: counted)
    }

    /// Ends the group's live feeds; what waits in them is shed.
    private mutating func unsubscribe(group: Int) {
        for feed in groups[group].feeds.indices
        where groups[group].feeds[feed].run == 0 && !groups[group].feeds[feed].isOver {
            let stream = groups[group].feeds[feed].stream
            guard streams[stream].subscriptions.contains(where: { $0.group == group }) else {
                continue
            }
            streams[stream].subscriptions.removeAll { $0.group == group }
            if groups[group].isDurable { streams[stream].durableSubscriptions -= 1 }
            while let entry = takeQueued(group: group, feed: feed) {
                groups[group].shed += 1
                release(entry.slot)
            }
            while let entry = takeSuspect(group: group, feed: feed) {
                groups[group].shed += 1
                release(entry.slot)
            }
            endFeed(group: group, feed: feed)
        }
    }

    /// Ends a feed: what waits in it is released, and it is forgotten once no lease of it is out.
    mutating func endFeed(group: Int, feed: Int) {
        while let entry = takeQueued(group: group, feed: feed) { release(entry.slot) }
        while let entry = takeSuspect(group: group, feed: feed) { release(entry.slot) }
        endFetch(group: group, feed: feed)
        groups[group].forgetHunger(of: feed)
        endAssignment(group: group, feed: feed)
        groups[group].deactivate(feed)
        let (run, stream) = (groups[group].feeds[feed].run, groups[group].feeds[feed].stream)
        groups[group].feedIndices[.init(run: run, stream: stream)] = nil
        groups[group].feeds[feed].account = Account()
        groups[group].feeds[feed].isOver = true
        forgetIfOver(group: group, feed: feed)
    }

    /// The feed of (run, stream) into the group, made when it is new.
    mutating func feedIndex(group: Int, run: UInt32, stream: Int) -> Int {
        let key = Group.FeedKey(run: run, stream: stream)
        if let index = groups[group].feedIndices[key] { return index }
        let source: Feed.Source = run == 0 && !groups[group].isDurable ? .pushed : .behind
        let feed = Feed(run: run, stream: stream, source: source)
        let index: Int
        if let free = groups[group].freeFeeds.popLast() {
            index = free
            groups[group].feeds[index] = feed
        } else {
            index = groups[group].feeds.count
            groups[group].feeds.append(feed)
        }
        groups[group].feedIndices[key] = index
        return index
    }

    /// Gives a feed's place back that has ended, once no lease of it is out.
    mutating func forgetIfOver(group: Int, feed: Int) {
        guard groups[group].feeds[feed].isOver, groups[group].feeds[feed].leased == 0 else {
            return
        }
        groups[group].freeFeeds.append(feed)
    }
}

extension GroupDefinition {
    /// Whether frames take the same way in both; where a group starts matters only once.
    func worksLike(_ other: GroupDefinition) -> Bool {
        Set(patterns) == Set(other.patterns) && policy == other.policy && order == other.order
    }
}
