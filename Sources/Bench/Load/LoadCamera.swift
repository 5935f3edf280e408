import Capture
import Glibc
import Logging
import Service
import Wire
import ZeroMQ

/// How one camera of a load sends.
struct CameraPlan: Sendable {
    var endpoint: String
    var stream: String
    var pictures: Pictures
    var acknowledgement: CameraWishes.Acknowledgement
    /// Frames a second; `nil` as fast as they are acknowledged.
    var framesPerSecond: Double?
    /// Whether the camera looks after its link all the time, and takes pictures within microseconds of
    /// when they are due; else it does so once a picture, as a loop around a device does.
    var isPunctual = true
    /// After the beginning of the load, so that cameras do not send in step.
    var phase = Duration.zero
    /// Frames in all; `nil` no end.
    var count: Int?
    /// Stop taking pictures then; `nil` no end.
    var time: Duration?
    /// What is held until it is acknowledged.
    var window = SendWindow.Limits(byteCount: 16 << 20, frameCount: 1_024)
    /// How long nothing may come of what was sent.
    var patience = Duration.seconds(60)
}

/// What became of a camera's frames.
struct CameraReport: Sendable {
    /// Frames taken.
    var taken = 0
    /// Frames acknowledged, or sent where nothing is acknowledged.
    var delivered = 0
    /// Frames that found no room.
    var shed = 0
    /// Frames sent or waiting at the end that nobody acknowledged.
    var givenUp = 0
    /// When the last acknowledgement came.
    var last: ContinuousClock.Instant?
}

/// One camera of a load, on a thread of its own.
struct LoadCamera: ~Copyable {
    /// Frames taken in a row before the link is looked after.
    private static let longestBurst = 128
    /// How close waiting for sockets comes to a moment.
    private static let coarse = Duration.milliseconds(1)
    /// How long nothing may be acknowledged before a person is told.
    private static let silence = Duration.seconds(5)
    private static let longestRest = Duration.milliseconds(100)
    /// How soon the beginning and the end are noticed.
    private static let look = Duration.milliseconds(20)

    private let plan: CameraPlan
    private let pictures: Pictures
    private let gate: Gate
    private let backlog: Backlog?
    private var link: Link
    private var window: SendWindow
    private var pending: SendWindow.Item?
    private var hasArrived = false
    /// Whether more pictures can be taken at once.
    private var hasMore = false
    private var isInSession = false
    private var isStopped = false
    private var beginning: Gate.Beginning?
    /// So many the workers' backlog had room for.
    private var mostTaken = 0
    /// When a picture was taken or a frame acknowledged last.
    private var progressAt = ContinuousClock.now
    private var hasWarned = false
    private var report = CameraReport()
    private let logger: Logger

    init(
        _ plan: CameraPlan,
        in context: Context,
        gate: Gate,
        backlog: Backlog?,
        stop: StopSignal,
        logger: Logger
    ) throws {
        self.plan = plan
        pictures = plan.pictures.copied
        self.gate = gate
        self.backlog = backlog
        self.logger = logger
        window = SendWindow(
            stream: plan.stream,
            acknowledgement: plan.acknowledgement,
            limits: plan.window
        )
        var configuration = Link.Configuration(endpoint: plan.endpoint, logger: logger)
        configuration.stop = stop
        configuration.sendHighWater = 64
        let wishes = CameraWishes(
            stream: plan.stream,
            epoch: 0,
            acknowledgement: plan.acknowledgement
        )
        link = try Link(configuration, in: context) {
            Hello(name: wishes.stream, role: .camera(wishes))
        }
        backlog?.attach(link.wakeUp)
    }

    /// Sends what the plan says, and waits until it is acknowledged.
    consuming func run() throws -> CameraReport {
        var ended: ContinuousClock.Instant?
        while !isStopped {
            if ended == nil { rest() }
            var hasCome = false
            repeat {
                let event = try link.next(until: nextLook(ended), wantsToSend: pending != nil)
                hasCome = handle(event)
            } while hasCome && !plan.isPunctual && !isStopped
            if beginning == nil {
                beginning = gate.beginning
                progressAt = .now
            }
            if ended == nil {
                sleepUntilDue()
                if takePictures() { ended = .now }
            }
            try pump()
            if ended != nil, window.isEmpty { break }
            let now = ContinuousClock.now
            warnOfSilence(now)
            if isStuck(now) { break }
        }
        link.close(reason: "the load is over")
        report.delivered = Int(window.freedCount)
        report.shed = Int(window.shedCount)
        report.givenUp = window.heldFrameCount
        return report
    }

    /// Says once that nobody acknowledges what was sent.
    private mutating func warnOfSilence(_ now: ContinuousClock.Instant) {
        guard !hasWarned, !window.isEmpty, let beginning, plan.framesPerSecond ?? 1 >= 1,
            now > max(beginning.instant, report.last ?? beginning.instant) + Self.silence
        else { return }
        hasWarned = true
        guard gate.isFirstToWarn else { return }
        let whom = plan.acknowledgement == .archive ? "an archive" : "the broker"
        let hint = plan.acknowledgement == .archive ? " is one there?" : ""
        logger.warning(
            """
            \(plan.stream): nothing was acknowledged by \(whom) for \(Readable.duration(Self.silence));\
            \(hint) waiting up to \(Readable.duration(plan.patience))
            """
        )
    }

