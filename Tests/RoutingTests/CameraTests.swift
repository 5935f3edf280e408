import Routing
import Testing
import Wire

@Suite struct CameraTests {
    @Test func twoCamerasCannotSendOneStreamWhileTheFirstIsAlive() {
        var desk = Desk()
        let first = desk.camera("a").peer
        let refused = desk.camera("a").effects.refusals
        #expect(refused.map(\.code) == [.nameTaken])
        desk.tell(.lost(first))
        #expect(desk.camera("a").effects.welcomes.count == 1)
    }

    @Test func aCameraThatComesBackWithItsEpochTakesItsOldSessionsPlace() {
        var desk = Desk()
        let old = desk.camera("a").peer
        desk.frame(old, "a", 0, epoch: 7)
        let effects = desk.camera("a", epoch: 7).effects
        #expect(effects.refusals.isEmpty)
        #expect(effects.acks.map(\.receivedNext) == [1])
    }

    @Test func welcomeTellsTheLastEpochAndAnOlderOneIsRefused() {
        var desk = Desk()
        let camera = desk.camera("a").peer
        desk.frame(camera, "a", 0, epoch: 7)
        desk.tell(.goodbye(camera))
        #expect(desk.camera("a", epoch: 6).effects.refusals.map(\.code) == [.staleEpoch])
        #expect(desk.camera("a").effects.welcomes.map(\.lastEpoch) == [7])
    }

    @Test func anArchiveThatKnowsANewerEpochSendsTheCameraToANewerOne() {
        var desk = Desk()
        let camera = desk.camera("a", acks: .archive).peer
        desk.frame(camera, "a", 0, epoch: 3)
        let archive = desk.archive()
        let state = StreamState(stream: "a", next: Place(epoch: 9, sequence: 4))
        #expect(desk.tell(.stream(archive, state)).refusals.map(\.code) == [.staleEpoch])
    }

    @Test func aFrameThatCameBeforeIsAcknowledgedAgainButGoesNowhere() {
        var desk = Desk()
        let camera = desk.camera("a").peer
        desk.worker(GroupDefinition(name: "faces"))
        #expect(desk.frame(camera, "a", 0).leases.count == 1)
        #expect(desk.frame(camera, "a", 0).leases.isEmpty)
        #expect(desk.router.report().streams[0].frames == 1)
        #expect(desk.released == [2])
    }

    @Test func theWindowOpensAgainOnlyWithWhatIsArchived() {
        var desk = Desk { $0.cameraWindow = 3_000 }
        let archive = desk.archive()
        desk.tell(.ready(archive))
        let camera = desk.camera("a", acks: .archive)
        #expect(camera.effects.acks.map(\.limit) == [3_000])
        for sequence in 0..<3 as Range<UInt64> { desk.frame(camera.peer, "a", sequence) }
        #expect(desk.tell(.flush).acks.map(\.limit) == [3_000])
        desk.tell(.committed(archive, Committed(count: 2)))
        let ack = desk.tell(.flush).acks.first
        #expect(ack?.limit == 5_000)
        #expect(ack?.archivedNext == 2)
        #expect(ack?.receivedNext == 3)
    }

    @Test func allWindowsTogetherStayWithinHalfTheBudget() {
        var desk = Desk(payloadBudget: 16_000)
        let limits = (0..<5).map {
            desk.camera("camera/\($0)", acks: .archive).effects.acks[0].limit
        }
        // The first one has it all; the others may send one frame at a time.
        #expect(limits == [8_000, 1, 1, 1, 1])
    }

    @Test(arguments: [100, 1_000, 50_000])
    func whatIsKeptBesideAPayloadTakesRoomToo(bytes: Int) throws {
        let budget = 64 << 20
        var desk = Desk(payloadBudget: budget) { $0.slotBytes = 1_000 }
        let archive = desk.archive(messages: .max)
        desk.tell(.ready(archive))
        let camera = desk.camera("a", acks: .archive)
        var limit = camera.effects.acks[0].limit
        var sent: UInt64 = 0
        // As much as it may, while nothing is committed.
        while (sent + 1) * UInt64(bytes) <= limit {
            let effects =
                desk.frame(camera.peer, "a", sent, bytes: bytes) + desk.tell(.flush)
            sent += 1
            limit = effects.acks.last?.limit ?? limit
        }
        let used = Int(sent) * (bytes + 1_000)
        #expect(used <= budget / 2 + (2 << 20))
        #expect(used >= budget / 2 - (2 << 20))
        #expect(desk.router.report().broker.payloadBytes == UInt64(used))
        // All of it comes back.
        for count in stride(from: 1_000, to: sent + 1_000, by: 1_000) {
            desk.tell(.committed(archive, Committed(count: min(count, sent))))
        }
        #expect(desk.router.report().broker.payloadBytes == 0)
        let most = (sent + 1) * UInt64(bytes)
        #expect(try #require(desk.tell(.flush).acks.last).limit >= limit + most / 2)
    }

