internal import Wire

/// Which worker may have which stream.
///
/// Under order `any`, whoever is least loaded. Under order `stream`, a feed has an owner as long as
/// no lease is lost, and every change of hands has a new assignment number.
extension Router {
    /// The worker that gets the feed's next frame, if one can take so many bytes now.
    func worker(for feed: Int, of group: Int, _ byteCount: Int) -> Int? {
        guard groups[group].definition?.order == .stream else {
            return leastLoadedWorker(of: group, for: byteCount)
        }
        let state = groups[group].feeds[feed]
        // Older frames that may be poison go first, or the stream would go backwards.
        guard !groups[group].suspectIsNext(of: feed) else { return nil }
        let members = groups[group].workers
        let candidate = members.min { ownedFeeds($0) < ownedFeeds($1) }
        guard let owner = state.owner else {
            return candidate.flatMap { hasCredit($0, of: group, byteCount) ? $0 : nil }
        }
        // A stream moves only once it is drained, and only to even the load out.
        if state.leased == 0, let candidate, ownedFeeds(owner) - ownedFeeds(candidate) >= 2 {
            return hasCredit(candidate, of: group, byteCount) ? candidate : nil
        }
        return hasCredit(owner, of: group, byteCount) ? owner : nil
    }

    private func ownedFeeds(_ worker: Int) -> Int { workers[worker]?.ownedFeeds ?? 0 }

    private func hasCredit(_ worker: Int, of group: Int, _ byteCount: Int) -> Bool {
        worker != groups[group].reservedWorker
            && workers[worker]?.hasCredit(for: byteCount) == true
    }

    /// The worker with the smallest share of its credit out that can take so many bytes.
    func leastLoadedWorker(of group: Int, for byteCount: Int) -> Int? {
        var best: (index: Int, worker: Worker)?
        for index in groups[group].workers {
            guard index != groups[group].reservedWorker, let worker = workers[index],
                worker.hasCredit(for: byteCount)
            else { continue }
            if let best, !worker.isLessLoaded(than: best.worker) { continue }
            best = (index, worker)
        }
        return best?.index
    }

    /// Makes the worker the feed's owner, under a new number unless it is that already.
    mutating func assign(group: Int, feed: Int, to worker: Int) {
        guard groups[group].definition?.order == .stream,
            groups[group].feeds[feed].owner != worker
        else { return }
        endAssignment(group: group, feed: feed)
        groups[group].lastAssignment += 1
        groups[group].feeds[feed].owner = worker
        groups[group].feeds[feed].assignment = groups[group].lastAssignment
        workers[worker]?.ownedFeeds += 1
    }

    /// The feed's next frame goes out under a new number, to whoever may have it then.
    mutating func endAssignment(group: Int, feed: Int) {
        guard let owner = groups[group].feeds[feed].owner else { return }
        groups[group].feeds[feed].owner = nil
        workers[owner]?.ownedFeeds -= 1
    }
}
