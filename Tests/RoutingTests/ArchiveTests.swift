import Routing
import Testing
import Wire

@Suite struct ArchiveTests {
    private let durable = GroupDefinition(name: "faces", policy: .durable)

    /// An archive that is ready, a camera, and a durable group whose feed of it is live.
    private func liveDesk() -> (desk: Desk, archive: PeerID, camera: PeerID, worker: PeerID) {
        var desk = Desk(payloadBudget: 64_000)
        let archive = desk.archive()
        desk.tell(.ready(archive))
        let camera = desk.camera("a", acks: .archive).peer
        let worker = desk.worker(durable, frames: 2).peer
        let fetches = desk.tell(.committed(archive, Committed(count: 1))).fetches
        #expect(fetches.map(\.stream) == ["a"])
        desk.tell(.end(archive, Self.end(through: nil)))
        return (desk, archive, camera, worker)
    }

    private static func end(through: UInt64?, isHead: Bool = true, owed: UInt64 = 0) -> End {
        End(
            run: Run(group: "faces", number: 0),
            stream: "a",
            through: through.map { Place(epoch: 1, sequence: $0) },
            isHead: isHead,
            owedFrames: owed,
            owedBytes: 0
        )
    }

    @Test func aDurableGroupWaitsUntilTheArchiveHasRecordedIt() {
        var desk = Desk()
        let camera = desk.camera("a", acks: .broker).peer
        let welcome = desk.worker(durable).effects.welcomes.first
        #expect(welcome?.creditFrames == 0)
        #expect(welcome?.note.contains("archive") == true)
        #expect(desk.frame(camera, "a", 0).leases.isEmpty)
        let archive = desk.archive()
        #expect(desk.tell(.ready(archive)).records.contains(.group(durable)))
        let again = desk.tell(.committed(archive, Committed(count: 2))).welcomes
        #expect(again.map(\.creditFrames) == [2])
    }

    @Test func aLiveDurableGroupIsDoneWithAFrameWhenItsResultIsCommitted() {
        var (desk, archive, camera, worker) = liveDesk()
        let lease = desk.frame(camera, "a", 0).leases
        #expect(lease.count == 1)
        desk.answer(worker, lease[0].deliver, "a", 0)
        #expect(desk.ledger("faces")?.completed == 0)
        desk.tell(.committed(archive, Committed(count: 3)))
        #expect(desk.ledger("faces")?.completed == 1)
        #expect(desk.ledger("faces")?.pending == 0)
    }

    @Test func aGroupThatCannotKeepUpFallsBehindAndIsFedByFetch() {
        var (desk, archive, camera, worker) = liveDesk()
        var fetches: [Fetch] = []
        let first = desk.frame(camera, "a", 0, bytes: 3_000).leases[0]
        for sequence in 1..<12 as Range<UInt64> {
            fetches += desk.frame(camera, "a", sequence, bytes: 3_000).fetches
            fetches += desk.tell(.committed(archive, Committed(count: sequence + 2))).fetches
            desk.tell(.flush)
        }
        // The worker holds 0 and 1; 2 has left the ring of 8,000 bytes.
        #expect(fetches.map(\.after) == [Place(epoch: 1, sequence: 1)])
        #expect(desk.router.report().broker.payloadBytes <= 8_000 + 2 * 3_000)
        let run = Run(group: "faces", number: 0)
        let frame = Desk.frame("a", 2, bytes: 3_000)
        desk.tell(.fetched(archive, Fetched(run: run), frame, desk.newSlot()))
        let second = desk.answer(worker, first.deliver, "a", 0).leases
        #expect(second.count == 1)
        // The head is 11 and everything behind it is in the ring: the group is live again.
        desk.tell(.end(archive, Self.end(through: 11, owed: 12)))
        #expect(desk.frame(camera, "a", 12).fetches.isEmpty)
        // Frame 12, and the two that the worker holds.
        #expect(desk.ledger("faces")?.lagBytes == 7_000)
    }

    @Test func anArchiveThatForgotAGroupHasItRecordedAnewBeforeItIsAskedForFrames() {
        var (desk, archive, _, _) = liveDesk()
        desk.tell(.lost(archive))
        let other = desk.archive()
        let effects = desk.tell(.ready(other))
        #expect(effects.records == [.group(durable)])
        #expect(effects.fetches.isEmpty)
    }

    @Test func aGroupThatTheArchiveForgotIsForgottenHereTooUnlessItHasWorkers() {
        var (desk, archive, camera, worker) = liveDesk()
        desk.tell(.lost(worker))
        desk.tell(.lost(archive))
        #expect(desk.tell(.ready(desk.archive())).records.isEmpty)
        #expect(desk.ledger("faces") == nil)
        #expect(desk.frame(camera, "a", 0).leases.isEmpty)
        // Whoever asks for it later makes it anew.
        #expect(desk.tell(.flush).records.isEmpty)
        let again = desk.worker(durable, frames: 2).effects
        #expect(again.records == [.group(durable)])
    }

    @Test func aReplayThatTheArchiveDoesNotNameAnyMoreIsOver() {
        var desk = Desk()
        let archive = desk.archive()
        desk.tell(.ready(archive))
        desk.worker(GroupDefinition(name: "faces"), frames: 1)
        let run = Run(group: "faces", number: 1)
        desk.tell(.debt(archive, Debt(run: run, stream: "old", owedFrames: 3)))
        #expect(desk.ledger("faces")?.replayOwed == 3)
        desk.tell(.lost(archive))
        desk.tell(.ready(desk.archive()))
        #expect(desk.ledger("faces")?.replayOwed == 0)
    }