    /// Whether it has waited for others in vain.
    private func isStuck(_ now: ContinuousClock.Instant) -> Bool {
        let waits = !window.isEmpty || (beginning != nil && plan.framesPerSecond == nil)
        return waits && now > progressAt + plan.patience
    }

    /// Returns whether something had come.
    private mutating func handle(_ event: consuming LinkEvent) -> Bool {
        switch consume event {
        case .connected(let welcome):
            guard !isInSession else { return true }
            isInSession = true
            window.beginSession(
                lastEpoch: welcome.lastEpoch,
                now: UInt64(max(0, WallClock.nanoseconds))
            )
        case .message(let parts):
            if parts.type == .ack, let ack: Ack = try? parts.read() {
                acknowledge(ack)
            }
            link.recycle(parts)
        case .lost:
            isInSession = false
            pending = nil
            window.endSession()
        case .stopped: isStopped = true
        case .timedOut: return false
        default: break
        }
        return true
    }

    private mutating func acknowledge(_ ack: Ack) {
        let before = window.freedCount
        window.acknowledge(ack)
        if window.freedCount != before {
            let now = ContinuousClock.now
            (report.last, progressAt) = (now, now)
        }
        // Room is granted once whoever is to acknowledge is there.
        guard !hasArrived, ack.limit > 0 else { return }
        hasArrived = true
        gate.arrive()
    }

    /// When to look next at the clock.
    private func nextLook(_ ended: ContinuousClock.Instant?) -> ContinuousClock.Instant {
        let look = ContinuousClock.now + Self.look
        guard let beginning, ended == nil else { return look }
        // The link is looked after, and nothing is waited for.
        if hasMore { return .now }
        guard let rate = plan.framesPerSecond else { return max(look, beginning.instant) }
        // Waiting for sockets counts in whole milliseconds, rounded up; the rest is slept.
        let due = beginning.instant + offset(of: report.taken, rate)
        return plan.isPunctual ? due - Self.coarse : due
    }

    /// Sleeps until the next picture is due, if nothing else is to be done before.
    private func rest() {
        guard !plan.isPunctual, pending == nil, let beginning, let rate = plan.framesPerSecond
        else {
            return
        }
        let left = beginning.instant + offset(of: report.taken, rate) - .now
        if left > .zero { usleep(UInt32(min(left, Self.longestRest) / .microseconds(1))) }
    }

    /// Sleeps the last part of the way to the next picture.
    private func sleepUntilDue() {
        guard plan.isPunctual, let beginning, let rate = plan.framesPerSecond else { return }
        let left = beginning.instant + offset(of: report.taken, rate) - .now
        guard left > .zero, left <= Self.coarse else { return }
        usleep(UInt32(left / .microseconds(1)))
    }

    private func offset(of number: Int, _ rate: Double) -> Duration {
        plan.phase + .seconds(Double(number) / rate)
    }

    /// Whether the workers are not too far behind for one more.
    private mutating func mayTake() -> Bool {
        guard let backlog else { return true }
        if report.taken >= mostTaken {
            mostTaken = report.taken + backlog.room(sent: report.taken)
        }
        return report.taken < mostTaken
    }

    /// Takes the pictures that are due and fit; returns whether these were the last.
    private mutating func takePictures() -> Bool {
        hasMore = false
        guard let beginning else { return false }
        let now = ContinuousClock.now
        for _ in 0..<Self.longestBurst {
            guard now >= beginning.instant else { return false }
            if let count = plan.count, report.taken >= count { return true }
            if let time = plan.time, now >= beginning.instant + time { return true }
            var capturedAt = WallClock.nanoseconds
            if let rate = plan.framesPerSecond {
                let offset = offset(of: report.taken, rate)
                guard now >= beginning.instant + offset else { return false }
                // When it was due, so that a load that is late is not spared the wait.
                capturedAt = beginning.wall + Int64(offset / .nanoseconds(1))
            } else if !window.hasRoom(for: plan.pictures.byteCount)
                || !mayTake()
            {
                return false
            }
            window.offer(pictures.frame(report.taken, capturedAt: capturedAt))
            report.taken += 1
            progressAt = now
        }
        hasMore = true
        return false
    }

    private mutating func pump() throws {
        while let item = pending ?? window.next() {
            guard try send(item) else {
                pending = item
                return
            }
            pending = nil
        }
        // Before it sleeps.
        if !plan.isPunctual { try link.flush() }
        if plan.acknowledgement == .none { report.last = .now }
    }

    private mutating func send(_ item: SendWindow.Item) throws -> Bool {
        switch item {
        case .gap(let gap): return try link.send(gap) != .wouldBlock
        case .frame(let frame, let id):
            let payload = frame.payload
            let outcome = try unsafe link.send(frame.header(id), payload: payload.span.bytes)
            guard outcome != .tooLarge else {
                throw Failure(.usage, "the broker takes no frames of that --size")
            }
            return outcome == .sent
        }
    }
}
