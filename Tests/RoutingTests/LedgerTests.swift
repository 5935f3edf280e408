import Routing
import Testing
import Wire

/// What a durable group's ledger says, whoever restarts.
@Suite struct LedgerTests {
    private let durable = GroupDefinition(name: "faces", policy: .durable)
    private let live = Run(group: "faces", number: 0)

    private func account(owed: UInt64, completed: UInt64 = 0, failed: UInt64 = 0) -> Debt {
        var debt = Debt(run: live, stream: "a", owedFrames: owed)
        debt.completedFrames = completed
        debt.failedFrames = failed
        return debt
    }

    private func state(next: UInt64) -> StreamState {
        StreamState(stream: "a", next: Place(epoch: 1, sequence: next))
    }

    @Test func aFrameBehindTheFirstWorkerIsOwedThoughNoArchiveWasThere() {
        var desk = Desk()
        let camera = desk.camera("a", acks: .archive).peer
        desk.worker(durable)
        desk.frame(camera, "a", 0)
        let archive = desk.archive()
        let effects = desk.tell(.ready(archive))
        let group = effects.firstIndex { if case .record(_, .group) = $0 { true } else { false } }
        let frame = effects.firstIndex { if case .store = $0 { true } else { false } }
        #expect(group != nil && frame != nil && group! < frame!)
        desk.tell(.committed(archive, Committed(count: 2)))
        #expect(desk.ledger("faces")?.published == 1)
        #expect(desk.ledger("faces")?.pending == 1)
    }

    @Test func aGroupThatTheArchiveKnowsIsNotRecordedTwice() {
        var desk = Desk()
        desk.worker(durable)
        let archive = desk.archive()
        desk.tell(.group(archive, durable))
        desk.tell(.debt(archive, account(owed: 3, completed: 7, failed: 2)))
        #expect(desk.tell(.ready(archive)).records.count { $0 == .group(durable) } == 1)
        desk.tell(.committed(archive, Committed(count: 1)))
        let ledger = desk.ledger("faces")
        #expect(ledger?.published == 10)
        #expect(ledger?.completed == 7)
        #expect(ledger?.failed == 2)
        #expect(ledger?.pending == 3)
    }

    @Test func whatADurableGroupHasDoneIsUnknownUntilTheArchiveHasToldAll() {
        var desk = Desk()
        desk.worker(durable)
        #expect(desk.ledger("faces")?.isKnown == false)
        let archive = desk.archive()
        desk.tell(.group(archive, durable))
        #expect(desk.ledger("faces")?.isKnown == false)
        desk.tell(.debt(archive, account(owed: 3, completed: 7)))
        desk.tell(.ready(archive))
        #expect(desk.ledger("faces")?.isKnown == true)
        // What it said last is true while it is away.
        desk.tell(.lost(archive))
        #expect(desk.ledger("faces")?.isKnown == true)
        #expect(desk.ledger("faces")?.completed == 7)
    }

    @Test func theRecordOnItsWaySaysWhatTheArchiveHasRecordedMeanwhile() {
        var desk = Desk()
        desk.worker(durable)
        let other = GroupDefinition(name: "faces", patterns: ["b"], policy: .durable)
        let archive = desk.archive()
        desk.tell(.group(archive, other))
        #expect(desk.tell(.ready(archive)).records == [.group(other)])
    }

    @Test func framesThatAnEndedArchiveHasCommittedCountOnce() {
        var desk = Desk()
        let first = desk.archive()
        desk.tell(.ready(first))
        let camera = desk.camera("a", acks: .archive).peer
        desk.worker(durable)
        desk.tell(.committed(first, Committed(count: 1)))
        for sequence in 0..<5 as Range<UInt64> { desk.frame(camera, "a", sequence) }
        #expect(desk.ledger("faces")?.published == 5)
        // It wrote four of them and ended before it said so.
        desk.tell(.lost(first))
        let second = desk.archive()
        desk.tell(.stream(second, state(next: 4)))
        desk.tell(.group(second, durable))
        desk.tell(.debt(second, account(owed: 4)))
        desk.tell(.ready(second))
        #expect(desk.ledger("faces")?.published == 5)
        desk.tell(.committed(second, Committed(count: 5)))
        #expect(desk.ledger("faces")?.published == 5)
        desk.tell(.debt(second, account(owed: 5)))
        #expect(desk.ledger("faces")?.published == 5)
        #expect(desk.ledger("faces")?.pending == 5)
    }

