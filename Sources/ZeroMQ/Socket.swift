import CZeroMQ

#if canImport(Glibc)
import Glibc
#endif

/// A ZeroMQ socket, created and used on one thread.
///
/// Nothing here waits: sending and receiving return at once, and a ``Poller`` does the waiting.
@safe
package struct Socket: ~Copyable {
    /// The messaging patterns this system uses.
    package enum Kind: Sendable {
        case router, dealer, publish, subscribe

        var raw: Int32 {
            switch self {
            case .router: ZMQ_ROUTER
            case .dealer: ZMQ_DEALER
            case .publish: ZMQ_PUB
            case .subscribe: ZMQ_SUB
            }
        }
    }

    /// What became of a message offered to a socket.
    package enum SendOutcome: Sendable, Equatable {
        /// Queued; success is not delivery.
        case sent
        /// No peer is connected, or its high-water mark is reached; the message is unchanged.
        case wouldBlock
        /// A router knows no such peer; the message is unchanged.
        case unreachable
    }

    let handle: SocketHandle

    /// Opens a socket.
    ///
    /// - Throws: ``ZeroMQError``, such as `EMFILE` when too many are open.
    package init(
        _ kind: Kind,
        in context: Context,
        options: SocketOptions = SocketOptions()
    ) throws(ZeroMQError) {
        let handle = try SocketHandle(kind.raw, in: context)
        try Self.apply(options, kind: kind, to: handle)
        self.handle = handle
    }

    deinit { handle.close() }

    /// Closes the socket, keeping messages not yet sent for `linger` at most.
    ///
    /// Returns at once; it is the end of the ``Context`` that waits.
    package consuming func close(linger: Duration = .zero) {
        // Refused for a negative time only, and then the socket closes without lingering.
        try? handle.set(ZMQ_LINGER, max(0, linger.roundedUpMilliseconds))
        handle.close()
    }

    /// Listens on `endpoint`, such as `tcp://*:5550` or `tcp://127.0.0.1:*`.
    ///
    /// - Throws: `EADDRINUSE`, `EINVAL` for an endpoint that is none, `ERANGE` for a port that cannot
    ///   be, `ENODEV`, `EACCES` and more; name the endpoint when you tell a person.
    package borrowing func bind(to endpoint: String) throws(ZeroMQError) {
        try Self.checkPort(of: endpoint, "zmq_bind")
        try unsafe ZeroMQError.check(zmq_bind(handle.raw, endpoint), "zmq_bind")
    }

    /// Begins to connect to `endpoint`, such as `tcp://127.0.0.1:5550`, in the background.
    ///
    /// - Throws: `EINVAL` for an endpoint that is none, `ERANGE` for a port that cannot be. That nobody
    ///   listens there is no error.
    package borrowing func connect(to endpoint: String) throws(ZeroMQError) {
        try Self.checkPort(of: endpoint, "zmq_connect")
        try unsafe ZeroMQError.check(zmq_connect(handle.raw, endpoint), "zmq_connect")
    }

    /// libzmq reads as much of a port as looks like a number, and takes it modulo 65,536.
    private static func checkPort(
        of endpoint: String,
        _ operation: StaticString
    ) throws(ZeroMQError) {
        guard endpoint.hasPrefix("tcp://"), let colon = endpoint.lastIndex(of: ":") else { return }
        let port = endpoint[endpoint.index(after: colon)...]
        guard port != "*" else { return }
        guard !port.isEmpty, port.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw ZeroMQError(code: EINVAL, operation: operation)
        }
        guard UInt16(port) != nil else { throw ZeroMQError(code: ERANGE, operation: operation) }
    }

    /// Receives messages that begin with `prefix`; all of them when it is empty.
    ///
    /// - Throws: `EINVAL` unless the socket is of the kind `subscribe`.
    package borrowing func subscribe(to prefix: String) throws(ZeroMQError) {
        let bytes = [UInt8](prefix.utf8)
        try unsafe ZeroMQError.check(
            zmq_setsockopt(handle.raw, ZMQ_SUBSCRIBE, bytes, bytes.count),
            "zmq_setsockopt"
        )
    }

    /// The endpoint last bound or connected to, with the port that the system chose.
    package borrowing func lastEndpoint() throws(ZeroMQError) -> String {
        var bytes = [UInt8](repeating: 0, count: 1_024)
        var count = bytes.count
        try unsafe ZeroMQError.check(
            zmq_getsockopt(handle.raw, ZMQ_LAST_ENDPOINT, &bytes, &count),
            "zmq_getsockopt"
        )
        return String(decoding: bytes.prefix(max(0, count - 1)), as: UTF8.self)
    }

    private static func apply(
        _ options: SocketOptions,
        kind: Kind,
        to handle: SocketHandle
    ) throws(ZeroMQError) {
        try handle.set(ZMQ_LINGER, options.linger.roundedUpMilliseconds)
        try handle.set(ZMQ_SNDHWM, Int32(clamping: options.sendHighWater))
        try handle.set(ZMQ_RCVHWM, Int32(clamping: options.receiveHighWater))
        try handle.set(ZMQ_IMMEDIATE, options.immediate ? 1 : 0)
        try handle.set(ZMQ_IPV6, 0)
        // Never by itself: hours, because libzmq 4.3.4 mistakes -1 in places.
        let reconnect = options.reconnectInterval ?? .seconds(86_400)
        try handle.set(ZMQ_RECONNECT_IVL, max(1, reconnect.roundedUpMilliseconds))
        if kind == .router {
            // Hundreds may come at once, as after a restart; 100 otherwise.
            try handle.set(ZMQ_BACKLOG, 4_096)
            try handle.set(ZMQ_ROUTER_MANDATORY, options.routerMandatory ? 1 : 0)
        }
        var largest = Int64(options.largestPartByteCount ?? -1)
        try unsafe ZeroMQError.check(
            zmq_setsockopt(handle.raw, ZMQ_MAXMSGSIZE, &largest, MemoryLayout<Int64>.size),
            "zmq_setsockopt"
        )
    }
}
