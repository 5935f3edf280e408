import Service
import Testing
import Wire
import ZeroMQ

/// How long a test waits for what must come.
let patience: Duration = .seconds(60)

struct NothingCame: Error {}

/// The broker's end of a link, without a broker.
final class Router {
    let endpoint: String
    private let socket: Socket
    private var peer: RoutingID?
    private(set) var lastPayload = Message()

    init(in context: Context, endpoint: String = "tcp://127.0.0.1:*") throws {
        socket = try Socket(.router, in: context)
        // A port that was just given up may be taken for a moment still.
        let deadline = ContinuousClock.now + patience
        while !Self.bind(socket, to: endpoint) {
            if ContinuousClock.now >= deadline { throw NothingCame() }
        }
        self.endpoint = try socket.lastEndpoint()
    }

    private static func bind(_ socket: borrowing Socket, to endpoint: String) -> Bool {
        do {
            try socket.bind(to: endpoint)
            return true
        } catch {
            return false
        }
    }

    /// Receives one message, letting `link` do its work in the meantime.
    func receiveFirst(driving link: inout Link) throws -> MessageType {
        let deadline = ContinuousClock.now + patience
        while ContinuousClock.now < deadline {
            if let type = try receive() { return type }
            _ = try link.next(until: .now + .milliseconds(1))
        }
        throw NothingCame()
    }

    /// Receives one message.
    func receiveFirst() throws -> MessageType {
        var poller = Poller()
        _ = poller.add(socket)
        let deadline = ContinuousClock.now + patience
        while ContinuousClock.now < deadline {
            if let type = try receive() { return type }
            _ = try poller.wait(for: deadline - .now)
        }
        throw NothingCame()
    }

    private func receive() throws -> MessageType? {
        guard let identity = try socket.receive() else { return nil }
        peer = identity.withBytes { RoutingID($0) }
        var part = Message()
        _ = try socket.receive(into: &part)
        let type = try part.withBytes { try Header($0).type }
        if part.hasMore { _ = try socket.receive(into: &lastPayload) }
        // This broker shares no memory, and sends no bundles.
        let isAsking = type == .memory || (type == .bundle && !part.hasMore)
        return isAsking ? try receive() : type
    }

    /// Sends a message, and more parts after its header, to whoever was heard last.
    func answer(_ message: some WireMessage, with parts: [[UInt8]] = []) throws {
        let peer = try #require(peer)
        #expect(try socket.address(peer) == .sent)
        #expect(try socket.send(copying: message.encoded(), more: !parts.isEmpty) == .sent)
        for (index, part) in parts.enumerated() {
            #expect(try socket.send(copying: part, more: index < parts.count - 1) == .sent)
        }
    }
}

extension Parts {
    /// Bytes of the parts behind the first, 0 where there is none.
    var lengths: [Int] { [frameHeader.byteCount, payload.byteCount] }
}

extension Link {
    /// The next event, which has to be a message.
    mutating func nextMessage() throws -> Parts {
        switch try next(until: .now + patience) {
        case .message(let parts): return parts
        default: throw Failure(.general, "what came next is no message")
        }
    }

    /// The next event by its name, recycling a message.
    mutating func nextName(
        until deadline: ContinuousClock.Instant? = nil
    ) throws(Failure) -> String {
        switch try next(until: deadline ?? .now + patience) {
        case .connected: return "connected"
        case .message(let parts):
            recycle(parts)
            return "message"
        case .lost: return "lost"
        case .refused: return "refused"
        case .warned: return "warned"
        case .writable: return "writable"
        case .woken: return "woken"
        case .stopped: return "stopped"
        case .timedOut: return "timedOut"
        }
    }
}
