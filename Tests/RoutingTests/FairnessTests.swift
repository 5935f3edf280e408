import Routing
import Testing
import Wire

/// That no stream starves, whatever the others send.
@Suite struct FairnessTests {
    /// A desk that knows which frame is in which slot.
    private struct Hall {
        var desk: Desk
        var frames: [Slot: (stream: String, sequence: UInt64, bytes: Int)] = [:]
        /// Leases not answered yet, oldest first.
        var leases: [(peer: PeerID, deliver: Deliver, slot: Slot)] = []
        var fetches: [Fetch] = []
        /// Payload bytes done, by stream.
        var done: [String: Int] = [:]
        private var cameras: [String: PeerID] = [:]
        private var sequences: [String: UInt64] = [:]

        init(_ desk: Desk) { self.desk = desk }

        mutating func take(_ effects: [Effect]) {
            leases += effects.leases
            fetches += effects.fetches
        }

        /// A camera sends its next frame.
        mutating func send(_ stream: String, bytes: Int) {
            let camera = cameras[stream] ?? desk.camera(stream).peer
            cameras[stream] = camera
            let sequence = sequences[stream, default: 0]
            sequences[stream] = sequence + 1
            let slot = desk.newSlot()
            frames[slot] = (stream, sequence, bytes)
            take(desk.tell(.frame(camera, Desk.frame(stream, sequence, bytes: bytes), slot)))
        }

        /// The archive answers the oldest FETCH with one frame.
        mutating func fetch(_ archive: PeerID, bytes: Int) {
            guard !fetches.isEmpty else { return }
            let fetch = fetches.removeFirst()
            let sequence = fetch.after.map { $0.sequence + 1 } ?? 0
            let slot = desk.newSlot()
            frames[slot] = (fetch.stream, sequence, bytes)
            let frame = Desk.frame(fetch.stream, sequence, bytes: bytes)
            take(desk.tell(.fetched(archive, Fetched(run: fetch.run), frame, slot)))
            let end = End(
                run: fetch.run,
                stream: fetch.stream,
                through: Place(epoch: 1, sequence: sequence),
                isHead: false,
                owedFrames: 1_000,
                owedBytes: 0
            )
            take(desk.tell(.end(archive, end)))
        }

        /// The oldest lease is answered.
        mutating func answer() {
            guard !leases.isEmpty else { return }
            let lease = leases.removeFirst()
            guard let frame = frames[lease.slot] else { return }
            done[frame.stream, default: 0] += frame.bytes
            take(desk.answer(lease.peer, lease.deliver, frame.stream, frame.sequence))
        }
    }

    @Test(arguments: [GroupDefinition.Order.any, .stream])
    func aFullQueueOfSmallFramesLeavesALargeOneItsTurn(order: GroupDefinition.Order) {
        var hall = Hall(Desk { $0.queueFrames = 64 })
        hall.desk.worker(GroupDefinition(name: "faces", policy: .queue, order: order), frames: 2)
        for round in 0..<100 {
            hall.send("large", bytes: 200_000)
            for number in 0..<20 { hall.send("small/\(number)", bytes: 20_000) }
            for _ in 0..<10 { hall.answer() }
            if round.isMultiple(of: 10) { hall.desk.tell(.flush) }
        }
        // 21 streams share 1,000 answers by bytes: a large frame for each ten small ones of a stream.
        #expect(hall.done["large", default: 0] >= 4 * 200_000, "\(hall.done)")
        #expect((0..<20).allSatisfy { hall.done["small/\($0)", default: 0] >= 400_000 })
    }

    @Test func underOrderStreamStreamsShareAWorkerByBytesToo() {
        var hall = Hall(Desk { $0.queueFrames = 100_000 })
        let group = GroupDefinition(name: "faces", policy: .queue, order: .stream)
        hall.desk.worker(group, frames: 2, bytes: 1 << 30)
        for _ in 0..<200 {
            hall.send("large", bytes: 200_000)
            for number in 0..<3 {
                for _ in 0..<4 { hall.send("small/\(number)", bytes: 20_000) }
            }
        }
        for _ in 0..<400 { hall.answer() }
        let large = hall.done["large", default: 0]
        for number in 0..<3 {
            let small = hall.done["small/\(number)", default: 0]
            #expect(abs(large - small) <= 600_000, "\(hall.done)")
        }
    }

