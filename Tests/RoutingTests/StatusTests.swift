import Routing
import Testing
import Wire

/// What the broker says of groups and workers.
@Suite struct StatusTests {
    @Test(arguments: [GroupDefinition.Policy.queue, .durable])
    func theLagInBytesIsThatOfAllPendingFrames(policy: GroupDefinition.Policy) throws {
        var desk = Desk()
        let archive = desk.archive()
        desk.tell(.ready(archive))
        let camera = desk.camera("a").peer
        let worker = desk.worker(GroupDefinition(name: "faces", policy: policy)).peer
        desk.tell(.committed(archive, Committed(count: 1)))
        if policy == .durable {
            // There is nothing to catch up with: the group is live.
            let run = Run(group: "faces", number: 0)
            let end = End(
                run: run,
                stream: "a",
                through: nil,
                isHead: true,
                owedFrames: 0,
                owedBytes: 0
            )
            desk.tell(.end(archive, end))
        }
        for sequence in 0..<5 as Range<UInt64> { desk.frame(camera, "a", sequence, bytes: 700) }
        let status = try #require(desk.ledger("faces"))
        #expect(status.pending == 5)
        #expect(status.lagBytes == 3_500)
        desk.tell(.lost(worker))
        #expect(desk.ledger("faces")?.lagBytes == 3_500)
    }

    @Test func aWorkersCreditAndWhatItHoldsAreToldInFramesAndBytes() throws {
        var desk = Desk()
        desk.worker(GroupDefinition(name: "faces", policy: .queue), frames: 3, bytes: 1 << 20)
        let camera = desk.camera("a").peer
        for sequence in 0..<2 as Range<UInt64> { desk.frame(camera, "a", sequence, bytes: 700) }
        desk.now = .seconds(2)
        let worker = try #require(desk.router.report().workers.first)
        #expect((worker.creditFrames, worker.leased) == (3, 2))
        #expect((worker.creditBytes, worker.leasedBytes) == (1 << 20, 1_400))
        desk.tell(.tick)
        #expect(desk.router.report().workers.first?.oldestLeaseMilliseconds == 2_000)
    }

    /// Each start of a camera begins a new epoch, whose sequences begin at 0 again.
    @Test func whatIsArchivedIsCountedOverAllStartsOfTheCamera() throws {
        var desk = Desk()
        let archive = desk.archive()
        desk.tell(.ready(archive))
        for epoch in 1...3 as ClosedRange<UInt64> {
            let camera = desk.camera("a").peer
            for sequence in 0..<20 as Range<UInt64> {
                desk.frame(camera, "a", sequence, epoch: epoch)
            }
            desk.tell(.goodbye(camera))
        }
        desk.tell(.committed(archive, Committed(count: 59)))
        let stream = try #require(desk.router.report().streams.first)
        #expect((stream.frames, stream.archived, stream.archivedNext) == (60, 59, 19))
    }

    @Test func aCameraWithoutWindowWaitsForTheArchiveItAskedFor() throws {
        var desk = Desk { $0.cameraWindow = 2_000 }
        func obstacle(_ desk: Desk) -> StreamStatus.Obstacle? {
            desk.router.report().streams.first?.obstacle
        }
        let camera = desk.camera("a", acks: .archive).peer
        desk.frame(camera, "a", 0)
        #expect(obstacle(desk) == StreamStatus.Obstacle.none)
        desk.frame(camera, "a", 1)
        desk.tell(.flush)
        #expect(obstacle(desk) == .archive)
        let archive = desk.archive()
        desk.tell(.ready(archive))
        #expect(obstacle(desk) == .commit)
        desk.tell(.committed(archive, Committed(count: 2)))
        desk.tell(.flush)
        #expect(obstacle(desk) == StreamStatus.Obstacle.none)
        desk.tell(.lost(camera))
        #expect(obstacle(desk) == StreamStatus.Obstacle.none)
    }

    @Test func aCameraForWhichThereIsNoMemoryWaitsForMemory() throws {
        var desk = Desk(payloadBudget: 16_000)
        let archive = desk.archive()
        desk.tell(.ready(archive))
        let first = desk.camera("a", acks: .broker).peer
        desk.frame(first, "a", 0, bytes: 8_000)
        desk.tell(.flush)
        _ = desk.camera("b", acks: .broker)
        let streams = desk.router.report().streams
        #expect(streams.map(\.obstacle) == [.commit, .memory])
    }

    @Test func viewersAreCountedAndNoGroups() {
        var desk = Desk()
        let viewers = (0..<2).map { _ in desk.newPeer() }
        for viewer in viewers {
            desk.tell(.hello(viewer, Hello(name: "wall", role: .viewer(patterns: ["*"]))))
        }
        #expect(desk.router.report().broker.viewers == 2)
        desk.tell(.goodbye(viewers[0]))
        let report = desk.router.report()
        #expect(report.broker.viewers == 1)
        #expect(report.groups.isEmpty && report.workers.isEmpty)
    }
}
