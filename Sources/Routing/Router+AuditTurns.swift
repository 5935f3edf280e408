internal import Wire

/// The part of ``Router/audit()`` that is about whose turn it is.
extension Router {
    func auditTurns() -> [String] {
        groups.indices.flatMap { index in
            auditFeeds(of: groups[index]) + auditMembers(of: groups[index])
        }
    }

    /// Each feed is where it says it waits, and its frames out of its queue are counted.
    private func auditFeeds(of group: Group) -> [String] {
        var broken: [String] = []
        var leased: [Int: Int] = [:]
        var held = 0
        for lease in leases.all where !lease.isExpired && groups[lease.group].name == group.name {
            leased[lease.feed, default: 0] += 1
            held += lease.entry.byteCount
        }
        var suspected: [Int: Int] = [:]
        for offset in 0..<group.suspects.count {
            suspected[group.suspects[offset].feed, default: 0] += 1
            held += group.suspects[offset].entry.byteCount
        }
        if held != group.heldBytes { broken.append("\(group.name) miscounts what is held") }
        let inRotation = [Group.live, Group.replays].map { Array(group.rotations[$0]) }
        for (index, feed) in group.feeds.enumerated() {
            let name = "feed \(index) of \(group.name)"
            if feed.leased != leased[index] ?? 0 { broken.append("\(name) miscounts its leases") }
            if feed.suspected != suspected[index] ?? 0 {
                broken.append("\(name) miscounts its suspects")
            }
            let rotation = feed.isReplay ? Group.replays : Group.live
            let places = inRotation[rotation].count { $0 == index }
            switch feed.turn {
            case .idle:
                if places != 0 { broken.append("\(name) is idle, and in the rotation") }
                if hasFrame(feed), feed.suspected == 0 { broken.append("\(name) has no turn") }
            case .inRotation:
                if places != 1 { broken.append("\(name) is in the rotation \(places) times") }
            case .parked(let worker):
                if places != 0 { broken.append("\(name) is parked, and in the rotation") }
                if !workers[worker].parked.contains(index) {
                    broken.append("\(name) is parked where nobody knows it")
                }
            }
        }
        return broken
    }

    private func hasFrame(_ feed: Feed) -> Bool {
        if feed.isOver { return false }
        if feed.queue.count > 0 { return true }
        guard case .live(let next) = feed.source else { return false }
        return streams[feed.stream].ring.entry(at: next) != nil
    }

    /// Whoever is waited for will move on, and the ladders say what is so.
    private func auditMembers(of group: Group) -> [String] {
        var broken: [String] = []
        var parked = 0
        // Asking it mutates, see ``hasCredit(_:for:)``.
        var router = self
        for index in group.workers {
            let worker = workers[index]
            parked += worker.parked.count
            let isReserved = group.reservedWorker == index
            if worker.parked.count > 0, worker.leases.isEmpty, !isReserved, !worker.isUnreachable {
                broken.append("streams wait for \(worker.name), which has nothing to answer")
            }
            if worker.parked.count > 0, worker.hangs {
                broken.append("streams wait for \(worker.name), which hangs")
            }
            let owned = group.feeds.count { $0.owner == index }
            if owned != worker.ownedFeeds { broken.append("\(worker.name) miscounts its streams") }
            if worker.mayTake != (worker.hasRoom && !isReserved) {
                broken.append("\(worker.name) is not where its room says")
            }
            let share = worker.leases.count * 64 / worker.creditFrames
            if group.load.rung(of: worker.rung) != (worker.mayTake ? share : nil) {
                broken.append("\(worker.name) is on another rung than its load")
            }
            if group.refusedBytes < .max, router.hasCredit(index, for: group.refusedBytes) {
                broken.append("\(worker.name) has room that was refused")
            }
        }
        let waiting = group.feeds.count { if case .parked = $0.turn { true } else { false } }
        if waiting != parked { broken.append("\(group.name) parks \(waiting) of \(parked)") }
        return broken
    }
}
