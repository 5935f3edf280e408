import Routing
import Service
import Wire
import ZeroMQ

// What peers are sent: by itself, or gathered for a bundle.

extension BrokerLoop {
    /// Sends a message to `peer`, by itself.
    ///
    /// - Returns: Whether it can be reached, so far.
    private func reach(_ peer: PeerID, _ body: (borrowing Socket) throws -> Void) throws -> Bool {
        guard let route = routes[peer] else { return false }
        return try sockets.with(route.door) { socket in
            // The high-water marks are above every credit, so a full queue means a peer that
            // does not keep to it, or does not read.
            guard try socket.address(route.routingID) == .sent else { return false }
            try body(socket)
            return true
        }
    }

    /// Gives a peer up that could not be reached, if it still has a session.
    private mutating func giveUp(_ peer: PeerID) {
        if routes.has(peer) { unreachable.append(peer) }
    }

    mutating func send(_ message: some WireMessage, to peer: PeerID) throws {
        writer.removeAll()
        message.encode(to: &writer)
        try sendWritten(to: peer)
    }

    /// Sends what is in the writer, or gathers it; returns whether the peer can be reached so far.
    @discardableResult
    mutating func sendWritten(to peer: PeerID) throws -> Bool {
        if try mayGather(writer.byteCount, for: peer) {
            let place = outboxes.open(for: peer, parts: 1)
            outboxes[place].body.append(writer)
            return true
        }
        let isReached = try reach(peer) { socket in _ = try socket.send(copying: writer.span) }
        if !isReached { giveUp(peer) }
        return isReached
    }

    mutating func send(_ deliver: Deliver, with slot: Slot, to peer: PeerID) throws {
        let content = store[slot]
        guard try introduce(content, to: peer) else {
            return undelivered.append((peer, deliver.token))
        }
        writer.removeAll()
        deliver.encode(to: &writer)
        let isFetched = isFetched(content, for: peer)
        let byteCount = writer.byteCount + content.byteCount(fetched: isFetched)
        if try mayGather(byteCount, for: peer) {
            let parts = content.hasPayload ? 3 : 2
            let place = outboxes.open(for: peer, parts: parts, token: deliver.token)
            let outbox = outboxes[place]
            outbox.body.append(writer)
            content.append(to: &outbox.body, fetched: isFetched)
            return
        }
        let isReached = try reach(peer) { socket in
            _ = try socket.send(copying: writer.span, more: true)
            try content.send(through: socket, &sockets.pool, fetched: isFetched)
        }
        if !isReached {
            giveUp(peer)
            undelivered.append((peer, deliver.token))
        }
    }

    mutating func send(_ slot: Slot, to peer: PeerID) throws {
        let content = store[slot]
        guard try introduce(content, to: peer) else { return }
        let isFetched = isFetched(content, for: peer)
        if try mayGather(content.byteCount(fetched: isFetched), for: peer) {
            let place = outboxes.open(for: peer, parts: content.hasPayload ? 2 : 1)
            content.append(to: &outboxes[place].body, fetched: isFetched)
            return
        }
        let isReached = try reach(peer) { socket in
            try content.send(through: socket, &sockets.pool, fetched: isFetched)
        }
        if !isReached { giveUp(peer) }
    }

    // MARK: Gathering

    /// Whether a message is to be gathered for a peer; if not, all that was gathered has left before it.
    private mutating func mayGather(_ byteCount: Int, for peer: PeerID) throws -> Bool {
        guard outboxes.reads(peer) else { return false }
        guard BundleBody.takes(byteCount) else {
            try handOver(to: peer)
            return false
        }
        if !outboxes.hasRoom(for: byteCount, to: peer) {
            try handOver(to: peer)
            outboxes.growRoom(of: peer)
        }
        return true
    }

    /// Hands over what was gathered for one peer.
    mutating func handOver(to peer: PeerID) throws {
        if let place = outboxes.place(of: peer) { try handOver(place) }
    }

    /// Hands over all that was gathered, and what comes of that.
    mutating func handOver() throws {
        while let place = outboxes.last {
            try handOver(place)
            try giveBackUndelivered()
        }
    }

    private mutating func handOver(_ place: Int) throws {
        let outbox = outboxes[place]
        let peer = outbox.peer
        let isReached = try reach(peer) { socket in _ = try outbox.body.send(through: socket) }
        if !isReached {
            giveUp(peer)
            for token in outbox.tokens { undelivered.append((peer, token)) }
        }
        outboxes.close(place)
    }

    /// Whether a peer is sent the payload's bytes where others are told where they lie.
    private func isFetched(_ content: SlotContent, for peer: PeerID) -> Bool {
        content.place != nil && !sharing.reads(peer)
    }

    /// Has the slot's payload ready for `peer`, if it lies in shared memory: a reader is told of the memory,
    /// once, and for anybody else the payload is fetched out of it, once for all.
    ///
    /// - Returns: False when the peer cannot be reached.
    private mutating func introduce(_ content: SlotContent, to peer: PeerID) throws -> Bool {
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
    private func fetchPayload(_ content: SlotContent, from place: Sharing.Place) throws {
        guard !content.hasFetched else { return }
        content.holdFetched(try Self.copy(of: place))
    }
}
