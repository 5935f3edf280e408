internal import Wire

/// What is kept: the archive's session and the way to it.
extension Router {
    mutating func welcomeArchive(_ peer: PeerID, _ name: String, _ wishes: ArchiveWishes) {
        guard lane.session == nil else {
            let sentence =
                "the broker has an archive already, and takes one at a time: stop that one"
            return refuse(peer, .nameTaken, sentence)
        }
        lane.session = ArchiveLane.Session(
            peer: peer,
            creditMessages: Int(min(wishes.creditMessages, settings.creditFrames)),
            creditBytes: Int(clamping: wishes.creditBytes)
        )
        peers[peer] = Peer(name: name, role: .archive, lastHeard: now)
        for group in groups.indices {
            groups[group].isConfirmed = false
            for feed in groups[group].feeds.indices { groups[group].feeds[feed].isNamed = false }
        }
        for stream in streams.indices {
            streams[stream].archiveNext = nil
            streams[stream].resentFrames = 0
        }
        effects.append(.welcome(peer, welcome()))
        note(.debug, "the archive \(name) has connected")
    }

    /// Whether `peer` is the archive; an offence when it is somebody else.
    mutating func hearArchive(_ peer: PeerID) -> Bool {
        guard let role = hear(peer) else { return false }
        if case .archive = role { return true }
        offend(peer, .unexpected, "only an archive may say that")
        return false
    }

    mutating func handleReady(_ peer: PeerID) {
        guard hearArchive(peer) else { return }
        guard !lane.isReady else {
            return offend(peer, .unexpected, "it has said before that it is ready")
        }
        lane.begin()
        let waiting = lane.items.count
        note(
            .info,
            "the archive is there\(waiting > 0 ? "; \(waiting) messages waited for it" : "")"
        )
        for stream in streams.indices {
            closeGap(stream)
            markDirty(stream)
        }
        countWhatTheArchiveHas()
        for group in groups.indices {
            endUnnamedReplays(group)
            recordUnconfirmed(group)
        }
        pumpLane()
        fetchWhereNeeded()
        for group in groups.indices { dispatch(group) }
    }

    /// Frames that wait here, but are in the archive already, are in its accounts too.
    ///
    /// They were committed by an archive that ended before it could say so.
    private mutating func countWhatTheArchiveHas() {
        var counts: [Int: UInt64] = [:]
        for index in 0..<lane.items.count {
            guard case .frame(_, let stream, let place, _) = lane.items[index].kind,
                let next = streams[stream].archiveNext, place < next
            else { continue }
            counts[stream, default: 0] += 1
        }
        for (stream, count) in counts {
            streams[stream].resentFrames = count
            for subscription in streams[stream].subscriptions
            where groups[subscription.group].isConfirmed {
                let (group, feed) = (subscription.group, subscription.feed)
                groups[group].feeds[feed].account.countedFrames? += count
            }
        }
    }

    /// What the archive did not name is over: it was finished or called off meanwhile.
    private mutating func endUnnamedReplays(_ group: Int) {
        for feed in groups[group].feeds.indices {
            let state = groups[group].feeds[feed]
            guard state.isReplay, !state.isOver, !state.isNamed else { continue }
            endFeed(group: group, feed: feed)
        }
    }

    private mutating func recordUnconfirmed(_ group: Int) {
        guard !groups[group].isConfirmed, groups[group].recordsUnderWay == 0 else { return }
        let name = groups[group].name
        if groups[group].isRecorded {
            // Somebody had the archive forget it, or this is another archive.
            if groups[group].workers.isEmpty, groups[group].queuedFrames == 0 {
                note(.notice, "the archive has forgotten the group \(name), which has no workers")
                return forgetGroup(group)
            }
            note(.warning, "the archive does not know the group \(name): it is recorded anew")
        }
        recordGroup(group)
    }

    mutating func removeArchive() {
        lane.session = nil
        for group in groups.indices {
            for feed in groups[group].feeds.indices {
                endFetch(group: group, feed: feed)
            }
        }
        for stream in streams.indices { markDirty(stream) }
        let waits = streams.count { $0.needsArchive && $0.camera != nil }
        let effect =
            switch waits {
            case 0: "no stream waits for it"
            case 1: "one stream waits for it, the others flow on"
            default: "\(waits) streams wait for it, the others flow on"
            }
        note(.warning, "the archive is away; \(effect)")
    }

    mutating func handleStreamState(_ peer: PeerID, _ state: StreamState) {
        guard hearArchive(peer) else { return }
        let index = streamIndex(state.stream)
        if let camera = streams[index].camera, camera.epoch != 0, camera.epoch < state.next.epoch {
            peers[camera.peer] = nil
            removeCamera(of: index)
            streams[index].next = state.next
            refuseStaleEpoch(camera.peer, stream: index)
        }
        if streams[index].next < state.next { streams[index].next = state.next }
        // Behind READY it says what comes of what it is sent now.
        if !lane.isReady { streams[index].archiveNext = state.next }
        streams[index].markArchived(before: state.next)
        markDirty(index)
    }

