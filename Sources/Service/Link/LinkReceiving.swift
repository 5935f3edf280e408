import Wire
package import ZeroMQ

extension Link {
    /// Messages taken in a row before the other things that may have happened are looked at.
    private static var longestBurst: Int { 64 }

    /// What became of a message.
    private enum Received: ~Copyable {
        case nothing
        /// The link's own affair.
        case dealtWith
        case forOwner(Parts)
    }

    /// Time since the link was made.
    var now: Duration { clock.now - start }

    /// Waits for the next thing to deal with.
    ///
    /// - Parameters:
    ///   - deadline: Return ``LinkEvent/timedOut`` then; nil waits for ever.
    ///   - wantsToSend: Return ``LinkEvent/writable`` when a session has room for a message.
    /// - Returns: What happened.
    /// - Throws: A ``Failure``: of the kind unreachable when the link was told to give up, or for
    ///   what no peer can cause.
    package mutating func next(
        until deadline: ContinuousClock.Instant? = nil,
        wantsToSend: Bool = false
    ) throws(Failure) -> LinkEvent {
        do throws(ZeroMQError) {
            while true {
                if let event = try performEffects() { return event }
                if hasGivenUp { break }
                if !outgoing.isEmpty, now >= flushDeadline { _ = try handOver() }
                if burst < Self.longestBurst || held != nil {
                    switch try receive() {
                    case .forOwner(let parts): return .message(parts)
                    case .dealtWith: continue
                    case .nothing: break
                    }
                }
                if let happened = held {
                    // What came before the connection went has been read by now.
                    held = nil
                    state.handle(happened, at: now, into: &effects)
                    continue
                }
                if let event = try wait(until: deadline, wantsToSend: wantsToSend) { return event }
            }
        } catch {
            throw broken(error)
        }
        throw unreachable()
    }

    /// Takes back a message's storage.
    package mutating func recycle(_ parts: consuming Parts) {
        pool.give(parts.head)
        if let message = parts.frameHeader { pool.give(message) }
        if let message = parts.payload { pool.give(message) }
    }

    /// Takes back the storage of one part.
    package mutating func recycle(_ message: consuming Message) { pool.give(message) }

    /// Waits once, and returns what concerns the owner.
    private mutating func wait(
        until deadline: ContinuousClock.Instant?,
        wantsToSend: Bool
    ) throws(ZeroMQError) -> LinkEvent? {
        let wasBusy = burst >= Self.longestBurst
        burst = 0
        let isHandedOver = try handOver()
        let awaitsRoom = (wantsToSend || !isHandedOver) && isConnected
        poller.set(slots.messages, awaitsRoom ? [.readable, .writable] : .readable)
        var timeout = max(.zero, state.nextTick - now)
        if let deadline { timeout = min(timeout, max(.zero, deadline - clock.now)) }
        let isReady = try poller.wait(for: wasBusy ? .zero : timeout) == .ready
        let now = now

        // A message that waits to be read is a sign of life.
        if isReady && poller.isReady(slots.messages) {
            state.handle(.heard, at: now, into: &effects)
        }
        if isReady && poller.isReady(slots.connection) { try readConnectionEvents() }
        sharing.trim(at: now)
        if held == nil { state.handle(.tick, at: now, into: &effects) }
        guard effects.isEmpty else { return nil }
        if isReady {
            if !hasStopped, poller.isReady(slots.stop) {
                hasStopped = true
                poller.set(slots.stop, [])  // It stays readable, and would never let us wait again.
                return .stopped
            }
            if poller.isReady(slots.wakeUp), wakeUp.drain() { return .woken }
            if awaitsRoom, wantsToSend, poller.isReady(slots.messages, .writable) {
                return .writable
            }
        }
        if let deadline, clock.now >= deadline { return .timedOut }
        return nil
    }

    private mutating func readConnectionEvents() throws(ZeroMQError) {
        while held == nil {
            let event = try socket.withValue { (socket) throws(ZeroMQError) in
                try socket.receiveConnectionEvent()
            }
            switch event ?? nil {
            case .ready: state.handle(.ready, at: now, into: &effects)
            case .failed: held = .failed
            case .disconnected: held = .disconnected
            case nil: return
            }
        }
    }

    /// Receives one message, if there is one.
    private mutating func receive() throws(ZeroMQError) -> Received {
        if let bundle = incoming.take() { return try unpack(bundle) }
        var head = pool.take()
        guard try receive(into: &head) else {
            pool.give(head)
            return .nothing
        }
        burst += 1
        var second: Message?
        var third: Message?
        var hasMore = head.hasMore
        if hasMore {
            var part = pool.take()
            hasMore = try receive(into: &part) && part.hasMore
            second = consume part
        }
        if hasMore {
            var part = pool.take()
            hasMore = try receive(into: &part) && part.hasMore
            third = consume part
        }
        while hasMore {
            var rest = pool.take()
            hasMore = try receive(into: &rest) && rest.hasMore
            pool.give(rest)
        }
        return sort(head, second, third)
    }

