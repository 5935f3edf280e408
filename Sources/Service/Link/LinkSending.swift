package import Wire
package import ZeroMQ

/// How a message leaves.
private enum Way {
    /// Together with others.
    case bundle
    /// By itself, behind all that was gathered.
    case alone
    /// Not now.
    case blocked
}

extension Link {
    /// How long small messages are gathered at most while others are received.
    private static var gathering: Duration { .microseconds(500) }

    /// Sends a message that is a header alone.
    ///
    /// Small messages are gathered, and leave together when ``next(until:wantsToSend:)`` waits; call
    /// ``flush()`` before anything else that takes long.
    ///
    /// - Parameter message: What to say.
    /// - Returns: What became of it.
    /// - Throws: A ``Failure`` for what no peer can cause.
    package mutating func send(_ message: some WireMessage) throws(Failure) -> SendOutcome {
        guard isConnected else { return .wouldBlock }
        encode(message)
        guard writer.byteCount <= largestMessage else { return .tooLarge }
        switch try way(for: writer.byteCount) {
        case .bundle:
            outgoing.begin(parts: 1)
            outgoing.append(writer)
            return .sent
        case .alone:
            return note(
                try offering { (socket) throws(ZeroMQError) in
                    try socket.send(copying: writer.span)
                }
            )
        case .blocked: return .wouldBlock
        }
    }

    /// Sends a message whose header is encoded already.
    ///
    /// - Parameter header: The whole header part.
    /// - Returns: What became of it.
    /// - Throws: A ``Failure`` for what no peer can cause.
    package mutating func send(header: RawSpan) throws(Failure) -> SendOutcome {
        guard header.byteCount <= largestMessage else { return .tooLarge }
        switch try way(for: header.byteCount) {
        case .bundle:
            outgoing.begin(parts: 1)
            outgoing.append(header)
            return .sent
        case .alone:
            return note(
                try offering { (socket) throws(ZeroMQError) in try socket.send(copying: header) }
            )
        case .blocked: return .wouldBlock
        }
    }

    /// Sends a header and its payload.
    ///
    /// - Parameters:
    ///   - message: What to say.
    ///   - payload: The payload; it is copied when it is sent.
    /// - Returns: What became of them.
    /// - Throws: A ``Failure`` for what no peer can cause.
    package mutating func send(
        _ message: some WireMessage,
        payload: RawSpan
    ) throws(Failure) -> SendOutcome {
        guard isConnected else { return .wouldBlock }
        encode(message)
        guard writer.byteCount <= largestMessage, payload.byteCount <= largestMessage else {
            return .tooLarge
        }
        let place = sharing.put(payload)
        let byteCount = place == nil ? payload.byteCount : SharedPayload.byteCount
        let outcome: SendOutcome
        switch try way(for: writer.byteCount + byteCount) {
        case .bundle:
            outgoing.begin(parts: 2)
            outgoing.append(writer)
            if place == nil {
                outgoing.append(payload)
            } else {
                sharing.appendMessage(to: &outgoing)
            }
            return .sent
        case .alone:
            outcome = try offering { (socket) throws(ZeroMQError) in
                // Only the first part can be refused; the other follows it wherever it went.
                let outcome = try socket.send(copying: writer.span, more: true)
                guard outcome == .sent else { return outcome }
                if place == nil { return try socket.send(copying: payload) }
                return try socket.send(copying: sharing.message)
            }
        case .blocked: outcome = .wouldBlock
        }
        if outcome != .sent, let place { sharing.takeBack(place) }
        return note(outcome)
    }

