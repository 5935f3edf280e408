import Capture
import Logging
import Service
import Wire
import ZeroMQ

/// The capture thread: reads the source, paces it, and fills the window.
struct Recorder: Sendable {
    let source: String
    let settings: SourceSettings
    /// Stop after so many frames.
    let count: Int?
    let shared: SharedWindow
    /// Rung when the window has something to send.
    let filled: WakeUp
    let stop: StopSignal
    let logger: Logger

    private static let firstBackOff = Duration.milliseconds(250)
    private static let longestBackOff = Duration.seconds(8)

    /// Runs until the source ends, `count` frames were taken, or the process is to stop.
    ///
    /// - Throws: A ``Service/Failure`` when the source does not open or breaks for good.
    func run() throws {
        var waiter = Waiter(stop: stop, bell: shared.room)
        let location = try Self.translate { () throws(CaptureError) in try SourceLocation(source) }
        var opened = try Self.translate { () throws(CaptureError) in
            try location.open(settings, now: { WallClock.nanoseconds })
        }
        logger.info("reading \(opened.summary)")
        var player = Player(opened)
        var taken = 0
        var skipped: String?
        while !stop.isRaised {
            do throws(CaptureError) {
                switch try opened.next() {
                case .end:
                    guard taken == 0, let skipped else { return }
                    throw .missing("\(source) has nothing to send: \(skipped)")
                case .skipped(let reason):
                    skipped = reason
                    logger.warning("skipped: \(reason)")
                case .cutShort(let sentence):
                    skipped = sentence
                    logger.warning("\(sentence)")
                case .frame(let frame):
                    guard try deliver(frame, &player, &waiter) else { continue }
                    taken += 1
                    if taken == count { return }
                }
            } catch {
                guard opened.isLive else { throw Self.failure(error) }
                logger.warning("\(error); opening it again")
                guard let again = reopen(location, &waiter) else { return }
                opened = again
                player = Player(again)
            }
        }
    }

    /// Puts a frame into the window when it is due and there is room.
    ///
    /// - Returns: Whether it went in.
    private func deliver(
        _ frame: CapturedFrame,
        _ player: inout Player,
        _ waiter: inout Waiter
    ) throws(CaptureError) -> Bool {
        var frame = frame
        let byteCount = frame.payload.count
        let largest = shared.largestPayload
        guard byteCount <= largest else {
            logger.error(
                """
                a frame of \(Readable.bytes(byteCount)) is larger than the \
                \(Readable.bytes(largest)) a message may have, and was not sent: give a smaller \
                --size or a lower --quality
                """
            )
            return false
        }
        guard max(frame.width, frame.height) <= Int(Limits.imageSidePixels),
            frame.width * frame.height <= Limits.imagePixels
        else {
            logger.error(
                """
                a frame of \(frame.width) x \(frame.height) pixels was not sent: sides go to \
                \(Limits.imageSidePixels), and \(Limits.imagePixels) pixels in all; give a --size
                """
            )
            return false
        }
        if let moment = player.next() {
            frame.capturedAt = moment.capturedAt
            guard waiter.wait(until: moment.due) else { return false }
            // A file waits for room; the bell is drained before each look.
            while !shared.with({ $0.hasRoom(for: byteCount) }) {
                guard waiter.waitForBell() else { return false }
            }
        }
        let captured = frame
        shared.with { _ = $0.offer(captured) }
        filled.signal()
        return true
    }

    /// Opens a live source again, for ever.
    ///
    /// - Returns: `nil` when the process is to stop.
    private func reopen(
        _ location: SourceLocation,
        _ waiter: inout Waiter
    ) -> (any FrameSource)? {
        var backOff = Self.firstBackOff
        var lastReason = ""
        while waiter.wait(until: Self.clock() + backOff) {
            backOff = min(backOff * 2, Self.longestBackOff)
            do throws(CaptureError) {
                let source = try location.open(settings, now: { WallClock.nanoseconds })
                logger.info("reading \(source.summary) again")
                return source
            } catch {
                // A new reason is said once, not at each attempt.
                if error.description != lastReason { logger.warning("\(error); trying again") }
                lastReason = error.description
            }
        }
        return nil
    }

    private static func translate<Value>(
        _ body: () throws(CaptureError) -> Value
    ) throws(Failure) -> Value {
        do throws(CaptureError) {
            return try body()
        } catch {
            throw failure(error)
        }
    }

    private static func failure(_ error: CaptureError) -> Failure {
        switch error {
        case .missing(let sentence): Failure(.missingInput, sentence)
        case .unusable(let sentence): Failure(.general, sentence)
        }
    }

    /// A clock that never goes back.
    static func clock() -> Duration { start.duration(to: .now) }

    private static let start = ContinuousClock.now
}

/// Plays a source that is not live at its pace.
private struct Player {
    private var schedule: PlaybackSchedule?
    private let framesPerSecond: Double?

    init(_ source: any FrameSource) {
        framesPerSecond = source.isLive ? nil : source.framesPerSecond
    }

    /// When the next frame is due, or `nil` for a live source.
    ///
    /// The first one is due at once.
    mutating func next() -> PlaybackSchedule.Moment? {
        guard let framesPerSecond else { return nil }
        let (now, wallClock) = (Recorder.clock(), WallClock.nanoseconds)
        if schedule == nil {
            schedule = PlaybackSchedule(
                framesPerSecond: framesPerSecond,
                now: now,
                wallClock: wallClock
            )
        }
        return schedule?.next(now: now, wallClock: wallClock)
    }
}

/// Waits for a time or a bell, and for the signal to stop.
private struct Waiter: ~Copyable {
    private var poller = Poller()
    private let stop: StopSignal
    private let bell: WakeUp
    private let bellSlot: Poller.Slot

    init(stop: StopSignal, bell: WakeUp) {
        self.stop = stop
        self.bell = bell
        _ = poller.add(fileDescriptor: stop.fileDescriptor)
        bellSlot = poller.add(fileDescriptor: bell.fileDescriptor)
    }

    /// Waits until `due` by ``Recorder/clock()``.
    ///
    /// - Returns: False when the process is to stop.
    mutating func wait(until due: Duration) -> Bool {
        poller.set(bellSlot, [])
        defer { poller.set(bellSlot, .readable) }
        while true {
            let left = due - Recorder.clock()
            guard left > .zero else { return !stop.isRaised }
            guard (try? poller.wait(for: left)) != .ready else { return false }
        }
    }

    /// Waits until the bell is rung.
    ///
    /// - Returns: False when the process is to stop.
    mutating func waitForBell() -> Bool {
        _ = try? poller.wait(for: nil)
        bell.drain()
        return !stop.isRaised
    }
}