    @Test func aFrameIsCompletedOnceAlsoWhenTheArchiveSaysSo() {
        var desk = Desk()
        let archive = desk.archive()
        desk.tell(.ready(archive))
        let camera = desk.camera("a", acks: .archive).peer
        let worker = desk.worker(durable).peer
        desk.tell(.committed(archive, Committed(count: 1)))
        let end = End(
            run: live,
            stream: "a",
            through: nil,
            isHead: true,
            owedFrames: 0,
            owedBytes: 0
        )
        desk.tell(.end(archive, end))
        let lease = desk.frame(camera, "a", 0).leases
        #expect(lease.count == 1)
        desk.answer(worker, lease[0].deliver, "a", 0)
        desk.tell(.committed(archive, Committed(count: 3)))
        desk.tell(.debt(archive, account(owed: 0, completed: 1)))
        #expect(desk.ledger("faces")?.published == 1)
        #expect(desk.ledger("faces")?.completed == 1)
        #expect(desk.ledger("faces")?.pending == 0)
    }

    /// A group that has two frames of stream `a` in the hands of its only worker.
    private func deskWithTwoLeases() -> (Desk, archive: PeerID, worker: PeerID, [Deliver]) {
        var desk = Desk()
        let archive = desk.archive()
        desk.tell(.ready(archive))
        let camera = desk.camera("a", acks: .archive).peer
        let worker = desk.worker(durable).peer
        desk.tell(.committed(archive, Committed(count: 1)))
        desk.tell(
            .end(
                archive,
                End(
                    run: live,
                    stream: "a",
                    through: nil,
                    isHead: true,
                    owedFrames: 0,
                    owedBytes: 0
                )
            )
        )
        let leases = (desk.frame(camera, "a", 0) + desk.frame(camera, "a", 1)).leases
        return (desk, archive, worker, leases.map(\.deliver))
    }

    @Test func aResultThatAnEndedArchiveHasCommittedCountsOnce() {
        var (desk, first, worker, leases) = deskWithTwoLeases()
        desk.answer(worker, leases[0], "a", 0)
        desk.answer(worker, leases[1], "a", 1)
        // It wrote everything and ended before it said so; the next one has nothing new to say.
        desk.tell(.lost(first))
        let second = desk.archive()
        desk.tell(.stream(second, state(next: 2)))
        desk.tell(.group(second, durable))
        desk.tell(.debt(second, account(owed: 0, completed: 2)))
        desk.tell(.ready(second))
        desk.tell(.committed(second, Committed(count: 4)))
        #expect(desk.ledger("faces")?.completed == 2)
        #expect(desk.ledger("faces")?.published == 2)
    }

    @Test func aWordOfTheArchiveAmongFramesSentAgainCountsThemOnce() {
        var (desk, first, _, _) = deskWithTwoLeases()
        desk.tell(.lost(first))
        let second = desk.archive()
        desk.tell(.stream(second, state(next: 2)))
        desk.tell(.group(second, durable))
        desk.tell(.debt(second, account(owed: 2)))
        desk.tell(.ready(second))
        // Its word comes between the two frames that it had already.
        desk.tell(.committed(second, Committed(count: 1)))
        desk.tell(.debt(second, account(owed: 2)))
        desk.tell(.committed(second, Committed(count: 2)))
        #expect(desk.ledger("faces")?.pending == 2)
        #expect(desk.ledger("faces")?.published == 2)
    }
}
