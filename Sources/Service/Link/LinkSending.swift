package import Wire
package import ZeroMQ

extension Link {
    /// Sends a message that is a header alone.
    ///
    /// - Parameter message: What to say.
    /// - Returns: What became of it.
    /// - Throws: A ``Failure`` for what no peer can cause.
    package mutating func send(_ message: some WireMessage) throws(Failure) -> SendOutcome {
        guard isConnected else { return .wouldBlock }
        encode(message)
        return note(try unsafe offer(writer.bytes.span.bytes))
    }

    /// Sends a message whose header is encoded already.
    ///
    /// - Parameter header: The whole header part.
    /// - Returns: What became of it.
    /// - Throws: A ``Failure`` for what no peer can cause.
    package mutating func send(header: RawSpan) throws(Failure) -> SendOutcome {
        note(try offer(header))
    }

    /// Sends a header and its payload.
    ///
    /// - Parameters:
    ///   - message: What to say.
    ///   - payload: Empty afterwards when it was sent, else unchanged; send a
    ///     ``ZeroMQ/Message/reference()`` to keep the bytes.
    /// - Returns: What became of them.
    /// - Throws: A ``Failure`` for what no peer can cause.
    package mutating func send(
        _ message: some WireMessage,
        payload: inout Message
    ) throws(Failure) -> SendOutcome {
        guard isConnected else { return .wouldBlock }
        let place = payload.withBytes { sharing.put($0) }
        encode(message)
        return note(
            place,
            &payload,
            try unsafe offer(writer.bytes.span.bytes, place, payload: &payload)
        )
    }

    /// Sends a header that is encoded already, and its payload.
    ///
    /// - Parameters:
    ///   - header: The whole header part.
    ///   - payload: Empty afterwards when it was sent, else unchanged.
    /// - Returns: What became of them.
    /// - Throws: A ``Failure`` for what no peer can cause.
    package mutating func send(
        header: RawSpan,
        payload: inout Message
    ) throws(Failure) -> SendOutcome {
        guard isConnected else { return .wouldBlock }
        let place = payload.withBytes { sharing.put($0) }
        return note(place, &payload, try offer(header, place, payload: &payload))
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
        return note(
            try unsafe offer(writer.bytes.span.bytes, frameHeader: frameHeader, payload: &payload)
        )
    }

    private mutating func encode(_ message: some WireMessage) {
        writer.removeAll()
        message.encode(to: &writer)
    }

    private mutating func note(_ outcome: SendOutcome) -> SendOutcome {
        if outcome == .sent { state.handle(.said, at: now, into: &effects) }
        return outcome
    }

    /// Notes what became of a payload that was put into shared memory, or not.
    private mutating func note(
        _ place: UInt64?,
        _ payload: inout Message,
        _ outcome: SendOutcome
    ) -> SendOutcome {
        if let place {
            if outcome == .sent { payload.clear() } else { sharing.takeBack(place) }
        }
        return note(outcome)
    }

    private borrowing func offer(_ header: RawSpan) throws(Failure) -> SendOutcome {
        guard header.byteCount <= largestMessage else { return .tooLarge }
        return try offering { (socket) throws(ZeroMQError) in try socket.send(copying: header) }
    }

    private borrowing func offer(
        _ header: RawSpan,
        _ place: UInt64?,
        payload: inout Message
    ) throws(Failure) -> SendOutcome {
        guard header.byteCount <= largestMessage, payload.byteCount <= largestMessage else {
            return .tooLarge
        }
        return try offering { (socket) throws(ZeroMQError) in
            // Only the first part can be refused; the other follows it wherever it went.
            let outcome = try socket.send(copying: header, more: true)
            guard outcome == .sent else { return outcome }
            if place == nil { return try socket.send(&payload) }
            return try unsafe socket.send(copying: sharing.message.span.bytes)
        }
    }

    private borrowing func offer(
        _ header: RawSpan,
        frameHeader: RawSpan,
        payload: inout Message
    ) throws(Failure) -> SendOutcome {
        guard header.byteCount <= largestMessage, payload.byteCount <= largestMessage else {
            return .tooLarge
        }
        return try offering { (socket) throws(ZeroMQError) in
            let outcome = try socket.send(copying: header, more: true)
            guard outcome == .sent else { return outcome }
            _ = try socket.send(copying: frameHeader, more: true)
            return try socket.send(&payload)
        }
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
