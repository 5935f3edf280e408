import Routing
import Wire

/// A router with peers that a test speaks for, one event at a time.
struct Desk {
    var router: Router
    var now: Duration = .zero
    private var peers: UInt64 = 0
    private var slots = 0
    private(set) var released: Set<Int> = []

    init(payloadBudget: Int = 1 << 30, _ change: (inout Settings) -> Void = { _ in }) {
        var settings = Settings(payloadBudget: payloadBudget)
        settings.slotBytes = 0
        change(&settings)
        router = Router(settings: settings)
    }

    @discardableResult
    mutating func tell(_ event: Event) -> [Effect] {
        var effects: [Effect] = []
        router.handle(event, at: now, into: &effects)
        for case .release(let slot) in effects { released.insert(slot.index) }
        return effects
    }

    mutating func newPeer() -> PeerID {
        peers += 1
        return PeerID(peers)
    }

    mutating func newSlot() -> Slot {
        slots += 1
        return Slot(slots)
    }

    // MARK: Peers

    mutating func camera(
        _ stream: String,
        epoch: UInt64 = 0,
        acks: CameraWishes.Acknowledgement = .broker
    ) -> (peer: PeerID, effects: [Effect]) {
        let peer = newPeer()
        let wishes = CameraWishes(stream: stream, epoch: epoch, acknowledgement: acks)
        return (peer, tell(.hello(peer, Hello(name: stream, role: .camera(wishes)))))
    }

    @discardableResult
    mutating func worker(
        _ group: GroupDefinition,
        name: String = "worker",
        frames: UInt32 = 2,
        bytes: UInt64 = 1 << 20,
        slots: UInt32 = 1
    ) -> (peer: PeerID, effects: [Effect]) {
        let peer = newPeer()
        let wishes = WorkerWishes(
            group: group,
            creditFrames: frames,
            creditBytes: bytes,
            slots: slots,
            model: "none"
        )
        return (peer, tell(.hello(peer, Hello(name: name, role: .worker(wishes)))))
    }

    mutating func archive(messages: UInt32 = 100, bytes: UInt64 = 1 << 30) -> PeerID {
        let peer = newPeer()
        let wishes = ArchiveWishes(creditMessages: messages, creditBytes: bytes)
        tell(.hello(peer, Hello(name: "archive", role: .archive(wishes))))
        return peer
    }

    // MARK: Messages

    @discardableResult
    mutating func frame(
        _ peer: PeerID,
        _ stream: String,
        _ sequence: UInt64,
        epoch: UInt64 = 1,
        bytes: Int = 1_000
    ) -> [Effect] {
        tell(.frame(peer, Self.frame(stream, sequence, epoch: epoch, bytes: bytes), newSlot()))
    }

    static func frame(
        _ stream: String,
        _ sequence: UInt64,
        epoch: UInt64 = 1,
        bytes: Int = 1_000
    ) -> Frame {
        Frame(
            id: FrameID(stream: stream, epoch: epoch, sequence: sequence),
            capturedAt: 0,
            format: .jpeg,
            width: 1,
            height: 1,
            byteCount: UInt32(bytes),
            payloadHash: sequence
        )
    }

    @discardableResult
    mutating func answer(
        _ peer: PeerID,
        _ deliver: Deliver,
        _ stream: String,
        _ sequence: UInt64,
        worker: String = "worker",
        failure: String = ""
    ) -> [Effect] {
        let result = Result(
            run: deliver.run,
            frame: FrameID(stream: stream, epoch: 1, sequence: sequence),
            token: deliver.token,
            attempt: deliver.attempt,
            worker: worker,
            failure: failure,
            model: "none",
            modelHash: 0,
            startedAt: 0
        )
        return tell(.answer(peer, Answer(result), newSlot(), byteCount: 200))
    }

    func ledger(_ group: String) -> GroupStatus? {
        router.report().groups.first { $0.group.name == group }
    }
}

extension [Effect] {
    /// The leases among the effects: whose, what, and in which slot.
    var leases: [(peer: PeerID, deliver: Deliver, slot: Slot)] {
        compactMap {
            if case .deliver(let peer, let deliver, let slot) = $0 {
                (peer, deliver, slot)
            } else {
                nil
            }
        }
    }

    var refusals: [ErrorMessage] {
        compactMap { if case .refuse(_, let error) = $0 { error } else { nil } }
    }

    var acks: [Ack] { compactMap { if case .ack(_, let ack) = $0 { ack } else { nil } } }

    var fetches: [Fetch] { compactMap { if case .fetch(_, let fetch) = $0 { fetch } else { nil } } }

    var records: [Record] {
        compactMap { if case .record(_, let record) = $0 { record } else { nil } }
    }

    /// Slots on their way to the archive.
    var stored: [Slot] { compactMap { if case .store(_, let slot) = $0 { slot } else { nil } } }

    var welcomes: [Welcome] {
        compactMap { if case .welcome(_, let welcome) = $0 { welcome } else { nil } }
    }
}
