internal import Wire

/// Decides what becomes of every frame, result and session.
///
/// Pure: no clock, no socket, no randomness. Feed it events in order, with a time that never goes
/// back; perform the effects it gives, in order. It never sees a payload, only ``Slot``s.
///
/// Reading order: ``Event`` and ``Effect``; Router+Cameras (frames come in), Router+Groups (who is
/// in a group), Router+Dispatch (who gets what), Router+Answers, Router+Workers and Router+Attempts
/// (what becomes of leases), Router+Archive and Router+Fetch (what is kept, and what comes back),
/// Router+Status.
package struct Router: Sendable {
    /// What a session is, once HELLO has said it.
    enum Role {
        case camera(stream: Int)
        case worker(Int)
        case archive
    }

    struct Peer {
        let name: String
        let role: Role
        var lastHeard: Duration
    }

    let settings: Settings
    /// What a worker is told of its time for a frame.
    let deadlineMilliseconds: UInt32
    var now: Duration = .zero
    var nextHeartbeat: Duration = .zero
    var effects: [Effect] = []
    var peers = PeerTable()
    var slots: SlotLedger

    var streams: [Stream] = []
    var streamIndices: [String: Int] = [:]
    /// Streams whose cameras may have to be told something.
    var dirtyStreams: [Int] = []
    /// Streams whose cameras could not be given the window they want, in turn.
    var hungryStreams = Queue<Int>()
    var cameraCount = 0
    /// Payload bytes that cameras may still send, and what is kept for them until committed.
    var grantedBytes = 0
    /// Of these, the ones kept.
    var heldBytes = 0
    /// Payload bytes that the archive was asked for and has not sent.
    var askedBytes = 0
    /// The stream of each frame in a ring, oldest first over all streams.
    var ringOrder = Queue<Int>()
    var ringBytes = 0

    var groups: [Group] = []
    var groupIndices: [String: Int] = [:]
    var workers: [Worker] = []
    var freeWorkers: [Int] = []
    var leases = LeaseTable()
    /// Viewers so far, for names.
    var viewerCount = 0
    /// Viewers now.
    var viewers = 0
    /// Viewers' groups that may be used again.
    var freeGroups: [Int] = []
    /// A group's part of what waits, and of what workers hold; a viewer's.
    var groupShare = 0
    var viewerShare = 0

    var lane: ArchiveLane
    var fetchesUnderWay = 0
    /// The group that the archive was asked for last.
    var groupToFetch = 0
    /// Results of groups that owe none which the archive will never see.
    var unkeptResults = 0

    /// A broker that knows nothing yet.
    package init(settings: Settings) {
        self.settings = settings
        slots = SlotLedger(overhead: settings.slotBytes)
        lane = ArchiveLane(overhead: settings.slotBytes)
        deadlineMilliseconds = UInt32(settings.leaseDeadline.milliseconds)
    }

    /// Applies one event.
    ///
    /// - Parameters:
    ///   - event: What happened.
    ///   - now: Time since the broker started; never less than in the call before.
    ///   - effects: What to do, in order, is appended here.
    package mutating func handle(
        _ event: consuming Event,
        at now: Duration,
        into effects: inout [Effect]
    ) {
        precondition(now >= self.now, "time went back")
        self.now = now
        swap(&self.effects, &effects)
        apply(event)
        swap(&self.effects, &effects)
    }

    mutating func apply(_ event: consuming Event) {
        switch event {
        case .hello(let peer, let hello): handleHello(peer, hello)
        case .heartbeat(let peer): _ = hear(peer)
        case .goodbye(let peer): handleGoodbye(peer)
        case .lost(let peer): lose(peer, because: "cannot be reached")
        case .undelivered(let peer, let token): handleUndelivered(peer, token)
        case .offence(let peer, let error): handleOffence(peer, error)
        case .frame(let peer, let frame, let slot): handleFrame(peer, frame, slot)
        case .gap(let peer, let gap): handleGap(peer, gap)
        case .answer(let peer, let answer, let slot, let byteCount):
            handleAnswer(peer, answer, slot, byteCount: byteCount)
        case .committed(let peer, let committed): handleCommitted(peer, committed)
        case .fetched(let peer, let fetched, let frame, let slot):
            handleFetched(peer, fetched, frame, slot)
        case .end(let peer, let end): handleEnd(peer, end)
        case .stream(let peer, let state): handleStreamState(peer, state)
        case .group(let peer, let definition): handleGroupRecorded(peer, definition)
        case .debt(let peer, let debt): handleDebt(peer, debt)
        case .ready(let peer): handleReady(peer)
        case .flush: flush()
        case .tick: handleTick()
        }
    }

    // MARK: Sessions

    /// Whether a peer has a session.
    ///
    /// - Parameter peer: The peer.
    /// - Returns: Whether HELLO was answered and nothing has ended the session since.
    package func hasSession(_ peer: PeerID) -> Bool { peers.has(peer) }

    /// Marks a sign of life; `nil`, with an answer sent, when the peer has no session.
    mutating func hear(_ peer: PeerID) -> Role? {
        guard let role = peers.hear(peer, at: now) else {
            let sentence = "the broker knows no session of yours: say HELLO"
            refuse(peer, .noSession, sentence)
            return nil
        }
        return role
    }

    /// Tells a peer why it has no session, or none any more.
    mutating func refuse(_ peer: PeerID, _ code: ErrorMessage.Code, _ sentence: String) {
        let error = ErrorMessage(code: code, mayGoOn: false, sentence: sentence)
        effects.append(.refuse(peer, error))
        effects.append(.forget(peer))
    }

    func welcome(lastEpoch: UInt64 = 0, note: String = "") -> Welcome {
        var welcome = Welcome()
        welcome.session = settings.session
        welcome.heartbeatMilliseconds = UInt32(settings.heartbeat.milliseconds)
        welcome.silenceMilliseconds = UInt32(settings.silence.milliseconds)
        welcome.lastEpoch = lastEpoch
        welcome.note = note
        return welcome
    }

    private mutating func handleHello(_ peer: PeerID, _ hello: Hello) {
        if peers[peer] != nil { endSession(peer, costsAttempt: false) }
        switch hello.role {
        case .camera(let wishes): welcomeCamera(peer, hello.name, wishes)
        case .worker(let wishes): welcomeWorker(peer, hello.name, wishes)
        case .archive(let wishes): welcomeArchive(peer, hello.name, wishes)
        case .viewer(let patterns): welcomeViewer(peer, hello.name, patterns)
        }
    }

    private mutating func handleGoodbye(_ peer: PeerID) {
        effects.append(.forget(peer))
        guard let name = peers[peer]?.name else { return }
        note(.info, "\(name) said goodbye", about: peer)
        endSession(peer, costsAttempt: false)
    }

    mutating func handleOffence(_ peer: PeerID, _ error: ErrorMessage) {
        let name = peers[peer]?.name ?? "a peer without a session"
        note(.warning, "\(name) was cut off: \(error.sentence)", about: peer)
        effects.append(.refuse(peer, error))
        effects.append(.forget(peer))
        if peers[peer] != nil { endSession(peer, costsAttempt: true) }
    }

    /// Cuts a peer off that sent what it should not have.
    mutating func offend(_ peer: PeerID, _ code: ErrorMessage.Code, _ sentence: String) {
        handleOffence(peer, ErrorMessage(code: code, mayGoOn: false, sentence: sentence))
    }

    mutating func lose(_ peer: PeerID, because reason: String) {
        guard let name = peers[peer]?.name else { return effects.append(.forget(peer)) }
        note(.notice, "\(name) \(reason): its session is over", about: peer)
        effects.append(.forget(peer))
        endSession(peer, costsAttempt: true)
    }

    private mutating func endSession(_ peer: PeerID, costsAttempt: Bool) {
        guard let role = peers.remove(peer)?.role else { return }
        switch role {
        case .camera(let stream): removeCamera(of: stream)
        case .worker(let worker): removeWorker(worker, costsAttempt: costsAttempt)
        case .archive: removeArchive()
        }
    }

    private mutating func handleTick() {
        let isHeartbeatDue = now >= nextHeartbeat
        if isHeartbeatDue { nextHeartbeat = now + settings.heartbeat }
        for peer in peers.all {
            guard let lastHeard = peers[peer]?.lastHeard else { continue }
            if now - lastHeard >= settings.silence {
                lose(peer, because: "has said nothing for too long")
            } else if isHeartbeatDue {
                effects.append(.heartbeat(peer))
            }
        }
        expireLeases()
        fetchWhereNeeded()
        flush()
    }

    // MARK: Slots

    mutating func release(_ slot: Slot) {
        if slots.release(slot) { effects.append(.release(slot)) }
    }

    mutating func note(_ level: Note.Level, _ sentence: String, about peer: PeerID? = nil) {
        effects.append(.note(Note(level, sentence, about: peer)))
    }
}

extension Duration {
    /// Whole milliseconds, cut off.
    var milliseconds: Int64 {
        components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
    }

    /// Whole nanoseconds, cut off.
    var nanoseconds: Int64 {
        components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }
}
