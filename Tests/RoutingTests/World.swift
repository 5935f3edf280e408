@testable import Routing
import Testing
import Wire

/// A broker's surroundings in one thread: cameras, workers and an archive, driven by a seed.
///
/// Everything a peer is sent waits in its own inbox until chance lets the peer read it, so messages
/// of different peers overtake each other. What only a real process has (bytes, sockets) is left out.
struct World {
    var random: SplitMix64
    var router: Router
    var now: Duration = .zero
    var effects: [Effect] = []
    var nextPeer: UInt64 = 1
    var slots: [Int: SlotContent] = [:]
    var freeSlots: [Int] = []
    var slotCount = 0
    var brokerSession: UInt64 = 1

    var cameras: [SimulatedCamera]
    var workers: [SimulatedWorker] = []
    var archive = SimulatedArchive()
    let groups: [GroupDefinition]
    /// Live leases by (run, frame): never more than one.
    var failures: [String] = []

    /// The newest frame leased in each assignment.
    var newestInAssignment: [Assignment: Place] = [:]

    /// A stream in the hands of one worker, under order `stream`.
    struct Assignment: Hashable {
        let broker: UInt64
        let run: Run
        let stream: String
        let number: UInt64
    }

    enum SlotContent {
        case frame(Frame)
        case result(Result)
    }

    init(seed: UInt64, groups: [GroupDefinition]) {
        random = SplitMix64(state: seed)
        self.groups = groups
        cameras = (0..<3).map { SimulatedCamera(stream: "camera/\($0)") }
        router = Router(settings: Self.settings(session: 1))
    }

    static func settings(session: UInt64) -> Settings {
        var settings = Settings(payloadBudget: 64_000)
        settings.session = session
        settings.cameraWindow = 8_000
        settings.queueFrames = 6
        settings.queueBytes = 5_000
        settings.fetchBytes = 6_000
        settings.silence = .seconds(60)
        settings.leaseDeadline = .seconds(3)
        return settings
    }

    mutating func newPeer() -> PeerID {
        nextPeer += 1
        return PeerID(nextPeer)
    }

    mutating func newSlot(_ content: SlotContent) -> Slot {
        let index = freeSlots.popLast() ?? slotCount
        if index == slotCount { slotCount += 1 }
        precondition(slots[index] == nil)
        slots[index] = content
        return Slot(index)
    }

    // MARK: The broker

    mutating func tell(_ event: Event) {
        effects.removeAll(keepingCapacity: true)
        router.handle(event, at: now, into: &effects)
        for effect in effects { perform(effect) }
    }

    private mutating func perform(_ effect: Effect) {
        switch effect {
        case .welcome(let peer, let welcome): deliverWelcome(peer, welcome)
        case .refuse(let peer, let error): refused(peer, error)
        case .heartbeat, .note, .publish: break
        case .forget(let peer): workers.removeAll { $0.peer == peer }
        case .ack(let peer, let ack):
            guard let camera = cameras.firstIndex(where: { $0.peer == peer }) else { return }
            cameras[camera].acknowledge(ack)
        case .deliver(let peer, let deliver, let slot): hand(deliver, slot, to: peer)
        case .store(let peer, let slot):
            guard archive.peer == peer, let content = slots[slot.index] else { return }
            switch content {
            case .frame(let frame): archive.inbox.append(.frame(frame))
            case .result(let result): archive.inbox.append(.result(result))
            }
        case .record(let peer, let record):
            guard archive.peer == peer else { return }
            archive.inbox.append(.record(record))
        case .fetch(let peer, let fetch):
            guard archive.peer == peer else { return }
            archive.fetches.append(fetch)
        case .release(let slot):
            if slots.removeValue(forKey: slot.index) == nil { fail("slot \(slot) released twice") }
            freeSlots.append(slot.index)
        }
    }

    private mutating func deliverWelcome(_ peer: PeerID, _ welcome: Welcome) {
        if let camera = cameras.firstIndex(where: { $0.peer == peer }) {
            cameras[camera].welcome(welcome)
        }
    }

    private mutating func refused(_ peer: PeerID, _ error: ErrorMessage) {
        if let camera = cameras.firstIndex(where: { $0.peer == peer }) {
            cameras[camera].peer = nil
            if error.code == .staleEpoch { cameras[camera].chooseNewEpoch() }
        } else if archive.peer == peer {
            archive.disconnect()
        } else {
            workers.removeAll { $0.peer == peer }
        }
    }

    private mutating func hand(_ deliver: Deliver, _ slot: Slot, to peer: PeerID) {
        guard let worker = workers.firstIndex(where: { $0.peer == peer }),
            case .frame(let frame)? = slots[slot.index]
        else { return fail("a lease for nobody, or of no frame") }
        guard deliver.run.group == workers[worker].group else {
            return fail("\(deliver.run) was leased to a worker of \(workers[worker].group)")
        }
        checkOrder(deliver, frame)
        workers[worker].leases.append(.init(deliver: deliver, frame: frame, at: now))
        if workers[worker].leases.count > SimulatedWorker.credit {
            fail("\(workers[worker].name) holds more than its credit")
        }
    }

