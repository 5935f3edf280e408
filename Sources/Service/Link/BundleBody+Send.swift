package import Wire
package import ZeroMQ

extension BundleBody {
    /// Sends what was gathered, in a bundle if it is more than one message; to a router's peer, address it
    /// first.
    ///
    /// What is sent is gone from here; a long body is not copied. There has to be a message.
    ///
    /// - Parameter socket: Where to.
    /// - Returns: What became of it; only the first part can be refused.
    /// - Throws: ``ZeroMQError`` for what no peer can cause.
    package mutating func send(
        through socket: borrowing Socket
    ) throws(ZeroMQError) -> Socket.SendOutcome {
        precondition(!isEmpty, "a bundle of none is no bundle to a peer")
        let outcome = count == 1 ? try sendAlone(socket) : try sendBundle(socket)
        if outcome == .sent { removeAll() }
        return outcome
    }

    private mutating func sendBundle(
        _ socket: borrowing Socket
    ) throws(ZeroMQError) -> Socket.SendOutcome {
        let outcome = try socket.send(copying: Bundle(count: count).encoded(), more: true)
        guard outcome == .sent else { return outcome }
        guard isWorthGivingAway else { return try socket.send(copying: span) }
        var body = try unsafe Message(adopting: surrender())
        return try socket.send(&body)
    }

    private borrowing func sendAlone(
        _ socket: borrowing Socket
    ) throws(ZeroMQError) -> Socket.SendOutcome {
        var reader = BundleReader(Bundle(count: 1))
        guard let parts = try? reader.next(in: span) else {
            preconditionFailure("a body holds what was put into it")
        }
        for index in 0..<parts.count {
            let part = span.extracting(parts[index])
            let outcome = try socket.send(copying: part, more: index < parts.count - 1)
            guard outcome == .sent else { return outcome }
        }
        return .sent
    }
}
