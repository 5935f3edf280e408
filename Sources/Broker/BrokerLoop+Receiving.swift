import Routing
import SharedMemory
import Wire
import ZeroMQ

// What comes from peers: alone or in bundles, and what it means.

extension BrokerLoop {
    /// Notes that somebody has come to listen.
    func noteListeners() throws {
        while let event = try events.receiveConnectionEvent() {
            if event == .ready { hasListeners = true }
        }
    }

    func socket(_ door: Routes.Door, _ body: (borrowing Socket) throws -> Void) rethrows {
        switch door {
        case .ingest: try body(ingest)
        case .work: try body(work)
        }
    }

    func receive(from door: Routes.Door) throws {
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
            guard head.count > 0 else { throw WireError.invalid("bundle length") }
            var reader = BundleReader(head)
            while let parts = try body.withBytes({ (bytes) throws(WireError) in
                try reader.next(in: bytes)
            }) {
                count += 1
                let slot = store.next()
                body.withBytes { store[slot].receive(parts, of: $0) }
                try Self.refuseHello(store[slot])
                let event = try take(slot, from: bundle, behind: door, peer)
                try tell(event)
                // What it said behind that is not heard.
                if event.isOffence || routes[peer] == nil { break }
            }
        } catch let error as WireError {
            routes.setAddress(bundle.peerAddress, of: peer)
            try tell(.offence(peer, Self.malformed(error)))
        }
        return max(1, count)
    }

    /// A session does not begin within a bundle.
    private static func refuseHello(_ content: SlotStore.Content) throws(WireError) {
        guard content.type == .hello else { return }
        _ = try content.withHeader { bytes throws(WireError) in try Header(part: bytes) }
        throw WireError.unexpectedType(.hello)
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
        let expectedPartCount = content.type?.partCount ?? 1
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
        if !event.isOffence, content.partCount > expectedPartCount {
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
            content.forgetParts(third: &third)
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

    static func copy(of place: Sharing.Place) throws -> Message {
        var payload = try Message(byteCount: place.byteCount)
        _ = payload.withMutableBytes { place.arena.memory.read(at: place.offset, into: &$0) }
        return payload
    }
}
