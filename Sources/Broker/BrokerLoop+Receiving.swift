import Routing
import SharedMemory
import Wire
import ZeroMQ

// What comes from peers: alone or in bundles, and what it means.

extension BrokerLoop {
    /// Notes that somebody has come to listen.
    mutating func noteListeners() throws {
        while let event = try sockets.events.receiveConnectionEvent() {
            if event == .ready { hasListeners = true }
        }
    }

    mutating func receive(from door: Routes.Door) throws {
        var left = Self.messagesPerTurn
        while left > 0 {
            let hasCome = try sockets.with(door) { socket in
                guard try socket.receive(into: &identity) else { return false }
                if identity.hasMore {
                    try incoming.receive(from: socket, third: &third)
                } else {
                    incoming.receiveNothing()
                }
                return true
            }
            guard hasCome else { return }
            let peer = routes.peer(on: .init(door: door, routingID: RoutingID(identity.bytes)))
            if incoming.type == .bundle, incoming.partCount == 2 {
                left -= try openBundle(behind: door, peer)
                incoming.clear()
            } else {
                left -= 1
                let slot = store.next()
                let content = store[slot]
                content.takeParts(from: incoming)
                try tell(take(slot, content, from: content, behind: door, peer))
            }
        }
    }

    /// Takes the messages out of the bundle that came, up to the first that its peer should not have sent.
    ///
    /// - Returns: How many there were.
    private mutating func openBundle(behind door: Routes.Door, _ peer: PeerID) throws -> Int {
        let body = incoming.takePayload()
        var count = 0
        do {
            let head = try Bundle(part: incoming.header)
            guard head.count > 0 else { throw WireError.invalid("bundle length") }
            var reader = BundleReader(head)
            while let parts = try reader.next(in: body.bytes) {
                count += 1
                let slot = store.next()
                let content = store[slot]
                store.copy(parts, of: body.bytes, into: slot)
                try Self.refuseWhatGoesAlone(content)
                let event = try take(slot, content, from: incoming, behind: door, peer)
                let isOffence = event.isOffence
                try tell(event)
                // What it said behind that is not heard.
                if isOffence || !routes.has(peer) { break }
            }
        } catch let error as WireError {
            routes.setAddress(incoming.peerAddress, of: peer)
            try tell(.offence(peer, Self.malformed(error)))
        }
        return max(1, count)
    }

    /// A session does not begin within a bundle, nor does a bundle.
    private static func refuseWhatGoesAlone(_ content: SlotContent) throws(WireError) {
        guard let type = content.type, type == .hello || type == .bundle else { return }
        _ = try Header(part: content.header)
        throw WireError.unexpectedType(type)
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
    ///   - content: The same.
    ///   - carrier: What came from the socket: the message or its bundle.
    ///   - door: The socket.
    ///   - peer: Whose it is.
    /// - Returns: What it means.
    /// - Throws: ``ZeroMQError`` for what no peer can cause.
    private mutating func take(
        _ slot: Slot,
        _ content: SlotContent,
        from carrier: SlotContent,
        behind door: Routes.Door,
        _ peer: PeerID
    ) throws -> Event {
        let expectedPartCount = content.type?.partCount ?? 1
        var event: Event
        do {
            guard content.partCount > 0 else { throw WireError.truncated }
            if content.type == .memory {
                let memory = try Memory(part: content.header)
                if let answer = sharing.handle(memory, from: peer) {
                    answers.append((peer, answer))
                }
                event = .heartbeat(peer)
            } else if content.type == .bundle, content.partCount == 1 {
                let bundle = try Bundle(part: content.header)
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
    private func keep(_ content: SlotContent, at place: Sharing.Place) throws {
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
