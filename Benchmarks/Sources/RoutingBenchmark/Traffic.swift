internal import Routing
internal import Wire

/// A router in the middle of its work, and the peers around it reduced to what they must say.
///
/// The steady state: each frame that comes in is leased, answered, archived and let go again. Time goes on by a
/// microsecond an event.
struct Traffic {
    /// Events between two flushes, and messages that the archive commits at once: as of a busy socket.
    private static let batch = 16
    private static let frameBytes: UInt32 = 50_000

    private struct Leased {
        let worker: Int
        let token: UInt64
        let frame: Offered
    }

    /// Which frame a slot holds.
    private struct Offered {
        var stream = 0
        var sequence: UInt64 = 0
    }

    let shape: Shape
    /// Events handled so far.
    private(set) var events = 0
    /// Frames leased so far.
    private(set) var leased = 0

    private var router: Router
    private var effects: [Effect] = []
    private var now: Duration = .zero
    private var frames: [Frame] = []
    private var answers: [Answer] = []
    /// Leases of each group, oldest first.
    private var leases: [Line<Leased>] = []
    private var freeSlots: [Slot] = []
    private var slots: [Offered] = []
    private var nextStream = 0
    private var stored = 0
    private var fetches: [Fetch] = []
    private var committed: UInt64 = 0
    private var turn = 0

    private let archive = PeerID(1)
    private func camera(_ stream: Int) -> PeerID { PeerID(UInt64(2 + stream)) }
    private func worker(_ index: Int) -> PeerID {
        PeerID(UInt64(2 + shape.streams + index))
    }

    init(_ shape: Shape) {
        self.shape = shape
        var settings = Settings(payloadBudget: 1 << 44)
        settings.queueFrames = max(256, shape.queued * 2)
        settings.cameraWindow = 1 << 30
        router = Router(settings: settings)
        let wishes = ArchiveWishes(creditMessages: 4_096, creditBytes: 1 << 40)
        tell(.hello(archive, Hello(name: "archive", role: .archive(wishes))))
        tell(.ready(archive))
        for stream in 0..<shape.streams { addCamera(stream) }
        for group in 0..<shape.groups {
            leases.append(Line())
            for member in 0..<shape.workers { addWorker(member, of: group) }
        }
        tell(.flush)
        commit()
        while let fetch = fetches.popLast() {
            let end = End(
                run: fetch.run,
                stream: fetch.stream,
                through: nil,
                isHead: true,
                owedFrames: 0,
                owedBytes: 0
            )
            tell(.end(archive, end))
        }
        fill()
        events = 0
    }

    private mutating func addCamera(_ stream: Int) {
        let name = "camera/\(stream)"
        let wishes = CameraWishes(stream: name, epoch: 1, acknowledgement: .archive)
        tell(.hello(camera(stream), Hello(name: name, role: .camera(wishes))))
        frames.append(
            Frame(
                id: FrameID(stream: name, epoch: 1, sequence: 0),
                capturedAt: 0,
                format: .jpeg,
                width: 640,
                height: 480,
                byteCount: Self.frameBytes,
                payloadHash: 0
            )
        )
    }

    private mutating func addWorker(_ member: Int, of group: Int) {
        let definition = GroupDefinition(
            name: "group\(group)",
            policy: shape.policy,
            order: shape.order
        )
        let name = "worker-\(group)-\(member)"
        let wishes = WorkerWishes(
            group: definition,
            creditFrames: 4,
            creditBytes: 1 << 30,
            slots: 2,
            model: "none"
        )
        let index = answers.count
        answers.append(
            Answer(
                Result(
                    run: Run(group: definition.name, number: 0),
                    frame: FrameID(stream: "", epoch: 1, sequence: 0),
                    token: 0,
                    attempt: 1,
                    worker: name,
                    model: "none",
                    modelHash: 0,
                    startedAt: 0
                )
            )
        )
        tell(.hello(worker(index), Hello(name: name, role: .worker(wishes))))
    }

    /// Brings each group to where it has so many frames out and so many waiting.
    private mutating func fill() {
        let credit = 4 * shape.workers
        let ahead = shape.queued == 0 ? max(1, credit / 2) : credit + shape.queued
        for count in 1...ahead {
            sendFrame()
            if count.isMultiple(of: Self.batch) { commit() }
        }
        commit()
    }

    /// One frame comes in, and each group answers one.
    mutating func step() {
        sendFrame()
        for group in leases.indices { answer(group) }
        turn += 1
        if turn.isMultiple(of: Self.batch) { commit() }
    }

    private mutating func sendFrame() {
        let stream = nextStream
        nextStream = stream + 1 < shape.streams ? stream + 1 : 0
        let id = frames[stream].id
        let slot = takeSlot(Offered(stream: stream, sequence: id.sequence))
        tell(.frame(camera(stream), frames[stream], slot))
        frames[stream].id = FrameID(stream: id.stream, epoch: 1, sequence: id.sequence + 1)
    }

    private mutating func answer(_ group: Int) {
        guard let lease = leases[group].popFirst() else { return }
        var answer = answers[lease.worker]
        answer.token = lease.token
        answer.frame = FrameID(
            stream: frames[lease.frame.stream].id.stream,
            epoch: 1,
            sequence: lease.frame.sequence
        )
        tell(.answer(worker(lease.worker), answer, takeSlot(Offered()), byteCount: 300))
    }

    private mutating func commit() {
        while stored > 0 {
            committed += UInt64(stored)
            stored = 0
            tell(.committed(archive, Committed(count: committed)))
        }
        tell(.flush)
    }

    private mutating func takeSlot(_ content: Offered) -> Slot {
        guard let slot = freeSlots.popLast() else {
            slots.append(content)
            return Slot(slots.count - 1)
        }
        slots[slot.index] = content
        return slot
    }

    private mutating func tell(_ event: consuming Event) {
        events += 1
        now += .microseconds(1)
        effects.removeAll(keepingCapacity: true)
        router.handle(event, at: now, into: &effects)
        for effect in effects {
            switch effect {
            case .deliver(let peer, let deliver, let slot):
                let worker = peer.index - 2 - shape.streams
                let lease = Leased(worker: worker, token: deliver.token, frame: slots[slot.index])
                leases[worker / shape.workers].append(lease)
                leased += 1
            case .store, .record: stored += 1
            // All that it was to see comes live.
            case .fetch(_, let fetch): fetches.append(fetch)
            case .release(let slot): freeSlots.append(slot)
            case .refuse(_, let error): fatalError(error.sentence)
            default: break
            }
        }
    }
}

/// First in, first out; its room is used again.
struct Line<Element> {
    private var elements: [Element] = []
    private var taken = 0

    mutating func append(_ element: Element) { elements.append(element) }

    mutating func popFirst() -> Element? {
        guard taken < elements.count else { return nil }
        let element = elements[taken]
        taken += 1
        if taken > 1_024, taken * 2 > elements.count {
            elements.removeFirst(taken)
            taken = 0
        }
        return element
    }
}
