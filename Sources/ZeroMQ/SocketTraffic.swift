import CZeroMQ

#if canImport(Glibc)
import Glibc
#endif

extension Socket {
    /// Offers one part without waiting.
    ///
    /// A router takes the identity of the peer as the first part, see ``address(_:)``; only that
    /// part can be refused, the others follow it wherever it went.
    ///
    /// - Parameters:
    ///   - message: The part; empty afterwards when it was sent, else unchanged.
    ///   - more: Whether another part of the same message follows.
    /// - Returns: What became of it.
    /// - Throws: ``ZeroMQError`` for what no peer can cause, such as `ENOMEM`.
    package borrowing func send(
        _ message: inout Message,
        more: Bool = false
    ) throws(ZeroMQError) -> SendOutcome {
        let flags = ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0)
        return try sending("zmq_msg_send") {
            unsafe zmq_msg_send(message.raw, handle.raw, flags)
        }
    }

    /// Offers one part holding a copy of `bytes`, without waiting.
    ///
    /// For headers; allocates nothing here up to 33 bytes.
    ///
    /// - Parameters:
    ///   - bytes: The part.
    ///   - more: Whether another part of the same message follows.
    /// - Returns: What became of it.
    /// - Throws: ``ZeroMQError`` for what no peer can cause, such as `ENOMEM`.
    package borrowing func send(
        copying bytes: RawSpan,
        more: Bool = false
    ) throws(ZeroMQError) -> SendOutcome {
        let flags = ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0)
        return try unsafe bytes.withUnsafeBytes { bytes throws(ZeroMQError) in
            try sending("zmq_send") {
                unsafe zmq_send(handle.raw, bytes.baseAddress, bytes.count, flags)
            }
        }
    }

    /// Offers one part holding a copy of `bytes`, without waiting.
    ///
    /// - Parameters:
    ///   - bytes: The part.
    ///   - more: Whether another part of the same message follows.
    /// - Returns: What became of it.
    /// - Throws: ``ZeroMQError`` for what no peer can cause, such as `ENOMEM`.
    package borrowing func send(
        copying bytes: [UInt8],
        more: Bool = false
    ) throws(ZeroMQError) -> SendOutcome {
        try unsafe send(copying: bytes.span.bytes, more: more)
    }

    /// Begins a message from a router to `peer`.
    ///
    /// When this says `sent`, at least one part must follow; they will not be refused.
    ///
    /// - Parameter peer: Whom it goes to.
    /// - Returns: What became of it.
    /// - Throws: ``ZeroMQError`` for what no peer can cause.
    package borrowing func address(_ peer: RoutingID) throws(ZeroMQError) -> SendOutcome {
        try peer.withBytes { bytes throws(ZeroMQError) in try send(copying: bytes, more: true) }
    }

    /// Receives one part into `message`, letting go of what was in it.
    ///
    /// - Returns: Whether there was one; ``Message/hasMore`` says whether it is not the last.
    /// - Throws: ``ZeroMQError`` for what no peer can cause.
    package borrowing func receive(into message: inout Message) throws(ZeroMQError) -> Bool {
        try Self.receive(into: &message, from: handle)
    }

    /// Receives one part into a new message.
    ///
    /// - Returns: The part, or nil when there is none.
    /// - Throws: ``ZeroMQError`` for what no peer can cause.
    package borrowing func receive() throws(ZeroMQError) -> Message? {
        var message = Message()
        guard try receive(into: &message) else { return nil }
        return message
    }

    /// Throws away the parts that follow the one in `message`.
    ///
    /// - Returns: How many there were.
    /// - Throws: ``ZeroMQError`` for what no peer can cause.
    @discardableResult
    package borrowing func skipRest(of message: inout Message) throws(ZeroMQError) -> Int {
        var count = 0
        while message.hasMore, try receive(into: &message) { count += 1 }
        return count
    }

    private static func receive(
        into message: inout Message,
        from handle: SocketHandle
    ) throws(ZeroMQError) -> Bool {
        handle.isSettled = false
        while unsafe zmq_msg_recv(message.raw, handle.raw, ZMQ_DONTWAIT) < 0 {
            let error = ZeroMQError.last("zmq_msg_recv")
            if error.code == EAGAIN {
                handle.isSettled = true
                return false
            }
            guard error.isInterruption else { throw error }
        }
        return true
    }

    private borrowing func sending(
        _ operation: StaticString,
        _ send: () -> Int32
    ) throws(ZeroMQError) -> SendOutcome {
        handle.isSettled = false
        while send() < 0 {
            let error = ZeroMQError.last(operation)
            switch error.code {
            case EAGAIN: return .wouldBlock
            case EHOSTUNREACH: return .unreachable
            case EINTR: continue
            default: throw error
            }
        }
        return .sent
    }
}
