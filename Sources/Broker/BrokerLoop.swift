import Logging
import Routing
import Service
import Wire
import ZeroMQ

/// The I/O around ``Router``: receives, lets it decide, and does what it says.
///
/// One thread, that of ``run()``, owns all three sockets.
final class BrokerLoop {
    struct Endpoints {
        var ingest: String
        var work: String
        var events: String
    }

    /// Messages taken from a socket before the other one has its turn.
    static let messagesPerTurn = 64
    private static let tick = Duration.milliseconds(250)
    static let eventsHighWater = 65_536
    private static let statusInterval = Duration.seconds(1)

    let logger: Logger
    private let stop: StopSignal
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    let ingest: Socket
    let work: Socket
    let events: Socket

    var router: Router
    let store = SlotStore()
    var routes = Routes()
    let sharing: Sharing
    var pool = MessagePool()
    var identity = Message()
    /// The last part of a message of three.
    var third = Message()
    var outboxes = Outboxes()
    /// Whether anybody has ever connected to listen: until then results need not be published.
    var hasListeners = false
    var writer = ByteWriter()
    private var effects: [Effect] = []
    /// Peers that could not be reached; what they sent before may still come, until the next tick.
    var unreachable: [PeerID] = []
    /// What peers are to be told of shared memory.
    var answers: [(peer: PeerID, memory: Memory)] = []
    /// Leases that could not be sent while effects were performed.
    var undelivered: [(peer: PeerID, token: UInt64)] = []
    private(set) var now: Duration = .zero
    /// Lines that a peer can cause as often as it likes.
    var peerLines = LineLimit()
    var closedWindows = ClosedWindows()

    /// Binds the three sockets.
    ///
    /// - Throws: A ``Failure`` that names the endpoint which cannot be bound.
    init(
        _ endpoints: Endpoints,
        settings: Settings,
        sharesMemory: Bool,
        stop: StopSignal,
        logger: Logger
    ) throws {
        self.logger = logger
        sharing = Sharing(isOn: sharesMemory)
        self.stop = stop
        start = clock.now
        var settings = settings
        settings.startedAt = WallClock.nanoseconds
        settings.session = UInt64(settings.startedAt)
        router = Router(settings: settings)

        let context = try Context()
        var options = SocketOptions()
        options.largestPartByteCount = Limits.payloadByteCount
        // So long the process waits at its end for GOODBYE to leave.
        options.linger = .milliseconds(200)
        // Twice the largest credit: libzmq hears only from half a queue to half a queue that a peer
        // has read, so up to half of the mark may be taken by what has long been committed.
        options.sendHighWater = 2 * Int(settings.creditFrames) + 256
        options.receiveHighWater = Int(settings.creditFrames) + 64
        ingest = try Socket(.router, in: context, options: options)
        work = try Socket(.router, in: context, options: options)
        var publishing = SocketOptions()
        // One status of everything that the broker may know of has to fit.
        publishing.sendHighWater = Self.eventsHighWater
        events = try Socket(.publish, in: context, options: publishing)
        try events.watchConnections()
        try Self.bind(ingest, to: endpoints.ingest, "cameras", option: "--ingest")
        try Self.bind(work, to: endpoints.work, "workers and the archive", option: "--work")
        try Self.bind(events, to: endpoints.events, "listeners", option: "--events")
        let places = try (ingest.lastEndpoint(), work.lastEndpoint(), events.lastEndpoint())
        logger.info("cameras: \(places.0)  workers and archive: \(places.1)  events: \(places.2)")
    }

    /// Serves until a signal comes.
    ///
    /// - Throws: ``ZeroMQError`` for what no peer can cause.
    func run() throws {
        var poller = Poller()
        let ingestSlot = poller.add(ingest)
        let workSlot = poller.add(work)
        let eventsSlot = poller.addConnectionEvents(of: events)
        let stopSlot = poller.add(fileDescriptor: stop.fileDescriptor)
        var nextTick = Self.tick
        var nextStatus = Self.statusInterval
        while true {
            let outcome = try poller.wait(for: max(.zero, nextTick - (clock.now - start)))
            now = clock.now - start
            if outcome == .ready {
                if poller.isReady(stopSlot) { break }
                if poller.isReady(eventsSlot) { try noteListeners() }
                if poller.isReady(ingestSlot) { try receive(from: .ingest) }
                if poller.isReady(workSlot) { try receive(from: .work) }
                try tell(.flush)
                try handOver()
            }
            if now >= nextTick {
                try giveUpUnreachable()
                try tell(.tick)
                reportOmittedLines()
                for (peer, key) in sharing.takeEnded() { try send(Memory(key: key), to: peer) }
                try handOver()
                nextTick = now + Self.tick
            }
            if now >= nextStatus {
                try publishStatus()
                nextStatus += Self.statusInterval
                if nextStatus <= now { nextStatus = now + Self.statusInterval }
            }
        }
        try sayGoodbye()
    }

    private func sayGoodbye() throws {
        logger.info("stopping: saying goodbye to \(routes.all.count) peers")
        for peer in routes.all { try send(Goodbye(reason: "the broker stops"), to: peer) }
        try handOver()
    }

    // MARK: Performing

    func tell(_ event: Event) throws {
        while let answer = answers.popLast() { try send(answer.memory, to: answer.peer) }
        effects.removeAll(keepingCapacity: true)
        router.handle(event, at: now, into: &effects)
        for effect in effects { try perform(effect) }
        try giveBackUndelivered()
    }

    func giveBackUndelivered() throws {
        while let lease = undelivered.popLast() {
            effects.removeAll(keepingCapacity: true)
            let event = Event.undelivered(lease.peer, token: lease.token)
            router.handle(event, at: now, into: &effects)
            for effect in effects { try perform(effect) }
        }
    }

    /// Gives peers up that could not be reached, and have not said goodbye meanwhile.
    private func giveUpUnreachable() throws {
        let peers = unreachable
        unreachable.removeAll(keepingCapacity: true)
        for peer in peers where routes[peer] != nil { try tell(.lost(peer)) }
    }

    private func perform(_ effect: Effect) throws {
        switch effect {
        case .welcome(let peer, let welcome):
            try send(welcome, to: peer)
            sharing.welcome(
                peer,
                at: routes.address(of: peer),
                isCamera: routes[peer]?.door == .ingest
            )
        case .refuse(let peer, let error): try send(error, to: peer)
        case .heartbeat(let peer): try send(Heartbeat(), to: peer)
        case .forget(let peer):
            try handOver(to: peer)
            outboxes.forget(peer)
            sharing.forget(peer)
            routes.forget(peer)
        case .ack(let peer, let ack): try send(ack, to: peer)
        case .fetch(let peer, let fetch): try send(fetch, to: peer)
        case .deliver(let peer, let deliver, let slot): try send(deliver, with: slot, to: peer)
        case .store(let peer, let slot): try send(slot, to: peer)
        case .record(let peer, .group(let group)): try send(group, to: peer)
        case .record(let peer, .gap(let gap)): try send(gap, to: peer)
        case .record(let peer, .dead(let letter)): try send(letter, to: peer)
        case .publish(let slot, let group, let stream):
            guard hasListeners else { return }
            writer.removeAll()
            writer.topic("result/", group, "/", stream)
            _ = try events.send(copying: writer.bytes, more: true)
            try store[slot].sendHeader(through: events, &pool, more: false)
        case .release(let slot):
            if let place = store[slot].place { sharing.release(place) }
            store.release(slot)
        case .note(let note): log(note)
        }
    }
}
