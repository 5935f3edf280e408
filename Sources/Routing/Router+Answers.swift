internal import Wire

/// Results: of a lease, late, or once more.
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

    /// A result after the deadline completes the frame if it is not done.
    ///
    /// The frame may wait for another try, or be in another worker's hands. A failure does not complete it,
    /// as it is tried again: what came too late may have failed for that very reason, such as a payload
    /// whose place was used again.
    private mutating func completeLate(
        _ lease: Lease,
        _ answer: Answer,
        _ slot: Slot,
        byteCount: Int
    ) {
        guard !answer.isFailure else { return }
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
}
