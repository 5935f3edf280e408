import Routing
import Testing
import Wire

@Suite struct LeaseTests {
    private let group = GroupDefinition(name: "faces", policy: .queue)

    @Test func aDeadWorkersFramesGoToAnotherAtOnceAndInOrder() {
        var desk = Desk()
        let camera = desk.camera("a").peer
        let dying = desk.worker(group, frames: 3).peer
        for sequence in 0..<3 as Range<UInt64> { desk.frame(camera, "a", sequence) }
        desk.worker(group, name: "other", frames: 3)
        let leases = desk.tell(.lost(dying)).leases
        #expect(leases.map(\.slot) == [Slot(1), Slot(2), Slot(3)])
        // Only the first was started, so only that one was tried.
        #expect(leases.map(\.deliver.attempt) == [2, 1, 1])
    }

    @Test func aFrameThatMayBePoisonDoesNotWaitForAWorkerThatHangs() {
        var desk = Desk { $0.leaseDeadline = .seconds(30) }
        let camera = desk.camera("a").peer
        // The same frame makes two workers hang, who go on giving signs of life.
        desk.worker(group, name: "first", frames: 1)
        desk.frame(camera, "a", 0)
        desk.now = .seconds(30)
        desk.tell(.tick)
        desk.worker(group, name: "second", frames: 1)
        desk.now = .seconds(60)
        desk.tell(.tick)
        // A busy one is there; it gets the frame as soon as it is empty.
        let busy = desk.worker(group, name: "busy", frames: 1)
        #expect(busy.effects.leases.map(\.deliver.attempt) == [3])
        let lease = busy.effects.leases[0]
        desk.frame(camera, "a", 1)
        let next = desk.answer(busy.peer, lease.deliver, "a", 0, worker: "busy").leases
        #expect(next.map(\.peer) == [busy.peer])
        #expect(desk.ledger("faces")?.completed == 1)
    }

    @Test func aFrameThatMayBePoisonIsReservedForNobodyWhoHangs() {
        var desk = Desk { $0.leaseDeadline = .seconds(30) }
        let camera = desk.camera("a").peer
        desk.worker(group, name: "first", frames: 1)
        desk.frame(camera, "a", 0)
        desk.now = .seconds(30)
        desk.tell(.tick)
        desk.worker(group, name: "second", frames: 1)
        // Now a third one is busy with another frame while the second hangs, too.
        let busy = desk.worker(group, name: "busy", frames: 2).peer
        let other = desk.frame(camera, "a", 1).leases
        #expect(other.map(\.peer) == [busy])
        desk.now = .seconds(59)
        desk.tell(.heartbeat(busy))
        desk.answer(busy, other[0].deliver, "a", 1, worker: "busy")
        let again = desk.frame(camera, "a", 2).leases
        #expect(again.map(\.peer) == [busy])
        desk.now = .seconds(60)
        #expect(desk.tell(.tick).leases.isEmpty)
        #expect(desk.frame(camera, "a", 3).leases.isEmpty)
        let suspect = desk.answer(busy, again[0].deliver, "a", 2, worker: "busy").leases
        #expect(suspect.map(\.deliver.attempt) == [3])
    }

