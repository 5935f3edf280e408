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
        let stopSlot = poller.add(fileDescriptor: stop.fileDescriptor)
        var nextTick = Self.tick
        var nextStatus = Self.statusInterval
        while true {
            let outcome = try poller.wait(for: max(.zero, nextTick - (clock.now - start)))
            now = clock.now - start
            if outcome == .ready {
                if poller.isReady(stopSlot) { break }
                if poller.isReady(ingestSlot) { try receive(from: .ingest) }
                if poller.isReady(workSlot) { try receive(from: .work) }
                try tell(.flush)
            }
            if now >= nextTick {
                try giveUpUnreachable()
                try tell(.tick)
                reportOmittedLines()
                for (peer, key) in sharing.takeEnded() { try send(Memory(key: key), to: peer) }
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
    }

    // MARK: Receiving

    private func socket(_ door: Routes.Door, _ body: (borrowing Socket) throws -> Void) rethrows {
        switch door {
        case .ingest: try body(ingest)
        case .work: try body(work)
        }
    }

    private func receive(from door: Routes.Door) throws {
        for _ in 0..<Self.messagesPerTurn {
            var event: Event?
            try socket(door) { socket in
                guard try socket.receive(into: &identity) else { return }
                let routingID = identity.withBytes { RoutingID($0) }
                let peer = routes.peer(on: .init(door: door, routingID: routingID))
                event = try receiveMessage(from: socket, behind: door, peer)
            }
            guard let event else { return }
            try tell(event)
        }
    }

    /// Receives the parts behind the identity and says what they mean.
    private func receiveMessage(
        from socket: borrowing Socket,
        behind door: Routes.Door,
        _ peer: PeerID
    ) throws -> Event {
        let slot = store.next()
        let content = store[slot]
        var event: Event
        do {
            guard identity.hasMore, try socket.receive(into: &content.header) else {
                throw WireError.truncated
            }
            if let memory = try Self.memory(content) {
                if let answer = sharing.handle(memory, from: peer) {
                    answers.append((peer, answer))
                }
                event = .heartbeat(peer)
            } else {
                event = try Inbound.event(from: socket, behind: door, peer, slot, content, sharing)
            }
        } catch is NoSession {
            let sentence = "the session that the frame belongs to is over; say HELLO first"
            event = .offence(
                peer,
                ErrorMessage(code: .noSession, mayGoOn: false, sentence: sentence)
            )
        } catch let error as WireError {
            let sentence = "what came is no message of ZWP/1: \(error)"
            event = .offence(
                peer,
                ErrorMessage(code: .malformed, mayGoOn: false, sentence: sentence)
            )
        }
        // More parts than the message has, or parts behind what was no message.
        let last = content.hasPayload ? content.payload.hasMore : content.header.hasMore
        if last, try skipRest(of: socket) > 0, !event.isOffence {
            let sentence = "the message has more parts than it should"
            event = .offence(
                peer,
                ErrorMessage(code: .malformed, mayGoOn: false, sentence: sentence)
            )
        }
        if case .hello = event { sharing.forget(peer) }
        if event.isAboutSession { routes.setAddress(content.header.peerAddress, of: peer) }
        if event.keepsSlot {
            try content.header.detach()
            if content.hasPayload { try content.payload.detach() }
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
        content.payload = try Self.copy(of: place)
        content.place = nil
        sharing.giveBack(place)
    }

    private static func copy(of place: Sharing.Place) throws -> Message {
        var payload = try Message(byteCount: place.byteCount)
        _ = payload.withMutableBytes { place.arena.memory.read(at: place.offset, into: &$0) }
        return payload
    }

    /// What a peer says about shared memory, if that is what it says.
    private static func memory(_ content: SlotStore.Content) throws -> Memory? {
        try content.header.withBytes { bytes throws(WireError) in
            guard bytes.byteCount > 3 else { return nil }
            let type = unsafe bytes.unsafeLoad(fromByteOffset: 3, as: UInt8.self)
            return type == MessageType.memory.rawValue ? try Memory(part: bytes) : nil
        }
    }

    private func skipRest(of socket: borrowing Socket) throws -> Int {
        var rest = Message()
        var count = 0
        repeat {
            guard try socket.receive(into: &rest) else { break }
            count += 1
        } while rest.hasMore
        return count
    }

    // MARK: Performing

    private func tell(_ event: Event) throws {
        while let answer = answers.popLast() { try send(answer.memory, to: answer.peer) }
        effects.removeAll(keepingCapacity: true)
        router.handle(event, at: now, into: &effects)
        for effect in effects { try perform(effect) }
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
            writer.removeAll()
            writer.topic("result/", group, "/", stream)
            _ = try events.send(copying: writer.bytes, more: true)
            try sendPart(of: store[slot].header, through: events, more: false)
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
        try address(peer) { socket in
            _ = try socket.send(copying: writer.bytes)
        }
    }

    private func send(_ deliver: Deliver, with slot: Slot, to peer: PeerID) throws {
        guard try introduce(slot, to: peer) else {
            return undelivered.append((peer, deliver.token))
        }
        writer.removeAll()
        deliver.encode(to: &writer)
        let isReached = try address(peer) { socket in
            _ = try socket.send(copying: writer.bytes, more: true)
            try sendParts(of: slot, through: socket, to: peer)
        }
        if !isReached { undelivered.append((peer, deliver.token)) }
    }

    private func send(_ slot: Slot, to peer: PeerID) throws {
        guard try introduce(slot, to: peer) else { return }
        try address(peer) { socket in try sendParts(of: slot, through: socket, to: peer) }
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
        let isReached = try address(peer) { socket in _ = try socket.send(copying: writer.bytes) }
        if isReached { sharing.noteIntroduction(of: place, to: peer) }
        return isReached
    }

    /// Copies a payload out of shared memory for a peer that came after it, so that it is sent by references
    /// from now on; its place stays taken, as readers may not have read it yet.
    private func fetchPayload(_ content: SlotStore.Content, from place: Sharing.Place) throws {
        guard content.fetched.byteCount == 0 else { return }
        content.fetched = try Self.copy(of: place)
    }

    private func sendParts(
        of slot: Slot,
        through socket: borrowing Socket,
        to peer: PeerID
    ) throws {
        let content = store[slot]
        try sendPart(of: content.header, through: socket, more: content.hasPayload)
        guard content.hasPayload else { return }
        if content.place == nil || sharing.reads(peer) {
            try sendPart(of: content.payload, through: socket, more: false)
        } else {
            try sendPart(of: content.fetched, through: socket, more: false)
        }
    }

    /// Sends a reference to the bytes of `part`, never a copy.
    private func sendPart(
        of part: borrowing Message,
        through socket: borrowing Socket,
        more: Bool
    ) throws {
        var reference = pool.takeReference(to: part)
        _ = try socket.send(&reference, more: more)
        pool.give(reference)
    }
}