    // MARK: Keeping

    /// Puts the frame on its way to the archive, or notes that nobody keeps it.
    mutating func keepForArchive(
        _ place: Place,
        _ slot: Slot,
        _ byteCount: Int,
        stream: Int,
        peer: PeerID
    ) -> Bool {
        let held = streams[stream].camera?.held ?? 0
        // A short absence loses nothing: what fits into half a window waits.
        let mayWait = lane.wasReady && held <= windowShare / 2 && streams[stream].openGap == nil
        guard lane.isReady || streams[stream].needsArchive || mayWait else {
            noteUnkept(place, of: stream)
            free(byteCount, of: stream, peer: peer)
            return false
        }
        closeGap(stream)
        slots.retain(slot)
        streams[stream].keptFrames += 1
        let kind = ArchiveLane.Item.Kind.frame(slot, stream: stream, place, camera: peer)
        lane.append(.init(kind: kind, byteCount: byteCount))
        pumpLane()
        return true
    }

    /// Sends what the archive has credit for.
    mutating func pumpLane() {
        while let (peer, item) = lane.takeForSending() {
            switch item.kind {
            case .frame(let slot, _, _, _), .result(let slot, _, _, _, _):
                effects.append(.store(peer, slot))
            case .record(.group(let definition)):
                // What the archive has recorded may have taken its place meanwhile.
                let current = groupIndices[definition.name].flatMap { groups[$0].definition }
                effects.append(.record(peer, .group(current ?? definition)))
            case .record(let record): effects.append(.record(peer, record))
            }
        }
    }

    mutating func handleCommitted(_ peer: PeerID, _ committed: Committed) {
        guard hearArchive(peer) else { return }
        guard let count = lane.newlyCommitted(through: committed.count) else {
            return offend(peer, .unexpected, "what it says it has committed was never sent to it")
        }
        hearTrouble(committed.trouble)
        let wasFull = lane.resultBytes >= settings.resultBytes
        for _ in 0..<count {
            let isAgain = lane.isResent
            guard let item = lane.popCommitted() else { break }
            switch item.kind {
            case .frame(let slot, let stream, let place, let camera):
                commitFrame(place, slot, item.byteCount, stream: stream, camera: camera)
            case .result(let slot, let group, let run, let stream, let isFailure):
                release(slot)
                if run > 0 { groups[group].replayCompleted += 1 }
                if !isAgain { settle(group, run, stream, isFailure ? .failed : .completed) }
            case .record(let record): commitRecord(record, isAgain: isAgain)
            }
        }
        shrinkRing()
        pumpLane()
        guard wasFull, lane.resultBytes < settings.resultBytes else { return }
        for group in groups.indices { dispatch(group) }
    }

    private mutating func commitFrame(
        _ place: Place,
        _ slot: Slot,
        _ byteCount: Int,
        stream: Int,
        camera: PeerID
    ) {
        streams[stream].markArchived(
            before: Place(epoch: place.epoch, sequence: place.sequence + 1)
        )
        streams[stream].committedThrough = place
        free(byteCount, of: stream, peer: camera)
        release(slot)
        streams[stream].committedFrames += 1
        if let next = streams[stream].archiveNext, place < next {
            streams[stream].resentFrames -= 1
        }
    }

    private mutating func commitRecord(_ record: Record, isAgain: Bool) {
        switch record {
        case .gap(let gap):
            guard let stream = streamIndices[gap.stream] else { return }
            streams[stream].markArchived(before: Place(epoch: gap.epoch, sequence: gap.last + 1))
            markDirty(stream)
        case .dead(let letter):
            guard !isAgain, let group = groupIndices[letter.run.group],
                let stream = streamIndices[letter.frame.stream]
            else { return }
            settle(group, letter.run.number, stream, .dead)
        case .group(let definition):
            guard let group = groupIndices[definition.name] else { return }
            groups[group].recordsUnderWay -= 1
            let isCurrent = groups[group].definition?.worksLike(definition) == true
            guard isCurrent, !groups[group].isConfirmed else { return }
            markRecorded(group)
            fetchWhereNeeded(group: group)
            dispatch(group)
        }
    }

    /// One frame less is owed.
    ///
    /// Not for what is sent again in a new session of the archive: it may have been counted there
    /// already, and if it was not, the archive's next word says so.
    private mutating func settle(
        _ group: Int,
        _ run: UInt32,
        _ stream: Int,
        _ outcome: Account.Outcome
    ) {
        guard run > 0 || groups[group].isDurable,
            let feed = groups[group].feedIndices[.init(run: run, stream: stream)]
        else { return }
        groups[group].feeds[feed].account.settle(outcome)
    }
}
