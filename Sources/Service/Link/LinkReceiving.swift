import Wire
import ZeroMQ

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
    package mutating func recycle(_ parts: consuming Parts) { parts.recycle(into: &pool) }

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
        if let bundle = incoming.take() { return unpack(bundle) }
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
        do throws(WireError) {
            if let payload = third.take() {
                return try sort(Parts(head, frameHeader: second, payload: payload))
            }
            // The last of several parts is the payload.
            return try sort(Parts(head, payload: second))
        } catch {
            return end(garbled: error)
        }
    }

    /// Takes the next message out of a bundle.
    private mutating func unpack(_ bundle: consuming Message) -> Received {
        do throws(WireError) {
            guard let parts = try incomingReader.next(in: bundle.bytes) else {
                pool.give(bundle)
                return .dealtWith
            }
            burst += 1
            let body = pool.takeReference(to: bundle)
            incoming = consume bundle
            return try sort(Parts(parts, of: body))
        } catch {
            return end(garbled: error)
        }
    }

    private mutating func end(garbled error: WireError) -> Received {
        state.handle(.garbled(error.description), at: now, into: &effects)
        return .dealtWith
    }

    private mutating func receive(into message: inout Message) throws(ZeroMQError) -> Bool {
        switch socket {
        case .some(let socket): try socket.receive(into: &message)
        case .none: false
        }
    }

    /// Keeps what is the link's own affair, and makes the rest ready for the owner.
    private mutating func sort(_ parts: consuming Parts) throws(WireError) -> Received {
        let event: LinkState.Event
        switch parts.type {
        case .welcome:
            let welcome: Welcome = try parts.read()
            adopt(welcome)
            if !isConnected { _ = try? say(Bundle()) }
            if sharing.asks() { _ = try? say(Memory()) }
            event = .welcomed(welcome)
        case .error: event = .errored(try parts.read())
        case .goodbye:
            let goodbye: Goodbye = try parts.read()
            event = .parted(goodbye.reason)
        case .heartbeat: event = .heard
        case .bundle:
            // A bundle holds none.
            guard incoming == nil, let body = parts.takeLast() else {
                throw .unexpectedType(parts.type)
            }
            let bundle: Bundle = try parts.read()
            guard bundle.count > 0 else { throw .invalid("bundle length") }
            incomingReader = BundleReader(bundle)
            incoming = consume body
            event = .heard
        case .memory:
            share(try parts.read())
            event = .heard
        default:
            event = .heard
            if isConnected {
                var parts = parts
                try fetchPayload(of: &parts)
                // Of a bundle, its first message is a sign of life.
                if incoming == nil { state.handle(.heard, at: now, into: &effects) }
                return .forOwner(parts)
            }
        }
        state.handle(event, at: now, into: &effects)
        recycle(parts)
        return .dealtWith
    }

    /// Puts the payload's bytes in the place of what says where they lie, if that is what came.
    ///
    /// - Throws: ``WireError`` when they are not there.
    private mutating func fetchPayload(of parts: inout Parts) throws(WireError) {
        guard let (place, byteCount) = try parts.placeOfPayload() else { return }
        guard var bytes = try? Message(byteCount: byteCount) else {
            throw .invalid("payload: there is no memory for it")
        }
        let isThere = bytes.withMutableBytes { sharing.read(place, into: &$0) }
        guard isThere else {
            sharing.noteFailure()
            throw .invalid("place of a payload in shared memory")
        }
        parts.replacePayload(by: bytes)
    }
}

extension Parts {
    /// Where the payload lies, and how many bytes it has, if its part only says so.
    fileprivate borrowing func placeOfPayload() throws(WireError) -> (SharedPayload, Int)? {
        guard payload.byteCount == SharedPayload.byteCount else { return nil }
        let frame: Frame
        if !frameHeader.isEmpty {
            frame = try Frame(decoding: frameHeader)
        } else if type == .frame {
            frame = try read()
        } else {
            return nil
        }
        let byteCount = Int(frame.byteCount)
        return byteCount == payload.byteCount ? nil : (try SharedPayload(part: payload), byteCount)
    }
}
