import Testing
import Wire
import ZeroMQ

@testable import Recording

/// The broker's end of the archive's link, moved step by step by a test.
struct FakeBroker: ~Copyable {
    private let socket: Socket
    private var poller: Poller
    private var peer: RoutingID?
    private let clock = ContinuousClock()
    /// Messages of a bundle that are left.
    private var bundled: [[[UInt8]]] = []

    /// Listens on `endpoint`.
    init(_ endpoint: String, _ context: Context) throws {
        var options = SocketOptions()
        // Without a limit no send waits: a router that is not read keeps the queue of a peer that left.
        options.sendHighWater = 0
        let socket = try Socket(.router, in: context, options: options)
        try socket.bind(to: endpoint)
        var poller = Poller()
        _ = poller.add(socket)
        self.socket = socket
        self.poller = poller
    }

    /// Waits for HELLO and answers WELCOME.
    mutating func welcome() throws {
        while true {
            let parts = try receive()
            guard try Fixture.type(parts[0]) == .hello else { continue }
            let hello = try Fixture.decode(Hello.self, parts[0])
            guard case .archive = hello.role else {
                Issue.record("no archive")
                return
            }
            var welcome = Welcome()
            welcome.session = 7
            return try send(welcome.encoded())
        }
    }

    /// The parts of the next message that is no heartbeat.
    mutating func receive() throws -> [[UInt8]] {
        let deadline = clock.now + .seconds(60)
        while true {
            if !bundled.isEmpty { return bundled.removeFirst() }
            if let identity = try socket.receive() {
                peer = identity.withBytes { RoutingID($0) }
                var parts: [[UInt8]] = []
                var hasMore = identity.hasMore
                while hasMore, let part = try socket.receive() {
                    hasMore = part.hasMore
                    parts.append(part.copyBytes())
                }
                let type = try Fixture.type(parts[0])
                if type == .bundle {
                    bundled = try messages(ofBundle: parts)
                } else if type != .heartbeat {
                    return parts
                }
            }
            try #require(clock.now < deadline, "nothing came")
            _ = try poller.wait(for: .milliseconds(100))
        }
    }

    /// The messages of a bundle, heartbeats aside; each by its parts.
    private func messages(ofBundle parts: [[UInt8]]) throws -> [[[UInt8]]] {
        guard parts.count == 2 else { return [] }
        var reader = BundleReader(try Fixture.decode(Bundle.self, parts[0]))
        let body = parts[1]
        var messages: [[[UInt8]]] = []
        while let places = try unsafe reader.next(in: body.span.bytes) {
            let message = (0..<places.count).map { Array(body[places[$0]]) }
            if try Fixture.type(message[0]) != .heartbeat { messages.append(message) }
        }
        return messages
    }

    /// The next message of type `Value`; others before it are passed over.
    mutating func next<Value: WireMessage>(_ type: Value.Type) throws -> Value {
        try nextParts(type).message
    }

    /// The next message of type `Value` with the parts behind it.
    mutating func nextParts<Value: WireMessage>(
        _ type: Value.Type
    ) throws -> (message: Value, rest: [[UInt8]]) {
        while true {
            let parts = try receive()
            guard try Fixture.type(parts[0]) == Value.type else { continue }
            return (try Fixture.decode(Value.self, parts[0]), Array(parts.dropFirst()))
        }
    }

    /// Sends a message of several parts.
    func send(_ parts: [UInt8]...) throws {
        let peer = try #require(peer)
        #expect(try socket.address(peer) == .sent)
        for (index, part) in parts.enumerated() {
            _ = try socket.send(copying: part, more: index + 1 < parts.count)
        }
    }

    /// Sends a record as the broker passes it on.
    func send(_ fixture: (record: LogRecord, bytes: OwnedBytes)) throws {
        if fixture.bytes.payload.isEmpty {
            try send(fixture.bytes.header)
        } else {
            try send(fixture.bytes.header, fixture.bytes.payload)
        }
    }

    /// Sends frames from `sequence` on, one behind the other, until the archive goes; at most `count`.
    ///
    /// - Returns: Whether it went.
    func flood(from sequence: UInt64, count: UInt64) throws -> Bool {
        let peer = try #require(peer)
        for sequence in sequence..<sequence + count {
            let frame = Fixture.frame(sequence).bytes
            guard try socket.address(peer) == .sent else { return true }
            _ = try socket.send(copying: frame.header, more: true)
            _ = try socket.send(copying: frame.payload, more: false)
        }
        return false
    }

    /// Waits until the archive says that `count` messages are committed.
    mutating func waitForCommitted(_ count: UInt64) throws {
        while try next(Committed.self).count < count {}
    }
}
