internal import Wire

/// Frames that no worker finished: tried again, suspected, given up.
extension Router {
    /// Takes a lease's frame back: to be tried again, alone if it may be poison, or given up.
    mutating func giveBack(
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

    /// Takes a frame out of the group's suspects; without a place, any of the feed's.
    mutating func takeSuspect(group: Int, feed: Int, place: Place? = nil) -> Entry? {
        let offset = groups[group].suspects.firstIndex {
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
}