    /// Within an assignment no worker sees a stream go backwards, and nobody else gets any of it.
    private mutating func checkOrder(_ deliver: Deliver, _ frame: Frame) {
        guard deliver.assignment > 0 else { return }
        let key = Assignment(
            broker: brokerSession,
            run: deliver.run,
            stream: frame.id.stream,
            number: deliver.assignment
        )
        if let newest = newestInAssignment[key], frame.id.place <= newest {
            fail("\(frame.id) comes behind \(newest) in assignment \(deliver.assignment)")
        }
        newestInAssignment[key] = frame.id.place
    }

    mutating func fail(_ sentence: String) { failures.append(sentence) }

    // MARK: Chance

    mutating func step() {
        now += .milliseconds(Int.random(in: 0...40, using: &random))
        switch Int.random(in: 0..<1_000, using: &random) {
        case 0..<300: sendFrame(Int.random(in: 0..<cameras.count, using: &random))
        case 300..<560: answer()
        case 560..<760: archiveWorks()
        case 760..<860: archiveAnswers()
        case 860..<900: tell(.flush)
        case 900..<940: tell(.tick)
        case 940..<965: joinOrLeave()
        case 965..<985: reconnect()
        case 985..<992: archiveRestarts()
        case 992..<996: brokerRestarts()
        default: startReplay()
        }
        checkLedger()
        checkLeases()
    }

    /// Lets everything come to rest with all peers there.
    mutating func settle() {
        for round in 0..<4_000 {
            now += .milliseconds(50)
            for peer in workers.map(\.peer) + cameras.compactMap(\.peer) { tell(.heartbeat(peer)) }
            if let peer = archive.peer { tell(.heartbeat(peer)) }
            reconnect()
            for camera in cameras.indices where !cameras[camera].hasSentAll { sendFrame(camera) }
            let group = groups[round % groups.count]
            if workers.count(where: { $0.group == group.name }) < 2 { join(group) }
            for _ in 0..<4 { answer() }
            archiveWorks()
            archiveAnswers()
            tell(.flush)
            tell(.tick)
            if round > 100, isAtRest { return }
        }
        fail("did not come to rest: the archive is still owed \(archive.owedSummary)")
    }

    var isAtRest: Bool {
        archive.isReady && archive.inbox.isEmpty && archive.fetches.isEmpty && archive.owesNothing
            && workers.allSatisfy(\.leases.isEmpty) && cameras.allSatisfy(\.unacknowledged.isEmpty)
    }

    mutating func sendFrame(_ index: Int) {
        guard let peer = cameras[index].peer else { return }
        if Int.random(in: 0..<30, using: &random) == 0, let gap = cameras[index].shed() {
            return tell(.gap(peer, gap))
        }
        let byteCount = Int.random(in: 1...1_500, using: &random)
        guard let frame = cameras[index].nextFrame(byteCount: byteCount) else { return }
        let slot = newSlot(.frame(frame))
        tell(.frame(peer, frame, slot))
    }

    mutating func answer() {
        guard let index = workers.indices.randomElement(using: &random),
            let lease = workers[index].leases.first
        else { return }
        // Now and then a worker hangs for a while.
        if Int.random(in: 0..<40, using: &random) == 0 {
            workers[index].hangsUntil = now + .seconds(4)
        }
        guard workers[index].hangsUntil <= now else { return }
        workers[index].leases.removeFirst()
        let result = workers[index].result(for: lease)
        let slot = newSlot(.result(result))
        tell(.result(workers[index].peer, result, slot, byteCount: 200))
        if Int.random(in: 0..<60, using: &random) == 0, let index = workers.indices.last {
            let again = newSlot(.result(result))
            tell(.result(workers[index].peer, result, again, byteCount: 200))
        }
    }

    mutating func joinOrLeave() {
        if Bool.random(using: &random), let index = workers.indices.randomElement(using: &random) {
            let worker = workers.remove(at: index)
            tell(Bool.random(using: &random) ? .lost(worker.peer) : .goodbye(worker.peer))
        } else if workers.count < 8, let group = groups.randomElement(using: &random) {
            join(group)
        }
    }

    mutating func join(_ group: GroupDefinition) {
        let peer = newPeer()
        let worker = SimulatedWorker(peer: peer, name: "worker\(peer.value)", group: group.name)
        workers.append(worker)
        let wishes = WorkerWishes(
            group: group,
            creditFrames: UInt32(SimulatedWorker.credit),
            creditBytes: 4_000,
            slots: 2,
            model: "none"
        )
        tell(.hello(peer, Hello(name: worker.name, role: .worker(wishes))))
    }
}
