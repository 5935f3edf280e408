import Routing
import Testing
import Wire

@Suite struct PolicyTests {
    private let latest = GroupDefinition(name: "faces", policy: .latest)
    private let queue = GroupDefinition(name: "faces", policy: .queue)

    @Test func eachGroupSeesAFrameOnceAndOneOfItsWorkersGetsIt() {
        var desk = Desk()
        let camera = desk.camera("a").peer
        let faces = [desk.worker(queue).peer, desk.worker(queue).peer]
        let people = desk.worker(GroupDefinition(name: "people"), name: "other").peer
        for sequence in 0..<4 as Range<UInt64> {
            let leases = desk.frame(camera, "a", sequence).leases
            #expect(leases.count { faces.contains($0.peer) } == 1)
            #expect(leases.count { $0.peer == people } == (sequence < 2 ? 1 : 0))
        }
    }

    @Test func theLeastLoadedWorkerByItsShareOfCreditGetsTheNextFrame() {
        var desk = Desk()
        let camera = desk.camera("a").peer
        let small = desk.worker(queue, frames: 2).peer
        let large = desk.worker(queue, frames: 6).peer
        var counts: [PeerID: Int] = [:]
        for sequence in 0..<8 as Range<UInt64> {
            for lease in desk.frame(camera, "a", sequence).leases {
                counts[lease.peer, default: 0] += 1
            }
        }
        #expect(counts == [small: 2, large: 6])
    }

    @Test func workersOfAGroupThatKeepsUpTakeTurns() {
        var desk = Desk()
        let camera = desk.camera("a").peer
        for _ in 0..<3 { desk.worker(queue) }
        var counts: [PeerID: Int] = [:]
        for sequence in 0..<9 as Range<UInt64> {
            let lease = desk.frame(camera, "a", sequence).leases[0]
            counts[lease.peer, default: 0] += 1
            desk.answer(lease.peer, lease.deliver, "a", sequence)
        }
        #expect(counts.values.sorted() == [3, 3, 3])
    }

    @Test func latestKeepsOnlyTheNewestFrameOfEachStream() {
        var desk = Desk()
        let camera = desk.camera("a").peer
        let worker = desk.worker(latest, frames: 1).peer
        let first = desk.frame(camera, "a", 0).leases[0]
        for sequence in 1...5 as ClosedRange<UInt64> { desk.frame(camera, "a", sequence) }
        let ledger = desk.ledger("faces")
        #expect(ledger?.superseded == 4)
        #expect(ledger?.pending == 2)
        let next = desk.answer(worker, first.deliver, "a", 0).leases
        #expect(next.count == 1)
        #expect(next[0].slot == Slot(6))
    }

    @Test func aFullQueueShedsTheOldestFrameOfTheStreamThatHoldsMost() {
        var desk = Desk { $0.queueFrames = 4 }
        let one = desk.camera("a").peer
        let other = desk.camera("b").peer
        desk.worker(queue, frames: 1)
        desk.frame(one, "a", 0)
        for sequence in 1...3 as ClosedRange<UInt64> { desk.frame(one, "a", sequence) }
        desk.frame(other, "b", 0)
        #expect(desk.ledger("faces")?.shed == 0)
        desk.frame(other, "b", 1)
        #expect(desk.ledger("faces")?.shed == 1)
        // Slot 2 holds frame 1 of a: frame 0 is with the worker.
        #expect(desk.released.contains(2))
    }

    @Test func aQueueIsBoundedInBytesToo() {
        var desk = Desk { $0.queueBytes = 3_000 }
        let camera = desk.camera("a").peer
        desk.worker(queue, frames: 1)
        for sequence in 0...3 as ClosedRange<UInt64> { desk.frame(camera, "a", sequence) }
        #expect(desk.ledger("faces")?.shed == 0)
        desk.frame(camera, "a", 4)
        #expect(desk.ledger("faces")?.shed == 1)
    }

    @Test func creditInBytesHoldsFramesBack() {
        var desk = Desk()
        let camera = desk.camera("a").peer
        desk.worker(queue, frames: 10, bytes: 2_500)
        #expect(desk.frame(camera, "a", 0).leases.count == 1)
        #expect(desk.frame(camera, "a", 1).leases.count == 1)
        #expect(desk.frame(camera, "a", 2).leases.count == 0)
    }

    @Test func aFrameLargerThanTheWholeCreditGoesToAnIdleWorkerOnly() {
        var desk = Desk()
        let camera = desk.camera("a").peer
        let worker = desk.worker(queue, frames: 10, bytes: 2_500).peer
        let small = desk.frame(camera, "a", 0).leases[0]
        #expect(desk.frame(camera, "a", 1, bytes: 9_000).leases.isEmpty)
        #expect(desk.answer(worker, small.deliver, "a", 0).leases.count == 1)
    }