    @Test func aCameraFarBeyondItsWindowIsCutOff() {
        var desk = Desk { $0.cameraWindow = 1_500 }
        let camera = desk.camera("a", acks: .archive).peer
        desk.frame(camera, "a", 0)
        // One frame may pass the limit, as it must when it is larger than the window.
        #expect(desk.frame(camera, "a", 1).refusals.isEmpty)
        #expect(desk.frame(camera, "a", 2).refusals.map(\.code) == [.overLimit])
    }

    @Test func aCameraForWhichThereWasNoRoomGetsItsWindowWhenThereIs() {
        var desk = Desk(payloadBudget: 16_000)
        let archive = desk.archive()
        desk.tell(.ready(archive))
        let first = desk.camera("a", acks: .archive)
        let second = desk.camera("b", acks: .archive)
        #expect(first.effects.acks.map(\.limit) == [8_000])
        #expect(second.effects.acks.map(\.limit) == [1])
        for sequence in 0..<4 as Range<UInt64> {
            desk.frame(first.peer, "a", sequence, bytes: 2_000)
        }
        desk.tell(.committed(archive, Committed(count: 4)))
        let acks = desk.tell(.flush).acks
        #expect(acks.first { $0.stream == "b" }?.limit == 4_000)
        #expect(acks.first { $0.stream == "a" }?.limit == 12_000)
    }

    @Test func idleCamerasThatHaveAllTheRoomDoNotStarveOneThatSends() {
        var desk = Desk(payloadBudget: 16_000)
        let archive = desk.archive()
        desk.tell(.ready(archive))
        _ = desk.camera("idle", acks: .archive)
        let sender = desk.camera("a", acks: .archive).peer
        for sequence in 0..<20 as Range<UInt64> {
            #expect(desk.frame(sender, "a", sequence, bytes: 1_000).refusals.isEmpty)
            // Not before the first is on disk.
            #expect(desk.tell(.flush).acks.allSatisfy { $0.limit <= 1_000 * (sequence + 1) })
            desk.tell(.committed(archive, Committed(count: sequence + 1)))
            #expect(desk.tell(.flush).acks.map(\.limit) == [1_000 * (sequence + 1) + 1])
        }
    }

    @Test func framesShedWhileTheArchiveIsAwayAreOneGap() {
        var desk = Desk()
        let camera = desk.camera("a", acks: .archive).peer
        for sequence in 0..<50 as Range<UInt64> {
            let gap = Gap(stream: "a", epoch: 1, first: sequence, last: sequence, reason: .shed)
            desk.tell(.gap(camera, gap))
            desk.tell(.flush)
        }
        let archive = desk.archive()
        let whole = Gap(stream: "a", epoch: 1, first: 0, last: 49, reason: .shed)
        #expect(desk.tell(.ready(archive)).records == [.gap(whole)])
    }

    @Test func withoutAnArchiveItsStreamsStopAndTheOthersFlowOnWithAGap() {
        var desk = Desk { $0.cameraWindow = 2_000 }
        let waiting = desk.camera("waits", acks: .archive).peer
        let flowing = desk.camera("flows", acks: .broker).peer
        for sequence in 0..<2 as Range<UInt64> {
            desk.frame(waiting, "waits", sequence)
            desk.frame(flowing, "flows", sequence)
        }
        let acks = desk.tell(.flush).acks
        #expect(acks.first { $0.stream == "waits" }?.limit == 2_000)
        #expect(acks.first { $0.stream == "flows" }?.limit == 4_000)
        let archive = desk.archive()
        let effects = desk.tell(.ready(archive))
        #expect(effects.stored.count == 2)
        let gap = Gap(stream: "flows", epoch: 1, first: 0, last: 1, reason: .archiveAway)
        #expect(effects.records == [.gap(gap)])
    }

    @Test func aShortAbsenceOfTheArchiveLosesNothing() {
        var desk = Desk { $0.cameraWindow = 8_000 }
        let first = desk.archive()
        desk.tell(.ready(first))
        let camera = desk.camera("a", acks: .broker).peer
        desk.tell(.lost(first))
        for sequence in 0..<3 as Range<UInt64> { desk.frame(camera, "a", sequence) }
        let second = desk.archive()
        let effects = desk.tell(.ready(second))
        #expect(effects.stored.count == 3)
        #expect(effects.records.isEmpty)
    }

    @Test func whatTheCameraShedIsCountedAndRecorded() {
        var desk = Desk()
        let archive = desk.archive()
        desk.tell(.ready(archive))
        let camera = desk.camera("a").peer
        desk.frame(camera, "a", 0)
        let gap = Gap(stream: "a", epoch: 1, first: 1, last: 3, reason: .shed)
        desk.tell(.gap(camera, gap))
        #expect(desk.frame(camera, "a", 4).records == [.gap(gap)])
        desk.frame(camera, "a", 6)
        let status = desk.router.report().streams[0]
        #expect(status.shed == 3)
        #expect(status.lost == 1)
    }

    @Test func anotherStreamsFrameCutsTheCameraOff() {
        var desk = Desk()
        let camera = desk.camera("a").peer
        #expect(desk.frame(camera, "b", 0).refusals.map(\.mayGoOn) == [false])
    }
}
