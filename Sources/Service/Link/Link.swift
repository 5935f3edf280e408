package import Logging
package import Wire
package import ZeroMQ

/// The client end of a connection to the broker.
///
/// Owned and used by one thread, which calls ``next(until:wantsToSend:)`` in a loop: heartbeats,
/// reconnecting and the log lines about it happen in there, so call it at least once a second.
/// ``LinkState`` decides; this performs.
package struct Link: ~Copyable {
    /// What became of a message.
    package enum SendOutcome: Sendable, Equatable {
        /// On its way; that is not delivery.
        case sent
        /// No session is open, or its queue is full; nothing was sent and the payload is unchanged.
        case wouldBlock
        /// A part is larger than the broker takes; nothing was sent.
        case tooLarge
    }

    /// What a link is made of.
    package struct Configuration {
        /// Where the broker listens, such as `tcp://127.0.0.1:5550`.
        package var endpoint: String
        /// What an endpoint looks like, for who gives one that is none.
        package var example: String
        /// Who is there, for people.
        package var peer = "the broker"
        /// How patient the link is.
        package var limits = LinkLimits()
        /// Messages queued for the broker before ``SendOutcome/wouldBlock``.
        package var sendHighWater = 1_000
        /// Messages received and not read yet; at least the credit given.
        package var receiveHighWater = 1_000
        /// Ends waiting, if there is one.
        package var stop: StopSignal?
        /// Where connecting and losing are reported.
        package var logger: Logger

        /// The defaults.
        package init(
            endpoint: String,
            example: String = "tcp://127.0.0.1:5551",
            logger: Logger
        ) {
            self.endpoint = endpoint
            self.example = example
            self.logger = logger
        }
    }

    /// Rung by other threads to make ``next(until:wantsToSend:)`` return ``LinkEvent/woken``.
    package let wakeUp: WakeUp
    /// The largest part that the broker takes, in bytes.
    package private(set) var largestMessage = Limits.payloadByteCount

    /// How long the last words may take to leave.
    private static let linger = Duration.milliseconds(200)

    let configuration: Configuration
    let makeHello: () -> Hello
    let clock = ContinuousClock()
    let start: ContinuousClock.Instant
    var state: LinkState
    var poller: Poller
    let slots: Slots
    var socket: Socket?
    var pool = MessagePool(capacity: 256)
    var writer = ByteWriter()
    var sharing: PayloadSharing
    /// Small messages for the broker that leave together, the latest by ``flushDeadline``.
    var outgoing = BundleBody()
    var outgoingRoom = BundleRoom()
    var flushDeadline = Duration.zero
    /// The body of a bundle from the broker, as long as messages of it are left.
    var incoming: Message?
    var incomingReader = BundleReader(Bundle())
    /// Effects of the state, used again; those before ``nextEffect`` have been performed.
    var effects: [LinkState.Effect] = []
    var nextEffect = 0
    /// The end of the connection, held back until what came before it has been read.
    var held: LinkState.Event?
    var hasStopped = false
    var hasGivenUp = false
    /// Messages received since the poller was last asked.
    var burst = 0
    private let context: Context

    /// Where the poller has what.
    struct Slots {
        let messages: Poller.Slot
        let connection: Poller.Slot
        let wakeUp: Poller.Slot
        let stop: Poller.Slot
    }

    /// Makes a link, which begins to connect in ``next(until:wantsToSend:)``.
    ///
    /// - Parameters:
    ///   - configuration: Where to, and how.
    ///   - context: The process's context.
    ///   - makeHello: Makes the HELLO of a new session, each time anew.
    /// - Throws: A ``Failure`` of the kind usage when the endpoint is none.
    package init(
        _ configuration: Configuration,
        in context: Context,
        makeHello: @escaping () -> Hello
    ) throws(Failure) {
        let first = try Self.first(configuration, in: context)
        let wakeUp = try Self.makeWakeUp()
        var poller = Poller()
        slots = Slots(
            messages: poller.add(first),
            connection: poller.addConnectionEvents(of: first),
            wakeUp: poller.add(fileDescriptor: wakeUp.fileDescriptor),
            // A descriptor of -1 is passed over by poll(2).
            stop: poller.add(fileDescriptor: configuration.stop?.fileDescriptor ?? -1)
        )
        self.configuration = configuration
        sharing = PayloadSharing(endpoint: configuration.endpoint)
        self.context = context
        self.makeHello = makeHello
        self.wakeUp = wakeUp
        self.poller = poller
        socket = consume first
        start = clock.now
        state = LinkState(limits: configuration.limits, now: .zero, seed: .random(in: 0 ... .max))
        // The first socket is open already, and may be connected before it is first waited for.
        state.handle(.tick, at: .zero, into: &effects)
    }

    /// Whether a session is open.
    package var isConnected: Bool { state.isConnected }

    /// Says GOODBYE, gives it 200 ms to leave, and ends the link.
    ///
    /// - Parameter reason: Why, for a person; may be empty.
    package consuming func close(reason: String = "") {
        let end = clock.now + Self.linger
        if isConnected, flushAll(until: end) { try? say(Goodbye(reason: reason)) }
        if let socket = socket.take() { socket.close(linger: Self.linger) }
    }

    /// Hands over what was gathered, waiting for room; returns whether there was enough.
    private mutating func flushAll(until end: ContinuousClock.Instant) -> Bool {
        for slot in [slots.connection, slots.wakeUp, slots.stop] { poller.set(slot, []) }
        poller.set(slots.messages, .writable)
        while clock.now < end {
            guard let isDone = try? flush() else { return false }
            if isDone { return true }
            guard (try? poller.wait(for: end - clock.now)) != nil else { return false }
        }
        return false
    }

    /// Ends the session and begins another one; ``LinkEvent/lost(_:)`` comes next.
    ///
    /// - Parameter reason: Why, for the log, such as "it sent more than it was granted".
    package mutating func reconnect(reason: String) {
        state.handle(.abandoned(reason), at: now, into: &effects)
    }

    /// Opens the next socket; the first one is there already.
    mutating func openSocket() throws(ZeroMQError) {
        guard socket == nil else { return }
        let next = try Self.open(configuration, in: context)
        poller.replace(slots.messages, with: next)
        poller.replace(slots.connection, with: next)
        socket = consume next
    }

    /// The first socket, whose opening shows whether the endpoint is one.
    private static func first(
        _ configuration: Configuration,
        in context: Context
    ) throws(Failure) -> Socket {
        do throws(ZeroMQError) {
            return try open(configuration, in: context)
        } catch {
            throw Failure(
                .usage,
                "cannot connect to \(configuration.peer) at \(configuration.endpoint): "
                    + "\(error.reason); an endpoint looks like \(configuration.example)"
            )
        }
    }

    private static func makeWakeUp() throws(Failure) -> WakeUp {
        do throws(ZeroMQError) {
            return try WakeUp()
        } catch {
            throw Failure(.general, "cannot open one more file: \(error.reason)")
        }
    }

    private static func open(
        _ configuration: Configuration,
        in context: Context
    ) throws(ZeroMQError) -> Socket {
        var options = SocketOptions()
        options.sendHighWater = configuration.sendHighWater
        options.receiveHighWater = configuration.receiveHighWater
        options.largestPartByteCount = Limits.payloadByteCount
        options.reconnectInterval = nil
        let socket = try Socket(.dealer, in: context, options: options)
        try socket.watchConnections()
        try socket.connect(to: configuration.endpoint)
        return socket
    }

    mutating func adopt(_ welcome: Welcome) {
        largestMessage = min(Int(welcome.largestMessage), Limits.payloadByteCount)
        if !isConnected { outgoingRoom = BundleRoom() }
    }
}
