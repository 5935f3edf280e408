import Routing
import Wire
import ZeroMQ

/// What a peer should not have sent, and what it is told.
struct Offence: Error {
    let error: ErrorMessage

    /// A payload was put into the memory of a session that is over.
    static let noSession = Self(
        .noSession,
        "the session that the frame belongs to is over; say HELLO first"
    )
    static let tooManyParts = Self(.malformed, "the message has more parts than it should")

    static func malformed(_ error: WireError) -> Self {
        Self(.malformed, "what came is no message of ZWP/1: \(error)")
    }

    init(_ code: ErrorMessage.Code, _ sentence: String) {
        error = ErrorMessage(code: code, mayGoOn: false, sentence: sentence)
    }
}

/// What the parts of a message from a peer mean to the router.
enum Inbound {
    /// Reads a message whose parts are in `content`, and arranges them there.
    ///
    /// - Parameters:
    ///   - door: The socket that it came to.
    ///   - peer: Whose it is.
    ///   - slot: Where `content` is.
    ///   - content: The parts.
    ///   - sharing: Where payloads lie.
    /// - Returns: What it means.
    /// - Throws: ``WireError`` when the parts are no message; ``Offence`` for
    ///   what is not the peer's to send.
    static func event(
        behind door: Routes.Door,
        _ peer: PeerID,
        _ slot: Slot,
        _ content: SlotContent,
        _ sharing: Sharing
    ) throws -> Event {
        let head = try Header(part: content.header)
        let type = head.type
        try check(content, has: type.partCount)
        switch type {
        case .hello:
            let hello: Hello = try read(content, head)
            guard hello.role.door == door else { throw hello.role.wrongDoor }
            return .hello(peer, hello)
        case .heartbeat: return .heartbeat(peer)
        case .goodbye: return .goodbye(peer)
        case .frame:
            let frame: Frame = try read(content, head)
            content.hasPayload = true
            try locatePayload(of: frame, in: content, peer, sharing)
            return .frame(peer, frame, slot)
        case .gap: return .gap(peer, try read(content, head))
        case .result:
            let answer = try Answer(content.header, behind: head)
            return .answer(peer, answer, slot, byteCount: head.byteCount)
        case .committed: return .committed(peer, try read(content, head))
        case .fetched:
            let fetched: Fetched = try read(content, head)
            content.dropFirst()
            content.hasPayload = true
            let frame = try Frame(part: content.header)
            guard content.payloadBytes.byteCount == Int(frame.byteCount) else {
                throw WireError.invalid("payload length")
            }
            return .fetched(peer, fetched, frame, slot)
        case .end: return .end(peer, try read(content, head))
        case .stream: return .stream(peer, try read(content, head))
        case .group: return .group(peer, try read(content, head))
        case .debt: return .debt(peer, try read(content, head))
        case .ready: return .ready(peer)
        // The loop deals with two of them, and the other is only ever a payload's part.
        case .memory, .sharedPayload, .bundle: throw WireError.unexpectedType(type)
        case .welcome, .error, .ack, .deliver, .fetch, .dead, .checkpoint, .job, .owed, .order,
            .stretch, .stub, .begun, .status, .streamStatus, .groupStatus, .workerStatus:
            throw WireError.unexpectedType(type)
        }
    }

    /// Checks the number of a message's parts.
    static func check(_ content: SlotContent, has count: Int) throws {
        guard content.partCount >= count else { throw WireError.truncated }
        guard content.partCount == count else { throw Offence.tooManyParts }
    }

    private static func read<Kind: WireMessage>(
        _ content: SlotContent,
        _ head: Header
    ) throws(WireError) -> Kind {
        try Kind(content.header, behind: head)
    }

    /// Finds the payload where its part says that it lies, unless it is the part itself.
    private static func locatePayload(
        of frame: Frame,
        in content: SlotContent,
        _ peer: PeerID,
        _ sharing: Sharing
    ) throws {
        let byteCount = Int(frame.byteCount)
        let part = content.payloadBytes
        guard part.byteCount != byteCount else { return }
        guard sharing.knows(peer) || part.byteCount != SharedPayload.byteCount else {
            throw Offence.noSession
        }
        guard let place = try? SharedPayload(part: part),
            let found = sharing.place(place, byteCount: byteCount, from: peer)
        else {
            throw WireError.invalid("payload length")
        }
        content.place = found
    }
}

extension MessageType {
    /// Parts of such a message; of a bundle that holds none.
    var partCount: Int {
        switch self {
        case .frame: 2
        case .fetched: 3
        default: 1
        }
    }
}

extension Hello.Role {
    /// The socket that such a peer belongs on; its later messages are then held to its role.
    fileprivate var door: Routes.Door {
        switch self {
        case .camera: .ingest
        case .worker, .archive, .viewer: .work
        }
    }

    /// What a peer is told that came to the other socket.
    fileprivate var wrongDoor: Offence {
        let (who, option, port) =
            switch self {
            case .camera: ("a camera", "--ingest", 5_550)
            case .worker: ("a worker", "--work", 5_551)
            case .archive: ("an archive", "--work", 5_551)
            case .viewer: ("a viewer", "--work", 5_551)
            }
        let sentence = """
            \(who) does not belong on this port of the broker: it connects to the one that the broker \
            was given as \(option), \(port) by default
            """
        return Offence(.unexpected, sentence)
    }
}

extension Event {
    /// Where the message's bytes are, if they are still needed once the router has seen the event.
    var slot: Slot? {
        switch self {
        case .frame(_, _, let slot), .answer(_, _, let slot, _), .fetched(_, _, _, let slot): slot
        default: nil
        }
    }
}
