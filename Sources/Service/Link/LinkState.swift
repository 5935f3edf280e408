package import Wire

/// Decides what the client end of a connection to the broker does.
///
/// Pure: no clock, no socket, no randomness but that of its seed. Feed it events in order and perform
/// the effects it appends, in order.
///
/// ```
///             open            ready            WELCOME
/// waiting ──────────▶ reaching ─────▶ greeting ───────▶ connected
///    ▲                    │               │                 │
///    └────────────────────┴───────────────┴─────────────────┘ failed, silent, cut off
/// ```
package struct LinkState: Sendable {
    /// What happened.
    package enum Event: Sendable, Equatable {
        /// The connection speaks: HELLO can be sent.
        case ready
        /// The peer could not be reached.
        case failed
        /// The connection is gone.
        case disconnected
        case welcomed(Welcome)
        case errored(ErrorMessage)
        /// The broker ends, and says why.
        case parted(String)
        /// Any other message came, a heartbeat for example.
        case heard
        /// Bytes came that are no message; the reason says how.
        case garbled(String)
        /// The owner wants a new session, and why.
        case abandoned(String)
        /// The owner has sent something.
        case said
        /// Time has passed; nothing is waiting to be received.
        case tick
    }

    /// What the caller must now do.
    package enum Effect: Sendable, Equatable {
        /// Open a socket and connect it.
        case open
        /// Close the socket.
        case close
        case sendHello
        case sendHeartbeat
        /// Tell the owner: a session began, or its settings changed.
        case connected(Welcome)
        /// Tell the owner: the session is over; what was not answered may be lost.
        case lost(String)
        /// Tell the owner: the broker does not want us. Tries go on unless the owner ends the link.
        case refused(ErrorMessage)
        /// Tell the owner: something we sent was wrong, and the session goes on.
        case warned(ErrorMessage)
        /// Write a line to the log.
        case report(Report)
        /// End with the failure `unreachable`.
        case giveUp
    }

    /// A change that a person wants to read about; one line an outage, not one a try.
    package enum Report: Sendable, Equatable {
        case cannotReach
        case connected(note: String)
        case connectedAgain(after: Duration, note: String)
        case lost(String)
        case refused(ErrorMessage)
    }

    private enum Phase: Equatable {
        case waiting(until: Duration)
        case reaching(until: Duration)
        case greeting(until: Duration)
        case connected
    }

    private let limits: LinkLimits
    private var phase: Phase
    private var random: UInt64
    private var backOff: Duration
    private var lastHeard: Duration
    private var lastSaid: Duration
    private var heartbeat: Duration = .seconds(1)
    private var silence: Duration = .seconds(69)
    /// Since when there is no session.
    private var outageSince: Duration
    private var wasConnected = false
    /// When the last session began.
    private var connectedSince = Duration.zero
    private var hasReported = false
    private var lastRefusal = ""

    /// A link that opens its socket at the first tick.
    ///
    /// - Parameters:
    ///   - limits: How patient it is.
    ///   - now: Time since the process started.
    ///   - seed: Of the jitter; different in every process.
    package init(limits: LinkLimits, now: Duration, seed: UInt64) {
        self.limits = limits
        phase = .waiting(until: now)
        random = seed
        backOff = limits.firstBackOff
        lastHeard = now
        lastSaid = now
        outageSince = now
    }

    /// Whether a session is open: messages may be sent.
    package var isConnected: Bool { phase == .connected }

    /// When to tick next at the latest.
    package var nextTick: Duration {
        let next =
            switch phase {
            case .waiting(let until), .reaching(let until), .greeting(let until): until
            case .connected: min(lastSaid + heartbeat, lastHeard + silence)
            }
        guard let patience = limits.giveUp, phase != .connected else { return next }
        return min(next, outageSince + patience)
    }

    /// Applies one event.
    ///
    /// - Parameters:
    ///   - event: What happened.
    ///   - now: Time since the process started; never decreases between calls.
    ///   - effects: What to do is appended here, in order.
    package mutating func handle(_ event: Event, at now: Duration, into effects: inout [Effect]) {
        switch event {
        case .ready: greet(at: now, into: &effects)
        case .failed: fail(at: now, into: &effects)
        case .disconnected: lose("the connection was closed", at: now, into: &effects)
        case .welcomed(let welcome): begin(welcome, at: now, into: &effects)
        case .errored(let error): hear(error, at: now, into: &effects)
        case .parted(let reason):
            let ending = reason.isEmpty ? "it ended" : "it ended (\(reason))"
            lose(ending, at: now, into: &effects)
        case .heard: lastHeard = now
        case .garbled(let reason):
            lose("it sent what is no message: \(reason)", at: now, into: &effects)
        case .abandoned(let reason): lose(reason, at: now, into: &effects)
        case .said: lastSaid = now
        case .tick: tick(at: now, into: &effects)
        }
    }

    private mutating func greet(at now: Duration, into effects: inout [Effect]) {
        guard case .reaching = phase else { return }
        phase = .greeting(until: now + limits.answer)
        lastSaid = now
        effects.append(.sendHello)
    }

    private mutating func begin(
        _ welcome: Welcome,
        at now: Duration,
        into effects: inout [Effect]
    ) {
        lastHeard = now
        switch phase {
        case .connected: break
        case .greeting:
            let note = welcome.note
            let report: Report =
                wasConnected || hasReported
                ? .connectedAgain(after: now - outageSince, note: note) : .connected(note: note)
            effects.append(.report(report))
            phase = .connected
            connectedSince = now
            wasConnected = true
            hasReported = false
            lastRefusal = ""
            lastSaid = now
        case .waiting, .reaching: return
        }
        heartbeat = .milliseconds(Int64(welcome.heartbeatMilliseconds))
        silence = .milliseconds(Int64(welcome.silenceMilliseconds))
        effects.append(.connected(welcome))
    }

    private mutating func hear(
        _ error: ErrorMessage,
        at now: Duration,
        into effects: inout [Effect]
    ) {
        lastHeard = now
        switch phase {
        case .waiting, .reaching: return
        case .greeting, .connected: break
        }
        if error.mayGoOn {
            effects.append(.warned(error))
        } else if error.code == .noSession {
            lose("it does not know us any more", at: now, into: &effects)
        } else {
            if error.sentence != lastRefusal { effects.append(.report(.refused(error))) }
            lastRefusal = error.sentence
            hasReported = true
            // One that is thrown out as soon as it is let in waits longer each time.
            if phase == .connected, now >= connectedSince + limits.longestBackOff {
                backOff = limits.firstBackOff
            }
            end(at: now, into: &effects)
            effects.append(.refused(error))
        }
    }

    /// The connection is over, whatever it had come to.
    private mutating func lose(
        _ reason: String,
        at now: Duration,
        into effects: inout [Effect]
    ) {
        switch phase {
        case .waiting: return
        case .reaching, .greeting: fail(at: now, into: &effects)
        case .connected:
            backOff = limits.firstBackOff
            effects.append(.report(.lost(reason)))
            hasReported = true
            end(at: now, into: &effects)
            effects.append(.lost(reason))
        }
    }

    private mutating func fail(at now: Duration, into effects: inout [Effect]) {
        switch phase {
        case .waiting: return
        case .connected: lose("the connection was closed", at: now, into: &effects)
        case .reaching, .greeting:
            if !hasReported { effects.append(.report(.cannotReach)) }
            hasReported = true
            end(at: now, into: &effects)
        }
    }

    /// Closes the socket and waits, longer each time.
    private mutating func end(at now: Duration, into effects: inout [Effect]) {
        if phase == .connected { outageSince = now }
        effects.append(.close)
        phase = .waiting(until: now + jittered(backOff))
        backOff = min(backOff * 2, limits.longestBackOff)
    }

    private mutating func tick(at now: Duration, into effects: inout [Effect]) {
        if phase != .connected, let patience = limits.giveUp, now >= outageSince + patience {
            effects.append(.giveUp)
            return
        }
        switch phase {
        case .waiting(let until):
            guard now >= until else { return }
            phase = .reaching(until: now + limits.answer)
            effects.append(.open)
        case .reaching(let until), .greeting(let until):
            if now >= until { fail(at: now, into: &effects) }
        case .connected:
            if now >= lastHeard + silence {
                lose("it was silent for \(Readable.duration(silence))", at: now, into: &effects)
            } else if now >= lastSaid + heartbeat {
                lastSaid = now
                effects.append(.sendHeartbeat)
            }
        }
    }

    /// Between 3/4 and 5/4 of `duration`, so that a hundred cameras do not come back as one.
    private mutating func jittered(_ duration: Duration) -> Duration {
        random &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (random ^ (random >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return duration * (768 + Int64((mixed >> 32) % 513)) / 1_024
    }
}
