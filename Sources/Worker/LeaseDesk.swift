import Glibc
import Logging
import Service
import Wire
import ZeroMQ

/// The link's thread: takes leases in, hands frames out, and sends the answers.
struct LeaseDesk: ~Copyable {
    private var link: Link
    private let board: LeaseBoard
    private let logger: Logger
    /// Counts the link's sessions.
    private var session = 0
    private var isInSession = false
    /// Whether the broker has given no credit yet, as to a durable group without an archive.
    private var hasToWait = false
    /// Answers that the socket has not taken yet, oldest first.
    private var outbox: [LeaseAnswer] = []
    private var completed = 0
    private var failed = 0

    /// How long a frame that is being worked on may take when the process is to stop.
    private static let farewell = Duration.milliseconds(1_300)
    private static let creditBytes: UInt64 = 16 << 20

    /// What a worker asks for.
    static func wishes(
        _ group: GroupDefinition,
        threads: Int,
        model: String
    ) -> WorkerWishes {
        WorkerWishes(
            group: group,
            creditFrames: UInt32(max(2, 2 * threads)),
            creditBytes: creditBytes,
            slots: UInt32(threads),
            model: model
        )
    }

    init(
        endpoint: String,
        wishes: WorkerWishes,
        identity: WorkerIdentity,
        board: LeaseBoard,
        stop: StopSignal,
        logger: Logger
    ) throws {
        var configuration = Link.Configuration(endpoint: endpoint, logger: logger)
        configuration.stop = stop
        configuration.receiveHighWater = Int(wishes.creditFrames) + 64
        self.board = board
        self.logger = logger
        link = try Link(configuration, in: Context()) {
            Hello(name: identity.name, role: .worker(wishes))
        }
    }

    /// Rung by the model threads.
    var wakeUp: WakeUp { link.wakeUp }

    /// Runs until the process is to stop.
    ///
    /// - Throws: What ended a model thread, or why the broker refuses this worker for good.
    consuming func run(beside crew: [ServiceThread]) throws {
        while true {
            let event = try link.next(wantsToSend: !outbox.isEmpty)
            if try handle(event) { return try finish(crew) }
            // A model thread only ends before the rest when it could not begin.
            for thread in crew where thread.hasEnded { try thread.join() }
            try answer()
        }
    }

    /// Deals with one event.
    ///
    /// - Returns: Whether the process is to stop.
    private mutating func handle(_ event: consuming LinkEvent) throws -> Bool {
        switch consume event {
        case .connected(let welcome):
            if !isInSession {
                session += 1
            } else if hasToWait, welcome.creditFrames > 0 {
                logger.info("goes on: the archive has recorded the group, and frames may come")
            }
            hasToWait = welcome.creditFrames == 0
            isInSession = true
        case .message(let parts):
            if parts.type == .deliver { take(parts) } else { link.recycle(parts) }
        case .lost: dropSession()
        case .refused(let error):
            dropSession()
            if error.code == .groupDiffers { throw Failure(.general, error.sentence) }
        case .warned(let error): logger.warning("\(error.sentence)")
        case .stopped: return true
        case .writable: break
        case .woken: break
        case .timedOut: break
        }
        return false
    }

    /// Hangs the frame of a lease up.
    private mutating func take(_ parts: consuming Parts) {
        guard let lease: Deliver = try? parts.read(),
            let frame = try? Frame(part: parts.frameHeader), !parts.payload.isEmpty
        else {
            logger.error("the broker sent a frame that cannot be read; it was left out")
            return
        }
        logger.trace("frame \(frame.id), attempt \(lease.attempt)")
        board.post(LeasedFrame(lease: lease, frame: frame, parts: parts, session: session))
    }

    /// Tokens belong to a session: what is in hand will be leased anew.
    private mutating func dropSession() {
        isInSession = false
        board.clear()
        outbox.removeAll()
    }

    /// Sends what the model threads have answered, as far as there is room.
    private mutating func answer() throws {
        for answer in board.takeAnswers() where isInSession && answer.session == session {
            outbox.append(answer)
        }
        var sent = 0
        for answer in outbox {
            guard try link.send(answer.result) != .wouldBlock else { break }
            sent += 1
            completed += 1
            guard !answer.result.failure.isEmpty else { continue }
            failed += 1
            logger.warning("frame \(answer.result.frame): \(answer.result.failure)")
        }
        outbox.removeFirst(sent)
    }

    /// Lets what is started finish, gives the rest back, and says goodbye.
    private consuming func finish(_ crew: [ServiceThread]) throws {
        board.close()
        let deadline = ContinuousClock.now + Self.farewell
        while isInSession, !board.isIdle || !outbox.isEmpty, .now < deadline {
            _ = try handle(link.next(until: deadline, wantsToSend: !outbox.isEmpty))
            try answer()
        }
        try answer()
        logger.info("stopped: \(completed) frames done, \(failed) of them failed")
        let isIdle = board.isIdle
        link.close(reason: "the worker was stopped")
        guard isIdle else {
            // A model in the middle of a frame cannot be interrupted; leaving in good order would
            // wait for it. GOODBYE is given its time to leave.
            var poller = Poller()
            _ = try poller.wait(for: .milliseconds(200))
            _exit(0)
        }
        for thread in crew { try thread.join() }
    }
}
