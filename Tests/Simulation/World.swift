internal import Routing
internal import Wire

/// A broker's surroundings in one thread: cameras, workers, viewers and an archive, driven by a seed.
///
/// Time is a number, and messages travel through a ``Network`` where chance decides whose is next. What
/// only a real process has (bytes, sockets, disks) is left out.
package struct World {
    /// What broke, in sentences; the run is over with the first.
    package private(set) var failures: [String] = []
    /// The newest events, oldest first, for a person who looks for the reason.
    package private(set) var history: [String] = []
    /// Whether ``history`` is kept, which takes longer than the rest.
    private let keepsHistory: Bool
    /// Steps so far.
    package private(set) var steps = 0

    var random: SplitMix64
    let plan: Plan
    var now: Duration = .zero
    var network = Network()
    var cameras: [SimulatedCamera] = []
    var workers: [SimulatedWorker] = []
    var archive = SimulatedArchive()

    var router: Router
    var brokerSession: UInt64 = 1
    private var effects: [Effect] = []
    /// FETCH messages that the archive has not ended.
    private(set) var fetchesUnderWay = 0
    /// Leases that could not be sent.
    private var undelivered: [(peer: PeerID, token: UInt64)] = []
    private var nextPeer: UInt64 = 1
    private(set) var slots: [Int: SlotContent] = [:]
    private var freeSlots: [Int] = []
    private var slotCount = 0

    /// The newest frame leased in each assignment.
    var newestInAssignment: [Assignment: Place] = [:]
    /// How often each group that is no durable one was offered a frame by this broker.
    var offered: [String: UInt64] = [:]
    /// The newest twentieth of a second in which each share was leased a frame, while frames flow.
    var leasedAt: [Share: Int] = [:]
    /// How many leases of each share were given, while frames flow.
    var leaseCounts: [Share: Int] = [:]
    /// The twentieth of a second, while frames flow.
    var round = 0
    /// Frames that end every worker that starts them.
    var poison: Set<FrameID> = []

    /// A stream in the hands of one worker, under order `stream`.
    struct Assignment: Hashable {
        let broker: UInt64
        let run: Run
        let stream: String
        let number: UInt64
    }

    static let resultByteCount = 20

    enum SlotContent {
        case frame(Frame)
        case result(Result)
    }

    /// The world of a seed, before its first step.
    package init(seed: UInt64, keepsHistory: Bool = false) {
        self.keepsHistory = keepsHistory
        random = SplitMix64(seed: seed)
        plan = Plan(using: &random)
        router = Router(settings: Self.settings(plan, session: 1))
        for (index, acknowledgement) in plan.cameras.enumerated() {
            let stream = "camera/\(index)"
            cameras.append(SimulatedCamera(stream: stream, acknowledgement: acknowledgement))
        }
    }

    static func settings(_ plan: Plan, session: UInt64) -> Settings {
        var settings = Settings(payloadBudget: plan.payloadBudget)
        settings.session = session
        settings.slotBytes = plan.slotBytes
        settings.cameraWindow = 8_000
        settings.queueFrames = 6
        settings.quantum = plan.largestFrame
        // Where nothing but poison kills, slow messages do not either.
        settings.silence = plan.onlyPoisonKills ? .seconds(600) : .seconds(5)
        settings.leaseDeadline = plan.onlyPoisonKills ? .seconds(600) : .seconds(3)
        return settings
    }

    /// Runs the seed's world for so many steps, then, in some worlds, without faults and with more frames than
    /// anybody can look at, and at last until it is at rest.
    ///
    /// - Returns: The world, with its ``failures``.
    package static func run(
        seed: UInt64,
        steps: Int = 1_000,
        keepsHistory: Bool = false
    ) -> World {
        var world = World(seed: seed, keepsHistory: keepsHistory)
        for _ in 0..<steps where world.failures.isEmpty { world.step() }
        if world.failures.isEmpty, world.plan.flows { world.flow() }
        if world.failures.isEmpty { world.settle() }
        if world.failures.isEmpty { world.checkAtRest() }
        return world
    }

    mutating func fail(_ sentence: String) {
        failures.append("\(sentence) [step \(steps), \(now)]")
    }

    mutating func note(_ sentence: @autoclosure () -> String) {
        guard keepsHistory else { return }
        if history.count >= 4_000 { history.removeFirst(2_000) }
        history.append("\(steps) \(sentence())")
    }

    mutating func newPeer() -> PeerID {
        nextPeer += 1
        let peer = PeerID(nextPeer)
        network.connect(peer)
        return peer
    }

    // MARK: The broker

    /// Hands one message to the broker.
    mutating func arrive(_ message: Upstream) {
        switch message {
        case .event(let event): tell(event)
        case .frame(let peer, let frame): tellFrame(peer, frame)
        case .result(let peer, let result):
            let slot = newSlot(.result(result))
            tell(.answer(peer, Answer(result), slot, byteCount: Self.resultByteCount))
        case .fetched(let peer, let fetched, let frame):
            tell(.fetched(peer, fetched, frame, newSlot(.frame(frame))))
        }
    }

    private mutating func tellFrame(_ peer: PeerID, _ frame: Frame) {
        let before = streamStatus(frame.id.stream)?.frames ?? 0
        let sharing = router.report().groups.filter {
            $0.group.policy != .durable && $0.group.covers(stream: frame.id.stream)
        }
        tell(.frame(peer, frame, newSlot(.frame(frame))))
        guard streamStatus(frame.id.stream)?.frames == before + 1 else { return }
        for group in sharing { offered[group.group.name, default: 0] += 1 }
    }

    func streamStatus(_ name: String) -> StreamStatus? {
        router.report().streams.first { $0.stream == name }
    }

    private mutating func newSlot(_ content: SlotContent) -> Slot {
        let index = freeSlots.popLast() ?? slotCount
        if index == slotCount { slotCount += 1 }
        slots[index] = content
        return Slot(index)
    }

    mutating func tell(_ event: Event) {
        switch event {
        case .heartbeat, .flush, .tick: break
        case .end:
            fetchesUnderWay -= 1
            note("\(event)".prefix(240).description)
        default: note("\(event)".prefix(240).description)
        }
        effects.removeAll(keepingCapacity: true)
        router.handle(event, at: now, into: &effects)
        let performed = effects
        for effect in performed { perform(effect) }
        while let lease = undelivered.popLast() {
            tell(.undelivered(lease.peer, token: lease.token))
        }
    }

    private mutating func perform(_ effect: Effect) {
        switch effect {
        case .welcome(let peer, let welcome): network.send(.welcome(welcome), to: peer)
        case .refuse(let peer, let error): network.send(.refuse(error), to: peer)
        case .ack(let peer, let ack): network.send(.ack(ack), to: peer)
        case .deliver(let peer, let deliver, let slot):
            guard case .frame(let frame)? = slots[slot.index] else {
                return fail("a lease of no frame")
            }
            checkOrder(deliver, frame)
            checkAttempt(deliver, frame)
            countLease(Share(run: deliver.run, stream: frame.id.stream))
            note("-> \(peer.value) lease \(deliver.token) \(deliver.run) \(frame.id)")
            // A socket knows of a peer that has left sooner or later.
            if !network.reaches(peer), Bool.random(using: &random) {
                undelivered.append((peer, deliver.token))
            } else {
                network.send(.lease(deliver, frame), to: peer)
            }
        case .store(let peer, let slot):
            switch slots[slot.index] {
            case .frame(let frame)?: network.send(.frame(frame), to: peer)
            case .result(let result)?: network.send(.result(result), to: peer)
            case nil: fail("the archive is sent a slot that was released")
            }
        case .record(let peer, let record): network.send(.record(record), to: peer)
        case .fetch(let peer, let fetch):
            fetchesUnderWay += 1
            network.send(.fetch(fetch), to: peer)
        case .release(let slot):
            if slots.removeValue(forKey: slot.index) == nil { fail("\(slot) is released twice") }
            freeSlots.append(slot.index)
        case .forget(let peer): if !network.reaches(peer) { network.cut(peer) }
        case .heartbeat, .publish, .note: break
        }
    }

    mutating func restartBroker() {
        brokerSession += 1
        now += .seconds(1)
        router = Router(settings: Self.settings(plan, session: brokerSession))
        router.handle(.tick, at: now, into: &effects)
        slots = [:]
        freeSlots = []
        slotCount = 0
        offered = [:]
        network.cutAll()
        workers = []
        archive.disconnect()
        forgetFetches()
        for index in cameras.indices { loseSession(camera: index) }
    }

    /// What the archive was asked for it will not send any more.
    mutating func forgetFetches() { fetchesUnderWay = 0 }

    mutating func countStep() { steps += 1 }
}