    @Test func aLeaseThatCouldNotBeSentCostsNoAttempt() {
        var desk = Desk()
        let camera = desk.camera("a").peer
        // Ten workers have left, and the broker has not read their goodbyes.
        let leaving = (0..<10).map { _ in desk.worker(group).peer }
        var lease = desk.frame(camera, "a", 0).leases[0]
        for peer in leaving {
            #expect(lease.peer == peer)
            let again = desk.tell(.undelivered(peer, token: lease.deliver.token)).leases
            if let next = again.first { lease = next }
        }
        #expect(desk.frame(camera, "a", 1).leases.isEmpty)
        for peer in leaving { #expect(desk.tell(.lost(peer)).leases.isEmpty) }
        let worker = desk.worker(group)
        #expect(worker.effects.leases.map(\.deliver.attempt) == [1, 1])
        #expect(desk.ledger("faces")?.dead == 0)
    }

    @Test func goodbyeCostsNoAttempt() {
        var desk = Desk()
        let camera = desk.camera("a").peer
        let leaving = desk.worker(group).peer
        desk.frame(camera, "a", 0)
        desk.worker(group, name: "other")
        #expect(desk.tell(.goodbye(leaving)).leases.map(\.deliver.attempt) == [1])
    }

    @Test func aSilentWorkerIsLostExactlyAtItsLimit() {
        var desk = Desk {
            $0.silence = .seconds(69)
            $0.leaseDeadline = .seconds(600)
        }
        let camera = desk.camera("a").peer
        let silent = desk.worker(group).peer
        desk.frame(camera, "a", 0)
        desk.now = .seconds(60)
        let other = desk.worker(group, name: "other").peer
        desk.tell(.heartbeat(camera))
        desk.now = .milliseconds(68_999)
        #expect(!desk.tell(.tick).forgets(silent))
        desk.now = .seconds(69)
        let effects = desk.tell(.tick)
        #expect(effects.forgets(silent))
        #expect(effects.leases.map(\.peer) == [other])
    }

    @Test func aFrameThatKillsFiveWorkersBecomesADeadLetterAndTheSixthLives() {
        var desk = Desk()
        let archive = desk.archive()
        desk.tell(.ready(archive))
        let camera = desk.camera("a").peer
        var victim = desk.worker(group).peer
        desk.frame(camera, "a", 0)
        for attempt in 1...5 as ClosedRange<UInt16> {
            let effects = desk.tell(.lost(victim))
            if attempt == 5 {
                guard case .dead(let letter)? = effects.records.first else {
                    Issue.record("there is no dead letter")
                    return
                }
                #expect(letter.attempts == 5)
                #expect(letter.frame.sequence == 0)
            } else {
                #expect(effects.records.isEmpty)
            }
            let next = desk.worker(group)
            #expect(next.effects.leases.count == (attempt < 5 ? 1 : 0))
            victim = next.peer
        }
        let ledger = desk.ledger("faces")
        #expect(ledger?.dead == 1)
        #expect(ledger?.published == 1)
    }

    @Test func aFrameTriedTwiceGoesAloneAndTakesNoOtherFrameWithIt() {
        var desk = Desk()
        let camera = desk.camera("a").peer
        var victim = desk.worker(group, frames: 4, slots: 2).peer
        for sequence in 0..<4 as Range<UInt64> { desk.frame(camera, "a", sequence) }
        for _ in 0..<2 {
            desk.tell(.lost(victim))
            victim = desk.worker(group, frames: 4, slots: 2).peer
        }
        // Frames 0 and 1 were started twice: one of them is poison, and goes alone from now on.
        let other = desk.worker(group, name: "other", frames: 4, slots: 2)
        #expect(desk.router.report().workers.map(\.leased) == [1, 1])
        #expect(other.effects.leases.map(\.deliver.attempt) == [3])
        let effects = desk.tell(.lost(other.peer))
        #expect(effects.leases.isEmpty)
        #expect(desk.ledger("faces")?.pending == 4)
    }

    @Test func anExpiredLeaseGivesTheFrameToAnotherButNotTheCreditBack() {
        var desk = Desk { $0.leaseDeadline = .seconds(30) }
        let camera = desk.camera("a").peer
        let slow = desk.worker(group, frames: 1).peer
        let lease = desk.frame(camera, "a", 0).leases[0]
        let other = desk.worker(group, name: "other", frames: 1).peer
        desk.now = .milliseconds(29_999)
        #expect(desk.tell(.tick).leases.isEmpty)
        desk.now = .seconds(30)
        let again = desk.tell(.tick).leases
        #expect(again.map(\.peer) == [other])
        #expect(desk.frame(camera, "a", 1).leases.isEmpty)
        // The late answer frees the credit, and completes the frame though another works on it.
        #expect(desk.answer(slow, lease.deliver, "a", 0).leases.map(\.peer) == [slow])
        #expect(desk.ledger("faces")?.completed == 1)
        #expect(desk.ledger("faces")?.pending == 1)
        // What that one answers counts no more, but its credit is back.
        let last = desk.frame(camera, "a", 2)
        #expect(last.leases.isEmpty)
        let answered = desk.answer(other, again[0].deliver, "a", 0, worker: "other")
        #expect(answered.leases.map(\.peer) == [other])
        #expect(desk.ledger("faces")?.completed == 1)
    }

    @Test func aWorkerThatHangsGetsNothingUntilItAnswers() {
        var desk = Desk { $0.leaseDeadline = .seconds(30) }
        let camera = desk.camera("a").peer
        let slow = desk.worker(group, frames: 4).peer
        let lease = desk.frame(camera, "a", 0).leases[0]
        desk.frame(camera, "a", 1)
        desk.now = .seconds(30)
        #expect(desk.tell(.tick).leases.isEmpty)
        #expect(desk.frame(camera, "a", 2).leases.isEmpty)
        #expect(desk.ledger("faces")?.pending == 3)
        // It still holds the second frame, whose lease is over too.
        #expect(desk.answer(slow, lease.deliver, "a", 0).leases.isEmpty)
        #expect(desk.ledger("faces")?.completed == 1)
        let other = desk.worker(group, name: "other", frames: 4)
        #expect(other.effects.leases.map(\.peer) == [other.peer, other.peer])
    }

    @Test func aLateResultCompletesAFrameThatIsStillOwed() {
        var desk = Desk { $0.leaseDeadline = .seconds(30) }
        let camera = desk.camera("a").peer
        let slow = desk.worker(group, frames: 1).peer
        let lease = desk.frame(camera, "a", 0).leases[0]
        desk.now = .seconds(30)
        desk.tell(.tick)
        #expect(desk.ledger("faces")?.pending == 1)
        desk.answer(slow, lease.deliver, "a", 0)
        #expect(desk.ledger("faces")?.completed == 1)
        #expect(desk.ledger("faces")?.pending == 0)
    }

    @Test func aSecondAnswerToALeaseChangesNothing() {
        var desk = Desk()
        let camera = desk.camera("a").peer
        let worker = desk.worker(group).peer
        let lease = desk.frame(camera, "a", 0).leases[0]
        desk.answer(worker, lease.deliver, "a", 0)
        #expect(desk.answer(worker, lease.deliver, "a", 0).refusals.isEmpty)
        #expect(desk.ledger("faces")?.completed == 1)
    }

    @Test func aResultForAnotherGroupCutsTheWorkerOff() {
        var desk = Desk()
        let camera = desk.camera("a").peer
        let liar = desk.worker(group).peer
        var deliver = desk.frame(camera, "a", 0).leases[0].deliver
        deliver.run = Run(group: "people", number: 0)
        let effects = desk.answer(liar, deliver, "a", 0)
        #expect(effects.refusals.map(\.mayGoOn) == [false])
        #expect(desk.ledger("faces")?.pending == 1)
    }

    @Test func aResultForAnotherStreamOrRunThanLeasedCutsTheWorkerOff() {
        for (stream, run) in [("b", 0), ("a", 7)] as [(String, UInt32)] {
            var desk = Desk()
            let camera = desk.camera("a").peer
            _ = desk.camera("b")
            let liar = desk.worker(group).peer
            var deliver = desk.frame(camera, "a", 0).leases[0].deliver
            deliver.run = Run(group: "faces", number: run)
            #expect(desk.answer(liar, deliver, stream, 0).refusals.map(\.code) == [.unexpected])
            #expect(desk.ledger("faces")?.pending == 1)
        }
    }

    @Test func aFailedResultCompletesItsFrameAndIsCounted() {
        var desk = Desk()
        let camera = desk.camera("a").peer
        let worker = desk.worker(group).peer
        let lease = desk.frame(camera, "a", 0).leases[0]
        desk.answer(worker, lease.deliver, "a", 0, failure: "the image is corrupt")
        #expect(desk.ledger("faces")?.completed == 1)
        #expect(desk.ledger("faces")?.failed == 1)
    }

    @Test func aMessageBeforeHelloIsAnsweredWithNoSession() {
        var desk = Desk()
        let stranger = desk.newPeer()
        #expect(desk.tell(.heartbeat(stranger)).refusals.map(\.code) == [.noSession])
    }
}

extension [Effect] {
    func forgets(_ peer: PeerID) -> Bool {
        contains { if case .forget(peer) = $0 { true } else { false } }
    }
}
