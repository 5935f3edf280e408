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

    init(_ kind: Int32, in context: Context) throws(ZeroMQError) {
        guard let raw = unsafe zmq_socket(context.raw, kind) else { throw .last("zmq_socket") }
        unsafe self.raw = raw
        unsafe self.monitor = nil
        self.context = context
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
        }
        unsafe zmq_close(open)
        unsafe raw = nil
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
