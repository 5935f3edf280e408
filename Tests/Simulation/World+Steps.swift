internal import Routing
internal import Wire

/// What happens next.
extension World {
    package mutating func step() {
        countStep()
        now += .milliseconds(Int.random(in: 0...20, using: &random))
        if Int.random(in: 0..<100, using: &random) < plan.networkShare {
            move()
        } else {
            act()
        }
        if steps.isMultiple(of: 25) {
            giveSignsOfLife()
            tell(.tick)
        }
        if steps.isMultiple(of: 5) { tell(.flush) }
        checkAlways()
    }

    /// Peers that have nothing to say and do not hang say that they are there.
    private mutating func giveSignsOfLife() {
        let hanging = Set(workers.filter { $0.hangsUntil > now }.map(\.peer))
        for connection in network.connections where connection.up.isEmpty && !connection.hasLeft {
            guard !hanging.contains(connection.peer) else { continue }
            network.send(.event(.heartbeat(connection.peer)), from: connection.peer)
        }
    }

    private mutating func act() {
        switch Int.random(in: 0..<1_000, using: &random) {
        case 0..<380: sendFrame(Int.random(in: 0..<cameras.count, using: &random))
        case 380..<640: work()
        case 640..<780: archiveWorks()
        case 780..<860: archiveAnswers()
        case 860..<920: joinOrLeave()
        case 920..<940: connectAll()
        case 940..<950: if plan.hasArchiveRestarts { restartArchive() }
        case 950..<955: if plan.hasBrokerRestarts { restartBroker() }
        case 955..<965: if plan.hasCameraRestarts { restartCamera() }
        case 965..<975: if plan.hasCuts { cutSomebody() }
        case 975..<985: if plan.hasReplays { startReplay() }
        case 985..<990: if plan.hasReplays { cancelReplay() }
        case 990..<995: if plan.hasHangs { archive.hangsUntil = now + .seconds(2) }
        default: if plan.hasViewers { joinViewer() }
        }
    }

    /// Moves one message of one peer, in one direction.
    mutating func move() {
        guard !network.connections.isEmpty else { return }
        let index = Int.random(in: 0..<network.connections.count, using: &random)
        if Bool.random(using: &random) {
            if let message = network.takeUp(index) { arrive(message) }
        } else if let (peer, message) = network.takeDown(index) {
            receive(message, at: peer)
        }
    }

    private mutating func receive(_ message: Downstream, at peer: PeerID) {
        if let camera = cameras.firstIndex(where: { $0.peer == peer }) {
            receive(message, camera: camera)
        } else if archive.peer == peer {
            receiveAtArchive(message)
        } else if let worker = workers.firstIndex(where: { $0.peer == peer }) {
            receive(message, worker: worker)
        }
    }

    /// Lets everything come to rest, with all peers there and no more faults.
    mutating func settle() {
        // An archive that has written everything, and ends before it has said so.
        if plan.hasArchiveRestarts {
            while !archive.inbox.isEmpty { archive.commitOne() }
            restartArchive()
        }
        var quiet = 0
        for round in 0..<5_000 {
            turn(round) { world in
                for camera in world.cameras.indices where !world.cameras[camera].hasSentAll {
                    world.sendFrame(camera)
                }
                for worker in world.workers.indices.reversed() {
                    world.work(worker, faultless: true)
                }
            }
            guard failures.isEmpty else { return }
            quiet = isAtRest ? quiet + 1 : 0
            // Long enough for what was told last to be told.
            if quiet > 40 { return }
        }
        let owing = archive.selected.keys.filter { !archive.owed($0).isEmpty }.map(
            \.run.description
        )
        let waiting = cameras.filter { !$0.unacknowledged.isEmpty }.map {
            "\($0.stream) with \($0.unacknowledged.count) frames, \($0.sent) sent, of \($0.limit)"
        }
        let leases = workers.reduce(0) { $0 + $1.leases.count }
        let groups = router.report().groups.filter { $0.pending > 0 || $0.replayOwed > 0 }.map {
            "\($0.group.name) has \($0.pending) pending and \($0.replayOwed) of replays"
        }
        fail(
            """
            does not come to rest: owed by \(owing.sorted()), \(leases) leases, \(waiting) wait, \
            \(router.report().broker.uncommittedMessages) messages uncommitted, \
            \(archive.fetches.count) fetches, \(groups)
            """
        )
    }

    /// A twentieth of a second with everybody there: cameras and workers do as `act` says, the archive
    /// commits and answers, and every message arrives.
    mutating func turn(_ round: Int, act: (inout World) -> Void) {
        countStep()
        now += .milliseconds(50)
        connectAll()
        for worker in workers {
            network.send(.event(.heartbeat(worker.peer)), from: worker.peer)
        }
        for peer in cameras.compactMap(\.peer) + [archive.peer].compactMap(\.self) {
            network.send(.event(.heartbeat(peer)), from: peer)
        }
        let group = plan.groups[round % plan.groups.count]
        // Two that work, whoever is stuck beside them.
        if workers.count(where: { $0.group == group.name && !$0.isStuck }) < 2 { join(group) }
        act(&self)
        for _ in 0..<4 {
            archiveWorks()
            archiveAnswers()
        }
        deliverAll()
        tell(.flush)
        tell(.tick)
        checkAlways()
    }

    private mutating func deliverAll() {
        for index in network.connections.indices {
            while index < network.connections.count, let message = network.takeUp(index) {
                arrive(message)
            }
        }
        for connection in network.connections {
            while let index = network.connections.firstIndex(where: {
                $0.peer == connection.peer
            }),
                let (peer, message) = network.takeDown(index)
            {
                receive(message, at: peer)
            }
        }
    }

    private var isAtRest: Bool {
        archive.inbox.isEmpty && archive.fetches.isEmpty && archive.owesNothing
            && workers.allSatisfy { $0.leases.isEmpty || $0.isStuck }
            && cameras.allSatisfy(\.unacknowledged.isEmpty)
            && router.report().broker.uncommittedMessages == 0
            && router.report().groups.allSatisfy { $0.pending == 0 && $0.replayOwed == 0 }
    }

    /// Peers without a session begin one.
    mutating func connectAll() {
        for index in cameras.indices where cameras[index].peer == nil { connect(camera: index) }
        if archive.peer == nil { connectArchive() }
    }

    /// The network drops a peer, in the middle of whatever was under way.
    private mutating func cutSomebody() {
        guard let victim = network.connections.randomElement(using: &random)?.peer else { return }
        note("cut \(victim.value)")
        network.cut(victim)
        if let camera = cameras.firstIndex(where: { $0.peer == victim }) {
            loseSession(camera: camera)
        } else if archive.peer == victim {
            archive.disconnect()
            forgetFetches()
        } else {
            workers.removeAll { $0.peer == victim }
        }
        // Sometimes the broker is told by its socket, and sometimes by silence only.
        if Bool.random(using: &random) { tell(.lost(victim)) }
    }
}