    @Test func streamsShareAGroupByBytesNotByFrames() {
        var desk = Desk { $0.queueFrames = 100_000 }
        let (large, small) = (desk.camera("large").peer, desk.camera("small").peer)
        let worker = desk.worker(queue, frames: 1, bytes: 1 << 30).peer
        let firstLease = desk.frame(large, "large", 0, bytes: 200_000).leases[0]
        for sequence in 0..<40 as Range<UInt64> {
            if sequence > 0 { desk.frame(large, "large", sequence, bytes: 200_000) }
            for part in 0..<10 as Range<UInt64> {
                desk.frame(small, "small", sequence * 10 + part, bytes: 20_000)
            }
        }
        // Slots were given in order: every 11th is a large frame.
        var bytes = (large: 0, small: 0)
        var next: [UInt64] = [0, 0]
        var lease: (deliver: Deliver, isLarge: Bool)? = (firstLease.deliver, true)
        for _ in 0..<120 {
            guard let current = lease else { break }
            let stream = current.isLarge ? "large" : "small"
            let index = current.isLarge ? 0 : 1
            let effects = desk.answer(worker, current.deliver, stream, next[index])
            next[index] += 1
            if current.isLarge { bytes.large += 200_000 } else { bytes.small += 20_000 }
            lease = effects.leases.first.map { ($0.deliver, ($0.slot.index - 1) % 11 == 0) }
        }
        #expect(abs(bytes.large - bytes.small) <= 400_000, "\(bytes)")
        #expect(bytes.small > 500_000)
    }

    @Test func underLatestALargeFrameGetsItsTurnThoughMemoryIsShort() {
        // A group may keep 64,000 bytes waiting.
        var desk = Desk { $0.queueBytes = 64_000 }
        let large = desk.camera("large").peer
        let names = (0..<4).map { "small\($0)" }
        let cameras = names.map { desk.camera($0).peer }
        let worker = desk.worker(latest, frames: 1, bytes: 1 << 30).peer
        var lease = desk.frame(cameras[0], names[0], 0, bytes: 10_000).leases[0]
        var current = (stream: names[0], sequence: 0 as UInt64)
        var slots: [Slot: (String, UInt64)] = [:]
        var count = 1
        func note(_ stream: String, _ sequence: UInt64) {
            count += 1
            slots[Slot(count)] = (stream, sequence)
        }
        var largeFrames = 0
        for round in 1...40 as ClosedRange<UInt64> {
            desk.tell(.flush)
            desk.frame(large, "large", round, bytes: 50_000)
            note("large", round)
            for (name, camera) in zip(names, cameras) {
                desk.frame(camera, name, round, bytes: 10_000)
                note(name, round)
            }
            let effects = desk.answer(worker, lease.deliver, current.stream, current.sequence)
            count += 1
            guard let next = effects.leases.first, let frame = slots[next.slot] else { break }
            (lease, current) = (next, frame)
            if current.stream == "large" { largeFrames += 1 }
        }
        #expect(desk.ledger("faces")?.published == 201)
        #expect(largeFrames >= 4)
    }

    @Test func aSecondWorkerThatAsksForAnotherPolicyIsRefusedWithBoth() {
        var desk = Desk()
        desk.worker(latest)
        let refusals = desk.worker(queue).effects.refusals
        #expect(refusals.count == 1)
        #expect(refusals.first?.code == .groupDiffers)
        #expect(refusals.first?.sentence.contains("latest") == true)
        #expect(refusals.first?.sentence.contains("queue") == true)
    }

    @Test func aViewerThatHasLeftSeesNoStreamThatComesLater() {
        var desk = Desk()
        let first = desk.newPeer()
        desk.tell(.hello(first, Hello(name: "wall", role: .viewer(patterns: ["*"]))))
        desk.tell(.goodbye(first))
        let camera = desk.camera("a").peer
        let second = desk.newPeer()
        desk.tell(.hello(second, Hello(name: "wall", role: .viewer(patterns: ["*"]))))
        #expect(desk.router.audit() == [])
        #expect(desk.frame(camera, "a", 0).leases.count == 1)
    }

    @Test func aGroupWithoutWorkersThatOwesNothingMayBeMadeAnew() {
        var desk = Desk()
        let worker = desk.worker(latest).peer
        desk.tell(.goodbye(worker))
        #expect(desk.worker(queue).effects.refusals.isEmpty)
        #expect(desk.ledger("faces")?.group.policy == .queue)
    }

    @Test func aViewerGetsTheNewestFrameAtItsOwnPaceAndItsAnswersGoNowhere() {
        var desk = Desk()
        let archive = desk.archive()
        desk.tell(.ready(archive))
        let camera = desk.camera("a").peer
        let viewer = desk.newPeer()
        desk.tell(.hello(viewer, Hello(name: "wall", role: .viewer(patterns: ["a"]))))
        let first = desk.frame(camera, "a", 0).leases
        #expect(first.map(\.peer) == [viewer])
        for sequence in 1...3 as ClosedRange<UInt64> { desk.frame(camera, "a", sequence) }
        let effects = desk.answer(viewer, first[0].deliver, "a", 0, worker: "wall")
        #expect(effects.leases.map(\.slot) == [Slot(4)])
        #expect(effects.stored.isEmpty)
        #expect(desk.router.report().groups.isEmpty)
    }
}