    /// Takes the next message out of a bundle.
    private mutating func unpack(_ bundle: consuming Message) throws(ZeroMQError) -> Received {
        let parts: BundleReader.Parts?
        do throws(WireError) {
            parts = try incomingReader.next(in: bundle.bytes)
        } catch {
            pool.give(bundle)
            state.handle(.garbled(error.description), at: now, into: &effects)
            return .dealtWith
        }
        guard let parts else {
            pool.give(bundle)
            return .dealtWith
        }
        burst += 1
        let head = try copy(parts[0], of: bundle)
        let second = parts.count > 1 ? try copy(parts[1], of: bundle) : nil
        let third = parts.count > 2 ? try copy(parts[2], of: bundle) : nil
        incoming = consume bundle
        return sort(head, second, third)
    }

    private mutating func copy(
        _ range: Range<Int>,
        of bundle: borrowing Message
    ) throws(ZeroMQError) -> Message {
        var part = pool.take()
        try part.replace(copying: bundle.bytes.extracting(range))
        return part
    }

    private mutating func receive(into message: inout Message) throws(ZeroMQError) -> Bool {
        switch socket {
        case .some(let socket): try socket.receive(into: &message)
        case .none: false
        }
    }

    /// Keeps what is the link's own affair, and makes the rest ready for the owner.
    private mutating func sort(
        _ head: consuming Message,
        _ second: consuming Message?,
        _ third: consuming Message?
    ) -> Received {
        do throws(WireError) {
            let header = try Header(part: head.bytes)
            let event: LinkState.Event
            switch header.type {
            case .welcome:
                let welcome = try Welcome(head.bytes, behind: header)
                adopt(welcome)
                if !isConnected { _ = try? say(Bundle()) }
                if sharing.asks() { _ = try? say(Memory()) }
                event = .welcomed(welcome)
            case .error: event = .errored(try ErrorMessage(head.bytes, behind: header))
            case .goodbye: event = .parted(try Goodbye(head.bytes, behind: header).reason)
            case .heartbeat: event = .heard
            case .bundle:
                // A bundle holds none.
                guard incoming == nil, let body = second.take() else {
                    throw .unexpectedType(header.type)
                }
                let bundle = try Bundle(head.bytes, behind: header)
                guard bundle.count > 0 else { throw .invalid("bundle length") }
                incomingReader = BundleReader(bundle)
                incoming = consume body
                event = .heard
            case .memory:
                share(try Memory(head.bytes, behind: header))
                event = .heard
            default:
                event = .heard
                if isConnected {
                    try fetchPayload(header, head, &second, &third)
                    // Of a bundle, its first message is a sign of life.
                    if incoming == nil { state.handle(.heard, at: now, into: &effects) }
                    return .forOwner(arrange(header, head, second, third))
                }
            }
            state.handle(event, at: now, into: &effects)
        } catch {
            state.handle(.garbled(error.description), at: now, into: &effects)
        }
        pool.give(head)
        if let message = second { pool.give(message) }
        if let message = third { pool.give(message) }
        return .dealtWith
    }

    /// The last of several parts is the payload.
    private func arrange(
        _ header: Header,
        _ head: consuming Message,
        _ second: consuming Message?,
        _ third: consuming Message?
    ) -> Parts {
        if let payload = third {
            return Parts(header: header, head: head, frameHeader: second, payload: payload)
        }
        return Parts(header: header, head: head, frameHeader: nil, payload: second)
    }

    /// Fetches the payload of a message if it lies in shared memory.
    private mutating func fetchPayload(
        _ header: Header,
        _ head: borrowing Message,
        _ second: inout Message?,
        _ third: inout Message?
    ) throws(WireError) {
        if var payload = third.take() {
            if let frameHeader = second.take() {
                try fetch(&payload, of: frameHeader)
                second = consume frameHeader
            }
            third = consume payload
        } else if header.type == .frame, var payload = second.take() {
            try fetch(&payload, of: head)
            second = consume payload
        }
    }

    /// Puts the payload's bytes in the place of what says where they lie, if that is what came.
    ///
    /// - Throws: ``WireError`` when they are not there.
    private mutating func fetch(
        _ payload: inout Message,
        of header: borrowing Message
    ) throws(WireError) {
        guard payload.byteCount == SharedPayload.byteCount else { return }
        let frame = try Frame(decoding: header.bytes)
        guard Int(frame.byteCount) != payload.byteCount else { return }
        let place = try SharedPayload(part: payload.bytes)
        guard var bytes = try? Message(byteCount: Int(frame.byteCount)) else {
            throw .invalid("payload: there is no memory for it")
        }
        let isThere = bytes.withMutableBytes { sharing.read(place, into: &$0) }
        guard isThere else {
            sharing.noteFailure()
            throw .invalid("place of a payload in shared memory")
        }
        pool.give(payload)
        payload = bytes
    }
}
