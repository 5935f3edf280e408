internal import Wire

/// Which worker may have which frame.
///
/// Under order `any`, whoever is least loaded. Under order `stream`, a feed has an owner as long as
/// no lease is lost, and every change of hands has a new assignment number; a feed whose owner has
/// no credit is parked with it, so that it costs nothing until that changes.
extension Router {
    /// Brings a worker to its place in its group, after its leases or what it may take have changed.
    mutating func place(_ index: Int, hasMoreRoom: Bool) {
        let group = workers[index].group
        let isReserved = groups[group].reservedWorker == index
        workers[index].mayTake = !isReserved && workers[index].hasRoom
        let share = workers[index].leases.count * 64 / workers[index].creditFrames
        groups[group].load.put(workers[index].rung, on: workers[index].mayTake ? share : nil)
        if hasMoreRoom { groups[group].refusedBytes = .max }
    }

    /// Keeps a worker free for a frame that may be poison, or none any more.
    mutating func reserve(_ index: Int?, of group: Int) {
        guard let before = groups[group].reservedWorker else {
            groups[group].reservedWorker = index
            if let index { place(index, hasMoreRoom: false) }
            return
        }
        guard before != index else { return }
        groups[group].reservedWorker = index
        place(before, hasMoreRoom: true)
        resumeParked(on: before)
        if let index { place(index, hasMoreRoom: false) }
    }

    /// The worker with the smallest share of its credit out that can take so many bytes.
    mutating func leastLoadedWorker(of group: Int, for byteCount: Int) -> Int? {
        guard byteCount < groups[group].refusedBytes else { return nil }
        var candidate = groups[group].load.first()
        while let rung = candidate {
            let worker = groups[group].load[rung]
            if hasCredit(worker, for: byteCount) { return worker }
            candidate = groups[group].load.next(after: rung)
        }
        groups[group].refusedBytes = byteCount
        return nil
    }

    /// Under order `stream`: the worker that may have the feed's next frame, with credit or without.
    mutating func heir(of feed: Int, in group: Int) -> Int? {
        let candidate = groups[group].owners.first().map { groups[group].owners[$0] }
        guard let owner = groups[group].feeds[feed].owner else {
            // Rather one that can take it now than one that owns less.
            if let candidate, workers[candidate].mayTake { return candidate }
            return groups[group].load.first().map { groups[group].load[$0] } ?? candidate
        }
        // A stream moves only once it is drained, and only to even the load out.
        if groups[group].feeds[feed].leased == 0, let candidate, workers[candidate].mayTake,
            workers[owner].isUnreachable
                || workers[owner].ownedFeeds - workers[candidate].ownedFeeds >= 2
        {
            return candidate
        }
        return owner
    }

    /// Whether the worker may get a frame of `byteCount` bytes.
    ///
    /// Mutating, as ``mayLease(_:of:)`` is, though it changes nothing: see ``nextByteCount(group:feed:)``.
    mutating func hasCredit(_ worker: Int, for byteCount: Int) -> Bool {
        guard workers[worker].mayTake else { return false }
        // One frame larger than the whole credit goes when nothing else is in flight.
        return workers[worker].leases.count == 0
            || workers[worker].leasedBytes + byteCount <= workers[worker].creditBytes
    }

    /// Makes the worker the feed's owner, under a new number unless it is that already.
    mutating func assign(group: Int, feed: Int, to worker: Int) {
        guard groups[group].isOrdered, groups[group].feeds[feed].owner != worker else { return }
        endAssignment(group: group, feed: feed)
        groups[group].lastAssignment += 1
        groups[group].feeds[feed].owner = worker
        groups[group].feeds[feed].assignment = groups[group].lastAssignment
        countOwned(worker, by: 1)
    }

    /// The feed's next frame goes out under a new number, to whoever may have it then.
    mutating func endAssignment(group: Int, feed: Int) {
        if case .parked(let worker) = groups[group].feeds[feed].turn {
            let offset = workers[worker].parked.firstIndex(of: feed)
            if let offset { workers[worker].parked.remove(at: offset) }
            groups[group].resume(feed, goesOn: false)
        }
        guard let owner = groups[group].feeds[feed].owner else { return }
        groups[group].feeds[feed].owner = nil
        countOwned(owner, by: -1)
    }

    private mutating func countOwned(_ worker: Int, by sign: Int) {
        workers[worker].ownedFeeds += sign
        rank(worker)
    }

    /// Brings a worker to its place among the owners: none, when it gets nothing until it answers.
    mutating func rank(_ worker: Int) {
        let isFit = !workers[worker].hangs && !workers[worker].isUnreachable
        groups[workers[worker].group].owners.put(
            workers[worker].rung,
            on: isFit ? workers[worker].ownedFeeds : nil
        )
    }

    /// Takes all streams from a worker that hangs, and what waits for it.
    mutating func disown(_ worker: Int) {
        let group = workers[worker].group
        if groups[group].reservedWorker == worker { reserve(nil, of: group) }
        rank(worker)
        guard groups[group].isOrdered else { return }
        for feed in groups[group].feeds.indices where groups[group].feeds[feed].owner == worker {
            endAssignment(group: group, feed: feed)
        }
        resumeParked(on: worker)
    }

    // MARK: Feeds that wait for one worker

    /// Takes a feed out of the rotation until the worker has credit again.
    mutating func park(_ feed: Int, of group: Int, on worker: Int) {
        groups[group].feeds[feed].turn = .parked(on: worker)
        groups[group].feeds[feed].goesOn = false
        // In the middle of its turn it is the next again.
        if groups[group].feeds[feed].isFresh {
            workers[worker].parked.append(feed)
        } else {
            workers[worker].parked.prepend(feed)
        }
    }

    /// Puts all feeds back into the rotation that wait for the worker, in their order.
    mutating func resumeParked(on worker: Int) {
        let group = workers[worker].group
        while let feed = workers[worker].parked.popLast() {
            groups[group].resume(feed, goesOn: false)
        }
    }

    /// Leases what a worker's answer has made room for.
    mutating func dispatch(_ group: Int, freed worker: Int) {
        dispatch(group)
        // One by one, as the first may take all the room; what does not fit keeps it free for itself.
        while workers[worker].mayTake, let feed = workers[worker].parked.first {
            if let byteCount = nextByteCount(group: group, feed: feed) {
                guard hasEarned(byteCount, group: group, feed: feed) else {
                    workers[worker].parked.moveFirstToEnd()
                    continue
                }
                // It is not the worker that they wait for.
                guard mayDispatch(group), mayLease(byteCount, of: group) else {
                    return resumeParked(on: worker)
                }
                guard hasCredit(worker, for: byteCount) else { return }
            }
            workers[worker].parked.popFirst()
            groups[group].resume(feed, goesOn: true)
            dispatch(group)
        }
    }
}
