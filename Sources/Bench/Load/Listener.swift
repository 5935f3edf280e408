import Dispatch
import Histogram
import Service
import Synchronization
import Wire
import ZeroMQ

/// Listens on `events`: how long after its capture the result of each frame is there, and how the
/// broker says it is.
final class Listener: Sendable {
    /// Results queued for this listener before libzmq drops some.
    private static let highWater = 100_000

    /// What was heard so far.
    struct Heard: Sendable {
        /// From capture to result, in nanoseconds.
        var latencies = Tally.latencies()
        var results = 0
    }

    private let heard = Mutex(Heard())
    private let wanted = Mutex(Int.max)
    private let complete = DispatchSemaphore(value: 0)
    private let ending: WakeUp
    private let capturedAt: @Sendable (String, UInt64) -> Int64?
    private let groupHeard: @Sendable (GroupStatus, Status) -> Void
    private let thread = Mutex<ServiceThread?>(nil)

    /// Begins to listen.
    ///
    /// - Parameters:
    ///   - endpoint: Where the broker publishes.
    ///   - capturedAt: When the frame of a stream with a sequence was captured, in nanoseconds since
    ///     1970; `nil` when it is not of this load.
    ///   - groupHeard: Called for each group, once a second.
    /// - Throws: A `Failure` or a ZeroMQ error when the system gives no thread, file or socket more.
    init(
        _ endpoint: String,
        capturedAt: @escaping @Sendable (String, UInt64) -> Int64? = { _, _ in nil },
        groupHeard: @escaping @Sendable (GroupStatus, Status) -> Void = { _, _ in }
    ) throws {
        self.capturedAt = capturedAt
        self.groupHeard = groupHeard
        ending = try WakeUp()
        let started = try ServiceThread("listener") { [self] in
            var options = SocketOptions()
            options.receiveHighWater = Self.highWater
            let socket = try Socket(.subscribe, in: Context(), options: options)
            try socket.connect(to: endpoint)
            try socket.subscribe(to: "result/")
            try socket.subscribe(to: "status")
            try listen(socket)
        }
        thread.withLock { $0 = started }
    }

    /// What was heard until now.
    var soFar: Heard { heard.withLock { $0 } }

    /// Ends listening when so many results have come, or `patience` is over: libzmq may drop some.
    func finish(after results: Int, patience: Duration) throws {
        wanted.withLock { $0 = results }
        if soFar.results < results {
            let nanoseconds = Int(patience / .nanoseconds(1))
            _ = complete.wait(timeout: .now() + .nanoseconds(nanoseconds))
        }
        try close()
    }

    /// Ends listening; what was heard is what it is then.
    func close() throws {
        ending.signal()
        try thread.withLock { $0.take() }?.join()
    }

    private func listen(_ socket: borrowing Socket) throws {
        var poller = Poller()
        _ = poller.add(socket)
        let end = poller.add(fileDescriptor: ending.fileDescriptor)
        var message = Message()
        var broker = Status()
        while true {
            while try socket.receive(into: &message) {
                guard message.hasMore, try socket.receive(into: &message) else { continue }
                let now = WallClock.nanoseconds
                try? message.withBytes { (bytes) throws(WireError) in
                    try take(bytes, now, &broker)
                }
                try socket.skipRest(of: &message)
            }
            _ = try poller.wait(for: nil)
            if poller.isReady(end) { return }
        }
    }

    private func take(
        _ bytes: RawSpan,
        _ now: Int64,
        _ broker: inout Status
    ) throws(WireError) {
        switch try Header(part: bytes).type {
        case .result:
            let result = try Wire.Result(decoding: bytes)
            guard let captured = capturedAt(result.frame.stream, result.frame.sequence) else {
                return
            }
            let results = heard.withLock { heard in
                heard.results += 1
                _ = heard.latencies.record(UInt64(max(0, now - captured)))
                return heard.results
            }
            if results >= wanted.withLock({ $0 }) { complete.signal() }
        case .status: broker = try Status(decoding: bytes)
        case .groupStatus: groupHeard(try GroupStatus(decoding: bytes), broker)
        default: break
        }
    }
}