    @Test(arguments: [50_000, 1 << 20])
    func streamsThatAreBehindAreFetchedForInTurn(bytes: Int) {
        var hall = Hall(Desk(payloadBudget: 128 << 20))
        let archive = hall.desk.archive()
        hall.desk.tell(.ready(archive))
        hall.desk.worker(GroupDefinition(name: "faces"), frames: 4, bytes: 1 << 30)
        let run = Run(group: "faces", number: 1)
        let streams = (0..<60).map { "old/\($0)" }
        for stream in streams {
            let debt = Debt(run: run, stream: stream, owedFrames: 1_000)
            hall.take(hall.desk.tell(.debt(archive, debt)))
        }
        for _ in 0..<600 {
            hall.fetch(archive, bytes: bytes)
            hall.answer()
        }
        for _ in 0..<60 { hall.answer() }
        let least = streams.map { hall.done[$0, default: 0] }.min() ?? 0
        #expect(least >= 6 * bytes, "\(hall.done)")
    }

    /// There is room for one frame that waits, and the streams send in the same order all the time.
    @Test func underLatestEachStreamIsSparedInTheEnd() {
        var hall = Hall(Desk(payloadBudget: 64 << 20))
        let group = GroupDefinition(name: "faces", policy: .latest)
        hall.desk.worker(group, frames: 1, bytes: 1 << 30)
        for _ in 0..<200 {
            for number in 0..<4 { hall.send("stream/\(number)", bytes: 2_500_000) }
            hall.answer()
            hall.desk.tell(.flush)
        }
        for number in 0..<4 {
            #expect(hall.done["stream/\(number)", default: 0] >= 20 * 2_500_000, "\(hall.done)")
        }
    }

    /// Live streams that are behind want more than the group's whole share, all the time.
    @Test func aReplayIsFetchedForBesideAGroupThatIsBehind() {
        var hall = Hall(Desk(payloadBudget: 64 << 20))
        let archive = hall.desk.archive()
        hall.desk.tell(.ready(archive))
        let group = GroupDefinition(name: "faces", policy: .durable)
        hall.desk.worker(group, frames: 4, bytes: 1 << 30)
        hall.take(hall.desk.tell(.committed(archive, Committed(count: 1))))
        hall.take(hall.desk.tell(.group(archive, group)))
        for number in 0..<20 {
            let debt = Debt(
                run: Run(group: "faces", number: 0),
                stream: "new/\(number)",
                owedFrames: 1_000
            )
            hall.take(hall.desk.tell(.debt(archive, debt)))
        }
        for _ in 0..<100 { hall.fetch(archive, bytes: 200_000) }
        let debt = Debt(run: Run(group: "faces", number: 1), stream: "old", owedFrames: 1_000)
        hall.take(hall.desk.tell(.debt(archive, debt)))
        for _ in 0..<400 {
            hall.fetch(archive, bytes: 200_000)
            hall.answer()
        }
        #expect(hall.done["old", default: 0] >= 10 * 200_000, "\(hall.done)")
    }

    @Test func aReplayWhoseFramesAreNotDueLeavesRoomForAGroupThatIsBehind() {
        var hall = Hall(Desk(payloadBudget: 64 << 20))
        let archive = hall.desk.archive()
        hall.desk.tell(.ready(archive))
        hall.desk.worker(GroupDefinition(name: "faces"), frames: 4)
        for number in 0..<100 {
            let run = Run(group: "faces", number: 1)
            let debt = Debt(run: run, stream: "old/\(number)", owedFrames: 10)
            hall.take(hall.desk.tell(.debt(archive, debt)))
        }
        // As the archive answers while nothing is due.
        var asked: Set<String> = []
        while let fetch = hall.fetches.popLast() {
            asked.insert(fetch.stream)
            let end = End(
                run: fetch.run,
                stream: fetch.stream,
                through: fetch.after,
                isHead: false,
                owedFrames: 10,
                owedBytes: 0
            )
            hall.take(hall.desk.tell(.end(archive, end)))
        }
        #expect(asked.count == 100)
        hall.desk.worker(GroupDefinition(name: "owing", policy: .durable), name: "other")
        hall.take(hall.desk.tell(.committed(archive, Committed(count: 2))))
        let debt = Debt(run: Run(group: "owing", number: 0), stream: "door", owedFrames: 10)
        hall.take(hall.desk.tell(.debt(archive, debt)))
        #expect(hall.fetches.contains { $0.run.group == "owing" })
    }
}
