import CZeroMQ

#if canImport(Glibc)
import Glibc
#endif

/// What libzmq says about the connection of a socket, see zmq_socket_monitor(3).
package enum ConnectionEvent: Sendable, Equatable {
    /// The peer speaks ZMTP: messages flow.
    case ready
    /// The peer could not be reached, or does not speak ZMTP.
    case failed
    /// A connection is gone: the peer ended, cut us off, or the network did.
    case disconnected
}

extension Socket {
    /// Begins to watch the connections of this socket; call it before ``connect(to:)``.
    ///
    /// Read the events by ``receiveConnectionEvent()`` and wait for them by
    /// ``Poller/addConnectionEvents(of:)``.
    ///
    /// - Throws: `EMFILE` when too many sockets are open.
    package borrowing func watchConnections() throws(ZeroMQError) {
        try handle.watch(
            events: ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_CONNECT_RETRIED
                | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL
                | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_DISCONNECTED
        )
    }

    /// The next thing that happened to a connection, or nil.
    ///
    /// - Throws: ``ZeroMQError`` for what no peer can cause.
    package borrowing func receiveConnectionEvent() throws(ZeroMQError) -> ConnectionEvent? {
        guard let monitor = unsafe handle.monitor else { return nil }
        handle.isMonitorSettled = false
        var bytes: InlineArray<6, UInt8> = .init(repeating: 0)
        while true {
            // Two parts: the event with its value in 6 bytes, and the endpoint.
            var span = bytes.mutableSpan
            let count = unsafe span.withUnsafeMutableBytes { bytes in
                unsafe zmq_recv(monitor, bytes.baseAddress, bytes.count, ZMQ_DONTWAIT)
            }
            guard count >= 0 else {
                let error = ZeroMQError.last("zmq_recv")
                if error.code == EAGAIN { return nil }
                guard error.isInterruption else { throw error }
                continue
            }
            unsafe zmq_recv(monitor, nil, 0, ZMQ_DONTWAIT)
            let event = Int32(UInt16(bytes[0]) | UInt16(bytes[1]) << 8)
            switch event {
            case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: return .ready
            case ZMQ_EVENT_DISCONNECTED: return .disconnected
            case ZMQ_EVENT_MONITOR_STOPPED: return nil
            default: return .failed
            }
        }
    }
}
