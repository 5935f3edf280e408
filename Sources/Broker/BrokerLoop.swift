import Logging
import Routing
import Service
import Wire
import ZeroMQ

/// The I/O around ``Router``: receives, lets it decide, and does what it says.
///
/// One thread, that of ``run()``, owns it.
struct BrokerLoop: ~Copyable {
    /// Messages taken from a socket before the other one has its turn; the rest of a bundle besides.
    static let messagesPerTurn = 256
    /// Messages of a bundle that are decided on before anything is done about them.
    static let messagesPerStep = 32
    private static let tick = Duration.milliseconds(250)
    private static let statusInterval = Duration.seconds(1)
    /// Freed memory goes back to the system once so few messages came in so long, after more had come.
    private static let quietMessages = 10_000
    private static let quietInterval = Duration.seconds(10)

    let logger: Logger
    private let stop: StopSignal
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    let sockets: Sockets

    var router: Router
    var store = SlotStore()
    var routes = Routes()
    let sharing: Sharing
    var arrival = Arrival()
    var outboxes = Outboxes()
    /// Whether anybody has ever connected to listen: until then results need not be published.
    var hasListeners = false
    var writer = ByteWriter()
    /// What one peer has said, as far as it has been read and not decided on.
    var heard: [Event] = []
    /// What it said of shared memory, and at which place of ``heard``.
    var memories: [(place: Int, memory: Memory)] = []
    private var effects: [Effect] = []
    /// Peers that could not be reached; what they sent before may still come, until the next tick.
    var unreachable: [PeerID] = []
    /// What peers are to be told of shared memory.
    var answers: [(peer: PeerID, memory: Memory)] = []
    /// Leases that could not be sent while effects were performed.
    var undelivered: [(peer: PeerID, token: UInt64)] = []
    private(set) var now: Duration = .zero
    /// Messages received since it was last looked at whether times are quiet.
    var receivedCount = 0
    private var wasQuiet = false
    /// Lines that a peer can cause as often as it likes.
    var peerLines = LineLimit()
    var closedWindows = ClosedWindows()

    /// A broker that knows nobody yet.
    ///
    /// - Parameters:
    ///   - sockets: Where peers come to.
    ///   - settings: The router's, but for the moment of its start.
    ///   - sharesMemory: Whether payloads may lie in memory that peers of this host share.
    ///   - stop: Ends ``run()``.
    ///   - logger: Told of peers that come and go.
    init(
        _ sockets: Sockets,
        settings: Settings,
        sharesMemory: Bool,
        stop: StopSignal,
        logger: Logger
    ) {
        self.sockets = sockets
        self.logger = logger
        sharing = Sharing(isOn: sharesMemory)
        self.stop = stop
        start = clock.now
        var settings = settings
        settings.startedAt = WallClock.nanoseconds
        settings.session = UInt64(settings.startedAt)
        router = Router(settings: settings)
    }

    /// Serves until a signal comes.
    ///
    /// - Throws: ``ZeroMQError`` for what no peer can cause.
    mutating func run() throws {
        var poller = Poller()
        let ingestSlot = sockets.with(.ingest) { poller.add($0) }
        let workSlot = sockets.with(.work) { poller.add($0) }
        let eventsSlot = poller.addConnectionEvents(of: sockets.events)
        let stopSlot = poller.add(fileDescriptor: stop.fileDescriptor)
        var nextTick = Self.tick
        var nextStatus = Self.statusInterval
        var nextLook = Self.quietInterval
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
            if now >= nextLook {
                giveMemoryBackIfQuiet()
                nextLook = now + Self.quietInterval
            }
            if now >= nextStatus {
                try publishStatus()
                nextStatus += Self.statusInterval
                if nextStatus <= now { nextStatus = now + Self.statusInterval }
            }
        }
        try sayGoodbye()
    }

    /// Once for each quiet time, as it holds everything up for a moment.
    private mutating func giveMemoryBackIfQuiet() {
        let isQuiet = receivedCount <= Self.quietMessages
        if isQuiet, !wasQuiet { FreedMemory.giveBack() }
        wasQuiet = isQuiet
        receivedCount = 0
    }

    private mutating func sayGoodbye() throws {
        logger.info("stopping: saying goodbye to \(routes.all.count) peers")
        for peer in routes.all { try send(Goodbye(reason: "the broker stops"), to: peer) }
        try handOver()
    }

    // MARK: Performing

    mutating func tell(_ event: Event) throws {
        router.handle(event, at: now, into: &effects)
        try performEffects()
    }

    /// Has the router decide on what was ``heard``, up to what ends the session of its peer.
    ///
    /// - Returns: Whether there is a session still.
    @discardableResult
    mutating func tellHeard(of peer: PeerID) throws -> Bool {
        var hasSession = true
        for index in heard.indices {
            let event = heard.take(index, leaving: .flush)
            guard hasSession else {
                // What it said behind that does not count.
                if let slot = event.slot { effects.append(.release(slot)) }
                continue
            }
            router.handle(event, at: now, into: &effects)
            hasSession = router.hasSession(peer)
            if hasSession, !memories.isEmpty { handleMemories(at: index, from: peer) }
        }
        heard.removeAll(keepingCapacity: true)
        memories.removeAll(keepingCapacity: true)
        try performEffects()
        return hasSession
    }

    /// Deals with what was said of shared memory at a place of ``heard``.
    private mutating func handleMemories(at place: Int, from peer: PeerID) {
        for said in memories where said.place == place {
            if let answer = sharing.handle(said.memory, from: peer) {
                answers.append((peer, answer))
            }
        }
    }

    private mutating func performEffects() throws {
        for answer in answers { try send(answer.memory, to: answer.peer) }
        answers.removeAll(keepingCapacity: true)
        try performAll()
        try giveBackUndelivered()
    }

    private mutating func performAll() throws {
        for index in effects.indices {
            try perform(effects.take(index, leaving: .release(Slot(0))))
        }
        effects.removeAll(keepingCapacity: true)
    }

    mutating func giveBackUndelivered() throws {
        while let lease = undelivered.popLast() {
            let event = Event.undelivered(lease.peer, token: lease.token)
            router.handle(event, at: now, into: &effects)
            try performAll()
        }
    }

    /// Gives peers up that could not be reached, and have not said goodbye meanwhile.
    private mutating func giveUpUnreachable() throws {
        let peers = unreachable
        unreachable.removeAll(keepingCapacity: true)
        for peer in peers where routes.has(peer) { try tell(.lost(peer)) }
    }

    private mutating func perform(_ effect: Effect) throws {
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
            _ = try sockets.events.send(copying: writer.span, more: true)
            try store[slot].sendHeader(through: sockets.events, &sockets.pool, more: false)
        case .release(let slot):
            if let place = store[slot].place { sharing.release(place) }
            store.release(slot, &sockets.pool)
        case .note(let note): log(note)
        }
    }
}

extension Array {
    /// Takes an element out without copying it, which costs more where it refers to others.
    fileprivate mutating func take(_ index: Int, leaving filler: consuming Element) -> Element {
        swap(&self[index], &filler)
        return filler
    }
}
