import Foundation
import Testing
import Wire
import ZeroMQ

/// A peer of the broker that says whatever a test wants, right or wrong, and only then.
///
/// It sends no heartbeats, and reads only when asked to.
final class RawPeer {
    private let socket: Socket

    /// One for all: each has threads and files of its own.
    private static let context = try? Context()

    /// Begins to connect; what is sent before the connection is there waits for it.
    init(_ endpoint: String, receiveHighWater: Int = 1_000) throws {
        let context = try Self.context.required("a context of ZeroMQ")
        var options = SocketOptions()
        options.immediate = false
        options.receiveHighWater = receiveHighWater
        // Whatever it is told to send.
        options.sendHighWater = 0
        // So that the last words are heard.
        options.linger = .milliseconds(500)
        socket = try Socket(.dealer, in: context, options: options)
        try socket.connect(to: endpoint)
    }

    // MARK: Sending

    /// Sends a message, and more parts after its header.
    func send(_ message: some WireMessage, _ more: [[UInt8]] = []) throws {
        try send(parts: [message.encoded()] + more)
    }

    /// Sends parts that need not be a message.
    func send(parts: [[UInt8]]) throws {
        for (index, part) in parts.enumerated() {
            _ = try socket.send(copying: part, more: index + 1 < parts.count)
        }
    }

    /// Sends a frame with a payload of `byteCount` bytes, all of them `filling`.
    func send(frame id: FrameID, byteCount: Int = 1_000, filling: UInt8 = 7) throws {
        let payload = [UInt8](repeating: filling, count: byteCount)
        try send(Self.frame(id, payload), [payload])
    }

    /// A frame's header as a good camera writes it.
    static func frame(_ id: FrameID, _ payload: [UInt8]) -> Frame {
        let hash = unsafe xxh3(payload.span.bytes)
        return Frame(
            id: id,
            capturedAt: 1_000,
            format: .jpeg,
            width: 8,
            height: 8,
            byteCount: UInt32(payload.count),
            payloadHash: hash
        )
    }

    // MARK: HELLO

    func helloCamera(
        _ stream: String,
        epoch: UInt64 = 0,
        acks: CameraWishes.Acknowledgement = .none
    ) throws {
        let wishes = CameraWishes(stream: stream, epoch: epoch, acknowledgement: acks)
        try send(Hello(name: stream, role: .camera(wishes)))
    }

    func helloWorker(
        _ group: String,
        name: String = "raw",
        policy: GroupDefinition.Policy = .durable,
        frames: UInt32 = 4,
        slots: UInt32 = 1
    ) throws {
        let wishes = WorkerWishes(
            group: GroupDefinition(name: group, policy: policy),
            creditFrames: frames,
            creditBytes: 16 << 20,
            slots: slots,
            model: "none"
        )
        try send(Hello(name: name, role: .worker(wishes)))
    }

    func helloArchive() throws {
        let wishes = ArchiveWishes(creditMessages: 10, creditBytes: 1 << 20)
        try send(Hello(name: "raw", role: .archive(wishes)))
    }

    // MARK: Receiving

    /// The parts of the next message that has come, if any has.
    func receive() throws -> [[UInt8]]? {
        guard var part = try socket.receive() else { return nil }
        var parts = [part.copyBytes()]
        while part.hasMore, let next = try socket.receive() {
            parts.append(next.copyBytes())
            part = next
        }
        return parts
    }

    /// The next message of this type; others before it are passed over.
    func next<Value: WireMessage>(
        _ type: Value.Type,
        within limit: Duration = System.patience,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Value {
        try await nextParts(type, within: limit, sourceLocation: sourceLocation).message
    }

    /// The next message of this type, and the parts behind its header.
    func nextParts<Value: WireMessage>(
        _ type: Value.Type,
        within limit: Duration = System.patience,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> (message: Value, rest: [[UInt8]]) {
        let deadline = ContinuousClock.now + limit
        while true {
            let parts = try await nextParts(until: deadline, "\(Value.self)", sourceLocation)
            let head = parts[0]
            guard try unsafe Header(head.span.bytes).type == Value.type else { continue }
            let message = try unsafe Value(decoding: head.span.bytes)
            return (message, Array(parts.dropFirst()))
        }
    }

    /// The next error, and what came before it.
    func nextError(
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> (error: ErrorMessage, before: [MessageType]) {
        let deadline = ContinuousClock.now + System.patience
        var before: [MessageType] = []
        while true {
            let head = try await nextParts(until: deadline, "error", sourceLocation)[0]
            let type = try unsafe Header(head.span.bytes).type
            if type == .error {
                return (try unsafe ErrorMessage(decoding: head.span.bytes), before)
            }
            before.append(type)
        }
    }

    /// The parts of the next message, waiting for it.
    private func nextParts(
        until deadline: ContinuousClock.Instant,
        _ wanted: String,
        _ sourceLocation: SourceLocation
    ) async throws -> [[UInt8]] {
        while true {
            if let parts = try receive() { return parts }
            guard ContinuousClock.now < deadline else {
                throw GaveUp("no \(wanted) came in time", sourceLocation)
            }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    /// The next lease, as its token, run and frame.
    func nextLease(
        within limit: Duration = System.patience,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Lease {
        let (deliver, rest) = try await nextParts(
            Deliver.self,
            within: limit,
            sourceLocation: sourceLocation
        )
        let header = try #require(rest.first, sourceLocation: sourceLocation)
        let frame = try unsafe Frame(decoding: header.span.bytes)
        return Lease(
            token: deliver.token,
            run: deliver.run,
            frame: frame.id,
            attempt: deliver.attempt
        )
    }

    /// Answers a lease as a good worker does.
    func answer(_ lease: Lease, as worker: String = "raw") throws {
        try send(lease.result(of: worker))
    }
}

/// A frame in a ``RawPeer``'s hands.
struct Lease {
    var token: UInt64
    var run: Run
    var frame: FrameID
    var attempt: UInt16

    func result(of worker: String) -> Wire.Result {
        Result(
            run: run,
            frame: frame,
            token: token,
            attempt: attempt,
            worker: worker,
            model: "none",
            modelHash: 1,
            startedAt: 1_000
        )
    }
}
