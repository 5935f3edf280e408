internal import Wire

/// What becomes of a worker's leases when it does not answer: expired, undeliverable, gone.
extension Router {
    /// Takes back a frame that never left: it was not tried.
    mutating func handleUndelivered(_ peer: PeerID, _ token: UInt64) {
        guard case .worker(let index)? = peers[peer]?.role, let lease = leases[token],
            lease.worker == index
        else { return }
        leases.remove(token)
        workers[index].isUnreachable = true
        rank(index)
        returnCredit(of: index, token: token, byteCount: lease.entry.byteCount)
        guard !lease.isExpired else { return }
        let name = workers[index].name
        giveBack(lease, countsAttempt: false, because: "could not be delivered", name)
        dispatch(lease.group)
    }

    mutating func returnCredit(of index: Int, token: UInt64, byteCount: Int) {
        guard let offset = workers[index].leases.firstIndex(of: token) else { return }
        workers[index].leases.remove(at: offset)
        workers[index].leasedBytes -= byteCount
        // The one that moves up to the last of the slots is started now.
        let last = workers[index].slots - 1
        if offset <= last, last < workers[index].leases.count {
            leases.start(workers[index].leases[last], at: now)
        }
        if workers[index].leases.count == 0 { workers[index].isAlone = false }
        if workers[index].hangs {
            workers[index].hangs = hasOnlyExpired(index)
            rank(index)
        }
        place(index, hasMoreRoom: true)
    }

    /// Takes the frames of started leases back whose deadline has passed.
    mutating func expireLeases() {
        for index in workers.indices where !workers[index].isGone {
            let worker = workers[index]
            for token in worker.leases.prefix(worker.slots) {
                guard let lease = leases[token], !lease.isExpired, let startedAt = lease.startedAt,
                    now - startedAt >= settings.leaseDeadline
                else { continue }
                leases[token]?.isExpired = true
                giveBack(lease, countsAttempt: true, because: "took too long", worker.name)
                takeBackAssignment(of: lease, from: worker)
            }
            takeBackPrefetched(index)
            dispatch(worker.group)
        }
    }

    /// Under order `stream`, takes the frames back that belong to the same assignment as `lost`.
    private mutating func takeBackAssignment(of lost: Lease, from worker: Worker) {
        guard groups[lost.group].isOrdered else { return }
        for token in worker.leases {
            guard let lease = leases[token], !lease.isExpired, lease.feed == lost.feed else {
                continue
            }
            leases[token]?.isExpired = true
            giveBack(lease, countsAttempt: false, because: "took too long", worker.name)
        }
    }

    /// Takes frames back that will not be started, as the worker hangs with all it has started.
    private mutating func takeBackPrefetched(_ index: Int) {
        guard hasOnlyExpired(index) else { return }
        let worker = workers[index]
        workers[index].hangs = true
        place(index, hasMoreRoom: false)
        for token in worker.leases.dropFirst(worker.slots) {
            guard let lease = leases[token], !lease.isExpired else { continue }
            leases[token]?.isExpired = true
            giveBack(lease, countsAttempt: false, because: "took too long", worker.name)
        }
        disown(index)
    }

    /// Whether a worker has started something, and the deadlines of all that have passed.
    private func hasOnlyExpired(_ worker: Int) -> Bool {
        !workers[worker].leases.isEmpty
            && workers[worker].leases.prefix(workers[worker].slots).allSatisfy {
                leases[$0]?.isExpired == true
            }
    }

    /// Takes a worker out of its group, and all frames out of its hands.
    mutating func removeWorker(_ index: Int, costsAttempt: Bool) {
        let worker = workers[index]
        if groups[worker.group].reservedWorker == index { reserve(nil, of: worker.group) }
        resumeParked(on: index)
        groups[worker.group].workers.removeAll { $0 == index }
        groups[worker.group].creditFrames -= worker.creditFrames
        for feed in groups[worker.group].feeds.indices
        where groups[worker.group].feeds[feed].owner == index {
            endAssignment(group: worker.group, feed: feed)
        }
        groups[worker.group].load.remove(worker.rung)
        groups[worker.group].owners.remove(worker.rung)
        workers[index].isGone = true
        workers[index].leases = Queue()
        freeWorkers.append(index)
        for (offset, token) in worker.leases.enumerated() {
            guard let lease = leases[token] else { continue }
            leases.remove(token)
            guard !lease.isExpired else { continue }
            let wasStarted = offset < worker.slots
            giveBack(
                lease,
                countsAttempt: costsAttempt && wasStarted,
                because: "its worker was lost",
                worker.name
            )
        }
        if groups[worker.group].isViewer {
            removeViewer(group: worker.group)
        } else {
            dispatch(worker.group)
        }
    }

    private mutating func removeViewer(group: Int) {
        for stream in streams.indices {
            streams[stream].subscriptions.removeAll { $0.group == group }
        }
        for feed in groups[group].feeds.indices {
            while let entry = takeQueued(group: group, feed: feed) { release(entry.slot) }
            while let entry = takeSuspect(group: group, feed: feed) { release(entry.slot) }
        }
        groupIndices[groups[group].name] = nil
        // Without its patterns: it sees no stream that comes later.
        groups[group] = Group(name: "")
        viewers -= 1
        freeGroups.append(group)
        shareOut()
    }
}
