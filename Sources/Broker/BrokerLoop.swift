import Logging
import Routing
import Service
import SharedMemory
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
    private static let messagesPerTurn = 64
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
    private let sharing: Sharing
    private var pool = MessagePool()
    private var identity = Message()
    /// The last part of a message of three.
    private var third = Message()
    private var outboxes = Outboxes()
    private var listeners = Listeners()
    var writer = ByteWriter()
    private var effects: [Effect] = []
    /// Peers that could not be reached; what they sent before may still come, until the next tick.
    private var unreachable: [PeerID] = []
    /// What peers are to be told of shared memory.
    private var answers: [(peer: PeerID, memory: Memory)] = []
    /// Leases that could not be sent while effects were performed.
    private var undelivered: [(peer: PeerID, token: UInt64)] = []
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
        let eventsSlot = poller.add(events)
        let stopSlot = poller.add(fileDescriptor: stop.fileDescriptor)
        var nextTick = Self.tick
        var nextStatus = Self.statusInterval
        while true {
            let outcome = try poller.wait(for: max(.zero, nextTick - (clock.now - start)))
            now = clock.now - start
            if outcome == .ready {
                if poller.isReady(stopSlot) { break }
                if poller.isReady(eventsSlot) { try receiveSubscriptions() }
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

    // MARK: Receiving

    private func receiveSubscriptions() throws {
        for _ in 0..<Self.messagesPerTurn {
            guard try events.receive(into: &identity) else { return }
            identity.withBytes { listeners.handle($0) }
        }
    }

    private func socket(_ door: Routes.Door, _ body: (borrowing Socket) throws -> Void) rethrows {
        switch door {
        case .ingest: try body(ingest)
        case .work: try body(work)
        }
    }

    private func receive(from door: Routes.Door) throws {
        var left = Self.messagesPerTurn
        while left > 0 {
            let slot = store.next()
            let content = store[slot]
            var hasCome = false
            try socket(door) { socket in
                guard try socket.receive(into: &identity) else { return }
                hasCome = true
                if identity.hasMore {
                    try content.receive(from: socket, third: &third)
                } else {
                    content.receiveNothing()
                }
            }
            guard hasCome else { return }
            let peer = routes.peer(
                on: .init(door: door, routingID: identity.withBytes(RoutingID.init))
            )
            if content.type == .bundle, content.partCount == 2 {
                left -= try open(content, behind: door, peer)
            } else {
                left -= 1
                try tell(take(slot, from: content, behind: door, peer))
            }
        }
    }

    /// Takes the messages out of a bundle, up to the first that its peer should not have sent.
    ///
    /// - Returns: How many there were.
    private func open(
        _ bundle: SlotStore.Content,
        behind door: Routes.Door,
        _ peer: PeerID
    ) throws -> Int {
        let body = bundle.takePayload()
        var count = 0
        do {
            let head = try bundle.withHeader { (bytes) throws(WireError) in
                try Bundle(part: bytes)
            }
            var reader = BundleReader(head)
            while let parts = try body.withBytes({ (bytes) throws(WireError) in
                try reader.next(in: bytes)
            }) {
                count += 1
                let slot = store.next()
                body.withBytes { store[slot].receive(parts, of: $0) }
                if store[slot].type == .hello { throw WireError.unexpectedType(.hello) }
                let event = try take(slot, from: bundle, behind: door, peer)
                try tell(event)
                // What it said behind that is not heard.
                if event.isOffence || routes[peer] == nil { break }
            }
        } catch let error as WireError {
            try tell(.offence(peer, Self.malformed(error)))
        }
        return max(1, count)
    }

    private static func malformed(_ error: WireError) -> ErrorMessage {
        ErrorMessage(
            code: .malformed,
            mayGoOn: false,
            sentence: "what came is no message of ZWP/1: \(error)"
        )
    }

    /// Says what the message in a slot means, and keeps its bytes if they are still needed.
    ///
    /// - Parameters:
    ///   - slot: Where the message is.
    ///   - carrier: What came from the socket: the message or its bundle.
    ///   - door: The socket.
    ///   - peer: Whose it is.
    /// - Returns: What it means.
    /// - Throws: ``ZeroMQError`` for what no peer can cause.
    private func take(
        _ slot: Slot,
        from carrier: SlotStore.Content,
        behind door: Routes.Door,
        _ peer: PeerID
    ) throws -> Event {
        let content = store[slot]
        let most = content.type?.partCount ?? 1
        var event: Event
        do {
            guard content.partCount > 0 else { throw WireError.truncated }
            if content.type == .memory {
                let memory = try content.withHeader { (bytes) throws(WireError) in
                    try Memory(part: bytes)
                }
                if let answer = sharing.handle(memory, from: peer) {
                    answers.append((peer, answer))
                }
                event = .heartbeat(peer)
            } else if content.type == .bundle, content.partCount == 1 {
                let bundle = try content.withHeader { (bytes) throws(WireError) in
                    try Bundle(part: bytes)
                }
                guard bundle.count == 0 else { throw WireError.truncated }
                outboxes.admit(peer)
                event = .heartbeat(peer)
            } else {
                event = try Inbound.event(
                    behind: door,
                    peer,
                    slot,
                    content,
                    third: &third,
                    sharing
                )
            }
        } catch is NoSession {
            let sentence = "the session that the frame belongs to is over; say HELLO first"
            event = .offence(
                peer,
                ErrorMessage(code: .noSession, mayGoOn: false, sentence: sentence)
            )
        } catch let error as WireError {
            event = .offence(peer, Self.malformed(error))
        }
        if !event.isOffence, content.partCount > most {
            let sentence = "the message has more parts than it should"
            event = .offence(
                peer,
                ErrorMessage(code: .malformed, mayGoOn: false, sentence: sentence)
            )
        }
        if case .hello = event {
            sharing.forget(peer)
            try handOver(to: peer)
            outboxes.forget(peer)
        }
        if event.isAboutSession { routes.setAddress(carrier.peerAddress, of: peer) }
        if event.keepsSlot {
            try content.detach()
            if let place = content.place { try keep(content, at: place) }
            store.take(slot)
        } else {
            if let place = content.place { sharing.giveBack(place) }
            content.place = nil
            content.hasPayload = false
        }
        return event
    }

    /// Keeps a payload where it lies, or copies it out at once if somebody could not read it there, so that
    /// it is in memory once.
    private func keep(_ content: SlotStore.Content, at place: Sharing.Place) throws {
        guard !sharing.hasReadersOnly else { return sharing.hold(place) }
        content.replacePayload(by: try Self.copy(of: place))
        sharing.giveBack(place)
    }

    private static func copy(of place: Sharing.Place) throws -> Message {
        var payload = try Message(byteCount: place.byteCount)
        _ = payload.withMutableBytes { place.arena.memory.read(at: place.offset, into: &$0) }
        return payload
    }

    // MARK: Performing

    private func tell(_ event: Event) throws {
        while let answer = answers.popLast() { try send(answer.memory, to: answer.peer) }
        effects.removeAll(keepingCapacity: true)
        router.handle(event, at: now, into: &effects)
        for effect in effects { try perform(effect) }
        try giveBackUndelivered()
    }

    private func giveBackUndelivered() throws {
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
            guard listeners.wantResults else { return }
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

    /// Begins a message to `peer`; returns whether it can be reached, which it is given up for if not.
    @discardableResult
    private func address(
        _ peer: PeerID,
        _ body: (borrowing Socket) throws -> Void
    ) throws -> Bool {
        guard let route = routes[peer] else { return false }
        var isReached = true
        try socket(route.door) { socket in
            // The high-water marks are above every credit, so a full queue means a peer that
            // does not keep to it, or does not read.
            isReached = try socket.address(route.routingID) == .sent
            if isReached { try body(socket) }
        }
        if !isReached { unreachable.append(peer) }
        return isReached
    }

    private func send(_ message: some WireMessage, to peer: PeerID) throws {
        writer.removeAll()
        message.encode(to: &writer)
        try sendWritten(to: peer)
    }

    /// Sends what is in the writer, or gathers it; returns whether the peer can be reached so far.
    @discardableResult
    private func sendWritten(to peer: PeerID) throws -> Bool {
        if try mayGather(writer.bytes.count, for: peer) {
            let header = writer.bytes
            outboxes.gather(for: peer) { body in
                body.begin(parts: 1)
                body.append(header)
            }
            return true
        }
        return try address(peer) { socket in _ = try socket.send(copying: writer.bytes) }
    }

    private func send(_ deliver: Deliver, with slot: Slot, to peer: PeerID) throws {
        guard try introduce(slot, to: peer) else {
            return undelivered.append((peer, deliver.token))
        }
        writer.removeAll()
        deliver.encode(to: &writer)
        let content = store[slot]
        let isFetched = isFetched(slot, for: peer)
        if try mayGather(writer.bytes.count + content.byteCount(fetched: isFetched), for: peer) {
            let (header, parts) = (writer.bytes, content.hasPayload ? 3 : 2)
            outboxes.gather(for: peer, token: deliver.token) { body in
                body.begin(parts: parts)
                body.append(header)
                content.append(to: &body, fetched: isFetched)
            }
            return
        }
        let isReached = try address(peer) { socket in
            _ = try socket.send(copying: writer.bytes, more: true)
            try content.send(through: socket, &pool, fetched: isFetched)
        }
        if !isReached { undelivered.append((peer, deliver.token)) }
    }

    private func send(_ slot: Slot, to peer: PeerID) throws {
        guard try introduce(slot, to: peer) else { return }
        let content = store[slot]
        let isFetched = isFetched(slot, for: peer)
        if try mayGather(content.byteCount(fetched: isFetched), for: peer) {
            let parts = content.hasPayload ? 2 : 1
            outboxes.gather(for: peer) { body in
                body.begin(parts: parts)
                content.append(to: &body, fetched: isFetched)
            }
            return
        }
        try address(peer) { socket in try content.send(through: socket, &pool, fetched: isFetched) }
    }

    // MARK: Gathering

    /// Whether a message is to be gathered for a peer; if not, all that was gathered has left before it.
    private func mayGather(_ byteCount: Int, for peer: PeerID) throws -> Bool {
        guard outboxes.reads(peer) else { return false }
        guard BundleBody.takes(byteCount) else {
            try handOver(to: peer)
            return false
        }
        if !outboxes.hasRoom(for: byteCount, to: peer) { try handOver(to: peer) }
        return true
    }

    /// Hands over what was gathered for one peer.
    private func handOver(to peer: PeerID) throws {
        try outboxes.take(for: peer, handOver)
    }

    /// Hands over all that was gathered, and what comes of that.
    private func handOver() throws {
        while !outboxes.isEmpty {
            try outboxes.takeLast(handOver)
            try giveBackUndelivered()
        }
    }

    private func handOver(_ outbox: borrowing Outboxes.Outbox) throws {
        let isReached = try address(outbox.peer) { socket in
            _ = try outbox.body.send(through: socket)
        }
        if !isReached { for token in outbox.tokens { undelivered.append((outbox.peer, token)) } }
    }

    /// Whether a peer is sent the payload's bytes where others are told where they lie.
    private func isFetched(_ slot: Slot, for peer: PeerID) -> Bool {
        store[slot].place != nil && !sharing.reads(peer)
    }

    /// Has the slot's payload ready for `peer`, if it lies in shared memory: a reader is told of the memory,
    /// once, and for anybody else the payload is fetched out of it, once for all.
    ///
    /// - Returns: False when the peer cannot be reached.
    private func introduce(_ slot: Slot, to peer: PeerID) throws -> Bool {
        let content = store[slot]
        guard let place = content.place else { return true }
        guard sharing.reads(peer) else {
            try fetchPayload(content, from: place)
            return true
        }
        guard let memory = sharing.introduction(of: place, to: peer) else { return true }
        writer.removeAll()
        memory.encode(to: &writer)
        let isReached = try sendWritten(to: peer)
        if isReached { sharing.noteIntroduction(of: place, to: peer) }
        return isReached
    }

    /// Copies a payload out of shared memory for a peer that came after it, so that it is sent by references
    /// from now on; its place stays taken, as readers may not have read it yet.
    private func fetchPayload(_ content: SlotStore.Content, from place: Sharing.Place) throws {
        guard content.fetched.byteCount == 0 else { return }
        content.fetched = try Self.copy(of: place)
    }
}
