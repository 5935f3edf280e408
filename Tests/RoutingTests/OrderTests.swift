import Routing
import Testing
import Wire

@Suite struct OrderTests {
    private let group = GroupDefinition(name: "tracks", policy: .queue, order: .stream)

    @Test func allFramesOfAStreamGoToOneWorkerUnderOneNumber() {
        var desk = Desk()
        let (a, b) = (desk.camera("a").peer, desk.camera("b").peer)
        desk.worker(group, frames: 8)
        desk.worker(group, frames: 8)
        var owners: [String: Set<PeerID>] = [:]
        var numbers: [String: Set<UInt64>] = [:]
        for sequence in 0..<4 as Range<UInt64> {
            for (stream, camera) in [("a", a), ("b", b)] {
                for lease in desk.frame(camera, stream, sequence).leases {
                    owners[stream, default: []].insert(lease.peer)
                    numbers[stream, default: []].insert(lease.deliver.assignment)
                }
            }
        }
        #expect(owners["a"]?.count == 1)
        #expect(owners["b"]?.count == 1)
        #expect(owners["a"] != owners["b"])
        #expect(numbers["a"]?.count == 1)
        #expect(numbers["a"] != numbers["b"])
    }

    @Test func aFullOwnerHoldsItsOwnStreamsBackAndNoOthers() {
        var desk = Desk()
        let (a, b) = (desk.camera("a").peer, desk.camera("b").peer)
        desk.worker(group, frames: 1)
        desk.worker(group, frames: 1)
        #expect(desk.frame(a, "a", 0).leases.count == 1)
        #expect(desk.frame(a, "a", 1).leases.isEmpty)
        #expect(desk.frame(b, "b", 0).leases.count == 1)
    }

    @Test func aLostOwnersFramesGoOnOldestFirstUnderANewNumber() {
        var desk = Desk()
        let camera = desk.camera("a").peer
        let owner = desk.worker(group, frames: 3).peer
        var first: [UInt64] = []
        for sequence in 0..<3 as Range<UInt64> {
            first += desk.frame(camera, "a", sequence).leases.map(\.deliver.assignment)
        }
        desk.worker(group, frames: 3)
        let leases = desk.tell(.lost(owner)).leases
        #expect(leases.map(\.slot) == [Slot(1), Slot(2), Slot(3)])
        #expect(Set(leases.map(\.deliver.assignment)).isDisjoint(with: first))
        #expect(Set(leases.map(\.deliver.assignment)).count == 1)
    }

    @Test func framesThatMayBePoisonGoOldestFirstToo() {
        var desk = Desk()
        let camera = desk.camera("a").peer
        var owner = desk.worker(group, frames: 2, slots: 2).peer
        desk.frame(camera, "a", 0)
        desk.frame(camera, "a", 1)
        // Both are tried twice, and then the older one alone, in vain.
        var leases: [Slot] = []
        for _ in 0..<4 {
            desk.tell(.lost(owner))
            let (peer, effects) = desk.worker(group, frames: 2, slots: 2)
            owner = peer
            leases = effects.leases.map(\.slot)
        }
        #expect(leases == [Slot(1)])
    }

    @Test func aNewWorkerTakesAStreamOverOnlyOnceThatIsDrained() {
        var desk = Desk()
        let (a, b) = (desk.camera("a").peer, desk.camera("b").peer)
        let old = desk.worker(group, frames: 4).peer
        let lease = desk.frame(a, "a", 0).leases[0]
        desk.frame(b, "b", 0)
        let new = desk.worker(group, frames: 4).peer
        #expect(desk.frame(a, "a", 1).leases.map(\.peer) == [old])
        desk.answer(old, lease.deliver, "a", 0)
        #expect(desk.frame(a, "a", 2).leases.map(\.peer) == [old])
        let ledger = desk.ledger("tracks")
        #expect(ledger?.leased == 3)
        _ = new
    }

    @Test func aWorkerThatHangsKeepsNoStream() {
        var desk = Desk { $0.leaseDeadline = .seconds(30) }
        let (a, b) = (desk.camera("a").peer, desk.camera("b").peer)
        let stuck = desk.worker(group, name: "stuck", frames: 2).peer
        #expect(desk.frame(a, "a", 0).leases.map(\.peer) == [stuck])
        // Another stream is the stuck worker's too, and waits for its credit.
        desk.frame(b, "b", 0)
        desk.frame(b, "b", 1)
        let other = desk.worker(group, name: "other", frames: 4).peer
        desk.now = .seconds(30)
        let leases = desk.tell(.tick).leases
        #expect(leases.map(\.peer) == [other, other, other])
        desk.tell(.heartbeat(stuck))
        #expect(desk.frame(a, "a", 1).leases.map(\.peer) == [other])
    }

    @Test func framesPrefetchedByAWorkerThatHangsGoOnToo() {
        var desk = Desk { $0.leaseDeadline = .seconds(30) }
        let camera = desk.camera("a").peer
        desk.worker(GroupDefinition(name: "faces"), frames: 3)
        for sequence in 0..<3 as Range<UInt64> { desk.frame(camera, "a", sequence) }
        let other = desk.worker(GroupDefinition(name: "faces"), name: "other", frames: 3).peer
        desk.now = .seconds(30)
        let leases = desk.tell(.tick).leases
        #expect(leases.map(\.peer) == [other, other, other])
        #expect(leases.map(\.deliver.attempt) == [2, 1, 1])
    }

    @Test func aLargeFrameGetsItsTurnAmongSmallOnesOfTheSameWorker() {
        var desk = Desk { $0.queueFrames = 1_000 }
        let (large, small) = (desk.camera("large").peer, desk.camera("small").peer)
        let worker = desk.worker(group, frames: 8, bytes: 10_000).peer
        var leased = desk.frame(small, "small", 0, bytes: 2_000).leases
        leased += desk.frame(small, "small", 1, bytes: 2_000).leases
        // It needs nearly all of the credit, and something small is always there.
        #expect(desk.frame(large, "large", 0, bytes: 9_000).leases.isEmpty)
        let largeSlot = Slot(3)
        for answered in 0..<20 as Range<UInt64> where !leased.isEmpty {
            leased += desk.frame(small, "small", answered + 2, bytes: 2_000).leases
            if leased.contains(where: { $0.slot == largeSlot }) { break }
            let oldest = leased.removeFirst()
            leased += desk.answer(worker, oldest.deliver, "small", answered).leases
            #expect(desk.router.audit() == [])
        }
        #expect(leased.contains { $0.slot == largeSlot })
    }

    @Test func streamsThatWaitForAWorkerKeepTheirTurnWhenAnotherOneComes() {
        var desk = Desk { $0.queueFrames = 1_000 }
        let names = ["a", "b", "c", "d"]
        let cameras = names.map { desk.camera($0).peer }
        desk.worker(group, frames: 1)
        for (name, camera) in zip(names, cameras) { desk.frame(camera, name, 0) }
        // Slot 1 is leased, and 2 to 4 wait for the first worker.
        let leases = desk.worker(group, name: "second", frames: 2).effects.leases
        #expect(leases.map(\.slot) == [Slot(2), Slot(3)])
    }
}