    @Test func thePacedAnswerOfOneFrameIsFollowedByTheNextRequestAtOnce() {
        var desk = Desk()
        let archive = desk.archive()
        desk.tell(.ready(archive))
        desk.worker(GroupDefinition(name: "faces"), frames: 4)
        let run = Run(group: "faces", number: 1)
        let first = desk.tell(.debt(archive, Debt(run: run, stream: "old", owedFrames: 3))).fetches
        #expect(first.map(\.after) == [nil])
        let frame = Desk.frame("old", 0)
        desk.tell(.fetched(archive, Fetched(run: run), frame, desk.newSlot()))
        let place = Place(epoch: 1, sequence: 0)
        let end = End(
            run: run,
            stream: "old",
            through: place,
            isHead: false,
            owedFrames: 3,
            owedBytes: 0
        )
        #expect(desk.tell(.end(archive, end)).fetches.map(\.after) == [place])
        // An answer without a step forward is asked for again by the tick only.
        #expect(desk.tell(.end(archive, end)).fetches.isEmpty)
        #expect(desk.tell(.tick).fetches.map(\.after) == [place])
    }

    @Test func uncommittedMessagesAreSentAgainToANewSessionInOrder() {
        var desk = Desk()
        let first = desk.archive()
        desk.tell(.ready(first))
        let camera = desk.camera("a", acks: .archive).peer
        for sequence in 0..<4 as Range<UInt64> { desk.frame(camera, "a", sequence) }
        desk.tell(.committed(first, Committed(count: 2)))
        desk.tell(.lost(first))
        let second = desk.archive()
        #expect(desk.tell(.ready(second)).stored == [Slot(3), Slot(4)])
    }

    @Test func theArchivesCreditIsNeverPassed() {
        var desk = Desk()
        let archive = desk.archive(messages: 3, bytes: 2_500)
        desk.tell(.ready(archive))
        let camera = desk.camera("a", acks: .archive).peer
        let sent = (0..<4 as Range<UInt64>).map { desk.frame(camera, "a", $0).stored.count }
        #expect(sent == [1, 1, 0, 0])
        #expect(desk.tell(.committed(archive, Committed(count: 1))).stored.count == 1)
    }

    @Test func anArchiveThatCommitsWhatItWasNotSentIsCutOff() {
        var desk = Desk()
        let archive = desk.archive()
        desk.tell(.ready(archive))
        #expect(
            desk.tell(.committed(archive, Committed(count: 1))).refusals.map(\.mayGoOn) == [false]
        )
    }

    @Test func aSecondArchiveIsRefusedWhileTheFirstIsThere() {
        var desk = Desk()
        _ = desk.archive()
        let second = desk.newPeer()
        let wishes = ArchiveWishes(creditMessages: 1, creditBytes: 1)
        let effects = desk.tell(.hello(second, Hello(name: "two", role: .archive(wishes))))
        #expect(effects.refusals.map(\.code) == [.nameTaken])
    }

    @Test func onlyTheArchiveMaySpeakAsTheArchive() {
        var desk = Desk()
        let camera = desk.camera("a").peer
        #expect(desk.tell(.ready(camera)).refusals.map(\.mayGoOn) == [false])
    }

    @Test func aReplayYieldsToLiveFramesButGetsItsShare() {
        var desk = Desk { $0.replayShare = 4 }
        let archive = desk.archive()
        desk.tell(.ready(archive))
        let camera = desk.camera("a", acks: .archive).peer
        let group = GroupDefinition(name: "faces", policy: .queue)
        let worker = desk.worker(group, frames: 1).peer
        let run = Run(group: "faces", number: 1)
        let debt = Debt(run: run, stream: "old", owedFrames: 50)
        #expect(desk.tell(.debt(archive, debt)).fetches.count == 1)
        var lease = desk.frame(camera, "a", 0).leases[0]
        for sequence in 1..<40 as Range<UInt64> { desk.frame(camera, "a", sequence) }
        for sequence in 0..<10 as Range<UInt64> {
            let frame = Desk.frame("old", sequence)
            desk.tell(.fetched(archive, Fetched(run: run), frame, desk.newSlot()))
        }
        var runs: [UInt32] = []
        var next: [UInt32: UInt64] = [0: 0, 1: 0]
        for _ in 0..<12 {
            let number = lease.deliver.run.number
            let stream = number == 0 ? "a" : "old"
            runs.append(number)
            let effects = desk.answer(worker, lease.deliver, stream, next[number] ?? 0)
            next[number, default: 0] += 1
            lease = effects.leases[0]
        }
        #expect(runs == [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1])
    }

    @Test func aCalledOffReplayIsForgottenAndItsFramesReleased() {
        var desk = Desk()
        let archive = desk.archive()
        desk.tell(.ready(archive))
        desk.worker(GroupDefinition(name: "faces"), frames: 1)
        let run = Run(group: "faces", number: 1)
        desk.tell(.debt(archive, Debt(run: run, stream: "old", owedFrames: 3)))
        for sequence in 0..<3 as Range<UInt64> {
            desk.tell(
                .fetched(archive, Fetched(run: run), Desk.frame("old", sequence), desk.newSlot())
            )
        }
        desk.tell(.debt(archive, Debt(run: run, stream: "old", owedFrames: 0)))
        #expect(desk.released == [2, 3])
        #expect(desk.ledger("faces")?.replayOwed == 0)
    }
}
