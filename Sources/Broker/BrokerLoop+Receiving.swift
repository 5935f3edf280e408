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
        defer { receivedCount += Self.messagesPerTurn - left }
        while left > 0 {
            guard try sockets.with(door, { try arrival.receive(from: $0) }) else { return }
            let routingID = RoutingID(arrival.identity.bytes)
            let peer = routes.peer(on: .init(door: door, routingID: routingID))
            if arrival.isBundle {
                left -= try openBundle(behind: door, peer)
            } else {
                left -= 1
                let slot = store.next()
                let content = store[slot]
                content.take(&arrival, &sockets.pool)
                try take(slot, content, behind: door, peer)
                try tellHeard(of: peer)
            }
        }
    }

    /// Takes the messages out of the bundle that came, up to the first that its peer should not have sent.
    ///
    /// They are read, decided on and answered some at a time: the code of all three together is more than
    /// a processor's first cache holds.
    ///
    /// - Returns: How many there were.
    private mutating func openBundle(behind door: Routes.Door, _ peer: PeerID) throws -> Int {
        guard let body = arrival.take(1, for: &sockets.pool) else { return 1 }
        let count = try open(body, behind: door, peer)
        sockets.pool.give(body)
        return max(1, count)
    }

    private mutating func open(
        _ body: borrowing Message,
        behind door: Routes.Door,
        _ peer: PeerID
    ) throws -> Int {
        var count = 0
        do {
            let head = try Bundle(part: arrival.header)
            guard head.count > 0 else { throw WireError.invalid("bundle length") }
            var reader = BundleReader(head)
            repeat {
                try read(&reader, in: body.bytes, behind: door, peer)
                count += heard.count
            } while try !heard.isEmpty && tellHeard(of: peer)
        } catch let error as WireError {
            note(.malformed(error), by: peer)
            try tellHeard(of: peer)
        }
        return count
    }

    /// Reads some messages of a bundle, up to the first that its peer should not have sent.
    private mutating func read(
        _ reader: inout BundleReader,
        in body: RawSpan,
        behind door: Routes.Door,
        _ peer: PeerID
    ) throws {
        do {
            while heard.count < Self.messagesPerStep, let parts = try reader.next(in: body) {
                let slot = store.next()
                let content = store[slot]
                store.copy(parts, of: body, into: content)
                guard try take(slot, content, behind: door, peer, bundled: true) else { return }
            }
        } catch let error as WireError {
            note(.malformed(error), by: peer)
        }
    }

    /// A session does not begin within a bundle, nor does a bundle.
    private static func refuseWhatGoesAlone(_ content: SlotContent) throws(WireError) {
        guard let type = content.type, type == .hello || type == .bundle else { return }
        _ = try Header(part: content.header)
        throw WireError.unexpectedType(type)
    }

    /// Reads the message in a slot, adds what it means to ``heard``, and keeps its bytes if they are still
    /// needed.
    ///
    /// - Parameters:
    ///   - slot: Where the message is.
    ///   - content: The same.
    ///   - door: The socket.
    ///   - peer: Whose it is.
    ///   - isBundled: Whether it came in a bundle.
    /// - Returns: Whether it is what such a peer may send.
    /// - Throws: ``ZeroMQError`` for what no peer can cause.
    @discardableResult
    private mutating func take(
        _ slot: Slot,
        _ content: SlotContent,
        behind door: Routes.Door,
        _ peer: PeerID,
        bundled isBundled: Bool = false
    ) throws -> Bool {
        let type = content.type
        do {
            guard content.partCount > 0 else { throw WireError.truncated }
            if isBundled { try Self.refuseWhatGoesAlone(content) }
            switch type {
            case .memory:
                let memory = try Memory(part: content.header)
                try Inbound.check(content, has: 1)
                memories.append((heard.count, memory))
                heard.append(.heartbeat(peer))
            case .bundle:
                let bundle = try Bundle(part: content.header)
                try Inbound.check(content, has: bundle.count == 0 ? 1 : 2)
                outboxes.admit(peer)
                heard.append(.heartbeat(peer))
            default:
                heard.append(
                    try Inbound.event(behind: door, peer, slot, content, sharing)
                )
            }
        } catch let offence as Offence {
            note(offence, by: peer, at: content.address)
            drop(content)
            return false
        } catch let error as WireError {
            note(.malformed(error), by: peer, at: content.address)
            drop(content)
            return false
        }
        switch type {
        case .frame, .result, .fetched:
            try content.detach()
            if let place = content.place { try keep(content, at: place) }
            store.take(slot)
        case .hello:
            try handOver(to: peer)
            outboxes.forget(peer)
            sharing.forget(peer)
            routes.setAddress(content.address, of: peer)
            drop(content)
        default: drop(content)
        }
        return true
    }

    /// Adds to ``heard`` that a peer has sent what it should not have, in the message or bundle that came.
    private mutating func note(_ offence: Offence, by peer: PeerID, at address: String? = nil) {
        routes.setAddress(address ?? arrival.address, of: peer)
        heard.append(.offence(peer, offence.error))
    }

    /// Lets go of a message that nobody needs.
    private mutating func drop(_ content: SlotContent) {
        if let place = content.place { sharing.giveBack(place) }
        content.clear(&sockets.pool)
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
