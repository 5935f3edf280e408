import Capture
import Glibc
import Logging
import Service
import Wire
import ZeroMQ

/// The link's thread: sends what the window gives, and takes acknowledgements in.
struct Sender: ~Copyable {
    private var link: Link
    private let shared: SharedWindow
    private let logger: Logger
    private var isInSession = false
    /// Taken from the window but not yet by the socket.
    private var pending: SendWindow.Item?
    private var reportedShed: UInt64 = 0
    private var lastReport = ContinuousClock.now
    private var standstill = Standstill()
    private var lastLook = ContinuousClock.now
    private let start = ContinuousClock.now

    /// How often shed frames are reported, and frames that wait at the end.
    private static let reportInterval = Duration.seconds(5)
    /// How often it is looked whether frames get on.
    private static let lookInterval = Duration.seconds(1)
    /// How long the broker may take to have what was sent when nobody waits for it.
    private static let farewell = Duration.seconds(5)
    /// How long the capture thread may take to end; a read from a dead network takes longer.
    private static let captureEnd = Duration.milliseconds(1_000)
    /// Messages queued in libzmq; each holds a payload of its own.
    private static let sendHighWater = 64

    init(
        endpoint: String,
        shared: SharedWindow,
        stop: StopSignal,
        logger: Logger
    ) throws {
        var configuration = Link.Configuration(
            endpoint: endpoint,
            example: "tcp://127.0.0.1:5550",
            logger: logger
        )
        configuration.stop = stop
        configuration.sendHighWater = Self.sendHighWater
        self.shared = shared
        self.logger = logger
        link = try Link(configuration, in: Context()) {
            shared.with { window in
                let wishes = CameraWishes(
                    stream: window.stream,
                    epoch: window.epochForHello,
                    acknowledgement: window.acknowledgement
                )
                return Hello(name: window.stream, role: .camera(wishes))
            }
        }
    }

    /// Rung by the capture thread.
    var wakeUp: WakeUp { link.wakeUp }

    /// Runs until the process is to stop, or the source has ended and all is acknowledged.
    consuming func run(beside capture: ServiceThread) throws {
        var ended: ContinuousClock.Instant?
        while true {
            let event = try link.next(
                until: lastLook + Self.lookInterval,
                wantsToSend: pending != nil
            )
            if try handle(event) { return try finish("the camera was stopped", capture) }
            try pump()
            if capture.hasEnded, ended == nil {
                try capture.join()
                ended = .now
            }
            if let ended, isDone(since: ended) {
                return try finish("the source has ended", capture)
            }
            lookForStandstill()
            report(hasEnded: ended != nil)
        }
    }

    /// Deals with one event.
    ///
    /// - Returns: Whether the process is to stop.
    private mutating func handle(_ event: consuming LinkEvent) throws -> Bool {
        switch consume event {
        case .connected(let welcome):
            shared.largestPayload = link.largestMessage
            guard !isInSession else { return false }
            isInSession = true
            let now = UInt64(max(0, WallClock.nanoseconds))
            shared.with { $0.beginSession(lastEpoch: welcome.lastEpoch, now: now) }
        case .message(let parts):
            if parts.type == .ack, let ack: Ack = try? parts.read() {
                shared.with { $0.acknowledge(ack) }
                shared.room.signal()
            }
            link.recycle(parts)
        case .lost: endSession()
        case .refused(let error):
            endSession()
            if error.code == .staleEpoch { shared.with { $0.forgetEpoch() } }
        case .warned(let error): logger.warning("\(error.sentence)")
        case .stopped: return true
        case .writable: break
        case .woken: break
        case .timedOut: break
        }
        return false
    }

    private mutating func endSession() {
        isInSession = false
        pending = nil
        shared.with { $0.endSession() }
    }

    /// Sends until there is nothing to send or no room for it.
    private mutating func pump() throws {
        while let item = pending ?? shared.with({ $0.next() }) {
            guard try send(item) else {
                pending = item
                return
            }
            pending = nil
        }
    }

    /// Sends one item.
    ///
    /// - Returns: False when there is no room.
    private mutating func send(_ item: SendWindow.Item) throws -> Bool {
        switch item {
        case .gap(let gap): return try link.send(gap) != .wouldBlock
        case .frame(let frame, let id):
            let payload = frame.payload
            switch try unsafe link.send(frame.header(id), payload: payload.span.bytes) {
            case .sent: return true
            case .wouldBlock: return false
            case .tooLarge:
                // The broker said so only after the frame had its number.
                logger.error("frame \(id.sequence) is larger than the broker takes: left out")
                let gap = Gap(
                    stream: id.stream,
                    epoch: id.epoch,
                    first: id.sequence,
                    last: id.sequence,
                    reason: .shed
                )
                return try link.send(gap) != .wouldBlock
            }
        }
    }

    private func isDone(since ended: ContinuousClock.Instant) -> Bool {
        guard pending == nil else { return false }
        return shared.with { window in
            window.isEmpty && (window.isReceived || .now > ended + Self.farewell)
        }
    }

    private mutating func lookForStandstill() {
        guard .now >= lastLook + Self.lookInterval else { return }
        lastLook = .now
        let time = start.duration(to: lastLook)
        let (progress, acknowledgement) = shared.with { ($0.progress, $0.acknowledgement) }
        switch standstill.look(at: progress, now: time) {
        case .stands(let obstacle, let duration):
            logger.warning("\(obstacle.sentence(after: duration, acknowledgement))")
        case .goesOn(let duration):
            logger.notice("goes on after \(Readable.duration(duration)): frames get through again")
        case nil: break
        }
    }

    private mutating func report(hasEnded: Bool) {
        guard .now >= lastReport + Self.reportInterval else { return }
        lastReport = .now
        let (shed, held) = shared.with { ($0.shedCount, $0.heldFrameCount) }
        if shed > reportedShed {
            logger.warning(
                "shed \(shed - reportedShed) frames: nobody took them in time, and the window is full"
            )
            reportedShed = shed
        }
        if hasEnded, held > 0 {
            logger.notice("\(held) frames wait to be acknowledged; Ctrl-C gives them up")
        }
    }

    private consuming func finish(_ reason: String, _ capture: ServiceThread) throws {
        let (freed, shed, held) = shared.with { window in
            (window.freedCount, window.shedCount, window.heldFrameCount)
        }
        let bell = link.wakeUp
        link.close(reason: reason)
        logger.info("\(reason): \(freed) frames delivered, \(shed) shed, \(held) given up")
        shared.room.signal()
        var poller = Poller()
        _ = poller.add(fileDescriptor: bell.fileDescriptor)
        let deadline = ContinuousClock.now + Self.captureEnd
        while !capture.hasEnded {
            // Ending in good order would wait for a read that hangs.
            guard .now < deadline else { _exit(0) }
            _ = try poller.wait(for: deadline - .now)
            bell.drain()
        }
        try capture.join()
    }
}