    /// Sends three parts: a message, a camera's header untouched, and its payload.
    ///
    /// - Parameters:
    ///   - message: What to say.
    ///   - frameHeader: The header part of the frame.
    ///   - payload: Empty afterwards when it was sent, else unchanged.
    /// - Returns: What became of them.
    /// - Throws: A ``Failure`` for what no peer can cause.
    package mutating func send(
        _ message: some WireMessage,
        frameHeader: RawSpan,
        payload: inout Message
    ) throws(Failure) -> SendOutcome {
        guard isConnected else { return .wouldBlock }
        encode(message)
        guard writer.byteCount <= largestMessage, payload.byteCount <= largestMessage else {
            return .tooLarge
        }
        switch try way(for: writer.byteCount + frameHeader.byteCount + payload.byteCount) {
        case .bundle:
            outgoing.begin(parts: 3)
            outgoing.append(writer)
            outgoing.append(frameHeader)
            outgoing.append(payload.bytes)
            payload.clear()
            return .sent
        case .alone:
            return note(
                try offering { (socket) throws(ZeroMQError) in
                    let outcome = try socket.send(copying: writer.span, more: true)
                    guard outcome == .sent else { return outcome }
                    _ = try socket.send(copying: frameHeader, more: true)
                    return try socket.send(&payload)
                }
            )
        case .blocked: return .wouldBlock
        }
    }

    /// Hands what was gathered to the connection.
    ///
    /// - Returns: Whether nothing is left; else the connection has no room now, and
    ///   ``next(until:wantsToSend:)`` sends it when it has.
    /// - Throws: A ``Failure`` for what no peer can cause.
    @discardableResult
    package mutating func flush() throws(Failure) -> Bool {
        do throws(ZeroMQError) {
            return try handOver()
        } catch {
            throw broken(error)
        }
    }

    /// ``flush()``, for the link itself.
    mutating func handOver() throws(ZeroMQError) -> Bool {
        guard !outgoing.isEmpty else { return true }
        guard try sendOutgoing() != .wouldBlock else { return false }
        state.handle(.said, at: now, into: &effects)
        return true
    }

    private mutating func sendOutgoing() throws(ZeroMQError) -> Socket.SendOutcome {
        switch socket {
        case .some(let socket): return try outgoing.send(through: socket)
        case .none:
            // Gathered for a session that is over.
            outgoing.removeAll()
            return .sent
        }
    }

    private mutating func encode(_ message: some WireMessage) {
        writer.removeAll()
        message.encode(to: &writer)
    }

    /// Makes room for a message, in the bundle or behind it.
    private mutating func way(for byteCount: Int) throws(Failure) -> Way {
        guard isConnected else { return .blocked }
        guard BundleBody.takes(byteCount) else { return try flush() ? .alone : .blocked }
        if !outgoing.hasRoom(for: byteCount, in: outgoingRoom) {
            guard try flush() else { return .blocked }
            outgoingRoom.grow()
        }
        if outgoing.isEmpty { flushDeadline = now + Self.gathering }
        return .bundle
    }

    private mutating func note(_ outcome: SendOutcome) -> SendOutcome {
        if outcome == .sent { state.handle(.said, at: now, into: &effects) }
        return outcome
    }

    private borrowing func offering(
        _ body: (borrowing Socket) throws(ZeroMQError) -> Socket.SendOutcome
    ) throws(Failure) -> SendOutcome {
        guard isConnected else { return .wouldBlock }
        do throws(ZeroMQError) {
            return try socket.withValue(body) == .sent ? .sent : .wouldBlock
        } catch {
            throw broken(error)
        }
    }

    /// What a libzmq call that must work says to a person.
    func broken(_ error: ZeroMQError) -> Failure {
        Failure(
            .general,
            "the connection to \(configuration.peer) at \(configuration.endpoint) "
                + "is beyond repair: \(error)"
        )
    }
}

extension Optional where Wrapped: ~Copyable {
    /// Lends the value to `body`, if there is one.
    borrowing func withValue<Value, Failure: Error>(
        _ body: (borrowing Wrapped) throws(Failure) -> Value
    ) throws(Failure) -> Value? {
        switch self {
        case .some(let value): try body(value)
        case .none: nil
        }
    }
}
