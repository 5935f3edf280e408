import Routing
import Service
import Wire
import ZeroMQ

// What peers are sent: by itself, or gathered for a bundle.

extension BrokerLoop {
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

    func send(_ message: some WireMessage, to peer: PeerID) throws {
        writer.removeAll()
        message.encode(to: &writer)
        try sendWritten(to: peer)
    }

    /// Sends what is in the writer, or gathers it; returns whether the peer can be reached so far.
    @discardableResult
    func sendWritten(to peer: PeerID) throws -> Bool {
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

    func send(_ deliver: Deliver, with slot: Slot, to peer: PeerID) throws {
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

    func send(_ slot: Slot, to peer: PeerID) throws {
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
    func handOver(to peer: PeerID) throws {
        try outboxes.take(for: peer, handOver)
    }

    /// Hands over all that was gathered, and what comes of that.
    func handOver() throws {
        while !outboxes.isEmpty {
            try outboxes.takeLast(handOver)
            try giveBackUndelivered()
        }
    }

    func handOver(_ outbox: borrowing Outboxes.Outbox) throws {
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
