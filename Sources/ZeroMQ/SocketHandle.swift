import CZeroMQ

/// The libzmq socket behind a ``Socket``, shared with the pollers it was added to.
///
/// Used on the socket's thread only.
@safe
final class SocketHandle {
    /// Nil once closed.
    private(set) var raw: UnsafeMutableRawPointer?
    /// Where connection events come from, if anybody asked.
    private(set) var monitor: UnsafeMutableRawPointer?
    private let context: Context
    /// Readable when libzmq has something to do for the socket; -1 once closed.
    private(set) var descriptor: Int32 = -1
    /// The same, of where connection events come from.
    private(set) var monitorDescriptor: Int32 = -1
    /// Whether nothing can be received, and ``descriptor`` will tell when that changes: so it is until
    /// something is sent or received, in whose course libzmq may read what was told.
    var isSettled = false
    /// The same, of connection events.
    var isMonitorSettled = false

    init(_ kind: Int32, in context: Context) throws(ZeroMQError) {
        guard let raw = unsafe zmq_socket(context.raw, kind) else { throw .last("zmq_socket") }
        unsafe self.raw = raw
        unsafe self.monitor = nil
        self.context = context
        descriptor = try unsafe Self.get(ZMQ_FD, of: raw)
    }

    deinit { close() }

    /// Closes the socket; later calls do nothing.
    func close() {
        guard let open = unsafe raw else { return }
        if let pair = unsafe monitor {
            // In this order: libzmq's thread would wait for ever to tell a closed monitor.
            unsafe zmq_socket_monitor(open, nil, 0)
            unsafe zmq_close(pair)
            unsafe monitor = nil
            monitorDescriptor = -1
        }
        unsafe zmq_close(open)
        unsafe raw = nil
        descriptor = -1
    }

    /// Begins to watch the connections; see ``Socket/watchConnections()``.
    func watch(events: Int32) throws(ZeroMQError) {
        guard let open = unsafe raw, unsafe monitor == nil else { return }
        let endpoint = "inproc://monitor-\(UInt(bitPattern: open))"
        try unsafe ZeroMQError.check(
            zmq_socket_monitor(open, endpoint, events),
            "zmq_socket_monitor"
        )
        guard let pair = unsafe zmq_socket(context.raw, ZMQ_PAIR) else {
            let error = ZeroMQError.last("zmq_socket")
            unsafe zmq_socket_monitor(open, nil, 0)
            throw error
        }
        unsafe monitor = pair
        try unsafe set(ZMQ_LINGER, 0, on: pair)
        try unsafe ZeroMQError.check(zmq_connect(pair, endpoint), "zmq_connect")
        monitorDescriptor = try unsafe Self.get(ZMQ_FD, of: pair)
    }

    /// What the socket is ready for, as `ZMQ_POLLIN` and `ZMQ_POLLOUT`; nothing once closed.
    func events() throws(ZeroMQError) -> Int16 {
        guard let open = unsafe raw else { return 0 }
        let events = try unsafe Self.get(ZMQ_EVENTS, of: open)
        isSettled = events & Int32(ZMQ_POLLIN) == 0
        return Int16(truncatingIfNeeded: events)
    }

    /// Whether a connection event can be received, as `ZMQ_POLLIN`.
    func monitorEvents() throws(ZeroMQError) -> Int16 {
        guard let pair = unsafe monitor else { return 0 }
        let events = try unsafe Self.get(ZMQ_EVENTS, of: pair)
        isMonitorSettled = events & Int32(ZMQ_POLLIN) == 0
        return Int16(truncatingIfNeeded: events)
    }

    private static func get(
        _ option: Int32,
        of socket: UnsafeMutableRawPointer
    ) throws(ZeroMQError) -> Int32 {
        var value: Int32 = 0
        var size = MemoryLayout<Int32>.size
        while unsafe zmq_getsockopt(socket, option, &value, &size) != 0 {
            let error = ZeroMQError.last("zmq_getsockopt")
            guard error.isInterruption else { throw error }
        }
        return value
    }

    /// Sets an option that is a C `int`.
    func set(_ option: Int32, _ value: Int32) throws(ZeroMQError) {
        guard let open = unsafe raw else { return }
        try unsafe set(option, value, on: open)
    }

    private func set(
        _ option: Int32,
        _ value: Int32,
        on socket: UnsafeMutableRawPointer
    ) throws(ZeroMQError) {
        var value = value
        try unsafe ZeroMQError.check(
            zmq_setsockopt(socket, option, &value, MemoryLayout<Int32>.size),
            "zmq_setsockopt"
        )
    }
}
