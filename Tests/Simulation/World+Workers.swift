internal import Routing
internal import Wire

extension World {
    mutating func join(_ group: GroupDefinition) {
        let peer = newPeer()
        let name = "worker\(peer.value)"
        workers.append(SimulatedWorker(peer: peer, name: name, group: group.name))
        let wishes = WorkerWishes(
            group: group,
            creditFrames: UInt32(plan.creditFrames),
            creditBytes: 4_000,
            slots: UInt32(plan.slots),
            model: "none"
        )
        network.send(.event(.hello(peer, Hello(name: name, role: .worker(wishes)))), from: peer)
    }

    mutating func joinViewer() {
        guard workers.count(where: { $0.group.isEmpty }) < 2 else { return }
        let peer = newPeer()
        let name = "viewer\(peer.value)"
        workers.append(SimulatedWorker(peer: peer, name: name, group: ""))
        let hello = Hello(name: name, role: .viewer(patterns: ["*"]))
        network.send(.event(.hello(peer, hello)), from: peer)
    }

    mutating func joinOrLeave() {
        let leaves = (plan.hasGoodbyes || plan.hasWorkerLosses) && Bool.random(using: &random)
        if leaves, let index = workers.indices.randomElement(using: &random) {
            let peer = workers[index].peer
            if plan.hasGoodbyes, !plan.hasWorkerLosses || Bool.random(using: &random) {
                network.send(.event(.goodbye(peer)), from: peer)
                network.leave(peer)
                workers.remove(at: index)
            } else {
                lose(worker: index)
            }
        } else if workers.count < 8, let group = plan.groups.randomElement(using: &random) {
            join(group)
        }
    }

    private mutating func lose(worker index: Int) {
        let peer = workers[index].peer
        network.cut(peer)
        workers.remove(at: index)
        tell(.lost(peer))
    }

    mutating func receive(_ message: Downstream, worker index: Int) {
        switch message {
        case .welcome: break
        case .refuse:
            network.cut(workers[index].peer)
            workers.remove(at: index)
        case .lease(let deliver, let frame):
            workers[index].leases.append(.init(deliver: deliver, frame: frame))
            checkCredit(workers[index])
        default: fail("a worker is sent \(message)")
        }
    }

    /// In flight never exceeds credit, but for one frame larger than all of it.
    private mutating func checkCredit(_ worker: SimulatedWorker) {
        if worker.group.isEmpty {
            if worker.leases.count > 1 { fail("\(worker.name) holds more than one frame") }
            return
        }
        if worker.leases.count > plan.creditFrames {
            fail("\(worker.name) holds \(worker.leases.count) frames")
        }
        if worker.leases.count > 1, worker.heldBytes > 4_000 {
            fail("\(worker.name) holds \(worker.heldBytes) bytes")
        }
    }

    mutating func work() {
        guard let index = workers.indices.randomElement(using: &random) else { return }
        work(index, faultless: false)
    }

    /// One worker does what it does with the oldest frame that it has.
    mutating func work(_ index: Int, faultless: Bool) {
        guard index < workers.count, !workers[index].isStuck,
            let lease = workers[index].leases.first
        else { return }
        if plan.hasStuckWorkers, !faultless, random.once(in: 60),
            workers.count(where: \.isStuck) < 3
        {
            workers[index].isStuck = true
            return
        }
        if plan.hasHangs, !faultless, random.once(in: 40) {
            workers[index].hangsUntil = now + .seconds(4)
        }
        guard faultless || workers[index].hangsUntil <= now else { return }
        if poison.contains(lease.frame.id), !workers[index].group.isEmpty {
            return lose(worker: index)
        }
        let peer = workers[index].peer
        if plan.hasLies, !faultless, random.once(in: 50) {
            let lie = workers[index].lie(about: lease, Int.random(in: 0...4, using: &random))
            return network.send(.result(peer, lie), from: peer)
        }
        workers[index].leases.removeFirst()
        let failure = random.once(in: 20) ? "cannot see" : ""
        let result = workers[index].result(for: lease, failure: failure)
        network.send(.result(peer, result), from: peer)
        if !faultless, random.once(in: 40) { network.send(.result(peer, result), from: peer) }
    }
}
