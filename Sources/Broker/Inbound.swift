import Routing
import Wire
import ZeroMQ

/// What the parts of a message from a peer mean to the router.
enum Inbound {
    /// Reads a message whose first part is in `content`, receiving the parts that belong to it.
    ///
    /// - Throws: ``WireError`` when the parts are no message; ``ZeroMQError`` for what no peer can
    ///   cause.
    static func event(
        from socket: borrowing Socket,
        _ peer: PeerID,
        _ slot: Slot,
        _ content: SlotStore.Content
    ) throws -> Event {
        let type = try content.header.withBytes { bytes throws(WireError) in
            try Header(part: bytes).type
        }
        switch type {
        case .hello: return .hello(peer, try read(content))
        case .heartbeat: return .heartbeat(peer)
        case .goodbye: return .goodbye(peer)
        case .frame:
            let frame: Frame = try read(content)
            try receivePayload(of: frame, from: socket, into: content)
            return .frame(peer, frame, slot)
        case .gap: return .gap(peer, try read(content))
        case .result:
            return .result(peer, try read(content), slot, byteCount: content.header.byteCount)
        case .committed: return .committed(peer, try read(content))
        case .fetched:
            let fetched: Fetched = try read(content)
            guard content.header.hasMore, try socket.receive(into: &content.header) else {
                throw WireError.truncated
            }
            let frame: Frame = try read(content)
            try receivePayload(of: frame, from: socket, into: content)
            return .fetched(peer, fetched, frame, slot)
        case .end: return .end(peer, try read(content))
        case .stream: return .stream(peer, try read(content))
        case .group: return .group(peer, try read(content))
        case .debt: return .debt(peer, try read(content))
        case .ready: return .ready(peer)
        case .welcome, .error, .ack, .deliver, .fetch, .dead, .checkpoint, .job, .owed, .status,
            .streamStatus, .groupStatus, .workerStatus:
            throw WireError.unexpectedType(type)
        }
    }

    private static func read<Kind: WireMessage>(
        _ content: SlotStore.Content
    ) throws(WireError) -> Kind {
        try content.header.withBytes { bytes throws(WireError) in try Kind(part: bytes) }
    }

    private static func receivePayload(
        of frame: Frame,
        from socket: borrowing Socket,
        into content: SlotStore.Content
    ) throws {
        guard content.header.hasMore, try socket.receive(into: &content.payload) else {
            throw WireError.truncated
        }
        content.hasPayload = true
        guard content.payload.byteCount == Int(frame.byteCount) else {
            throw WireError.invalid("payload length")
        }
    }
}

extension Event {
    /// Whether the message's bytes are still needed once the router has seen the event.
    var keepsSlot: Bool {
        switch self {
        case .frame, .result, .fetched: true
        default: false
        }
    }

    var isOffence: Bool {
        if case .offence = self { return true }
        return false
    }
}
