/// When each frame of a recorded source is due: pure, and without drift.
package struct PlaybackSchedule: Sendable {
    /// When a frame is to be sent, and the time it is said to be taken at: one moment by two clocks.
    package struct Moment: Sendable, Equatable {
        /// By the steady clock.
        package let due: Duration
        /// In nanoseconds since 1970.
        package let capturedAt: Int64
    }

    /// Behind by more than this, as after waiting for room, the schedule goes on from now instead
    /// of rushing through what was missed.
    package static let patience = Duration.seconds(1)

    private let framesPerSecond: Double
    private var start: Duration
    private var startAt: Int64
    private var count: Int64 = 0
    private var lastCapturedAt: Int64 = .min

    /// A schedule whose first frame is due now.
    ///
    /// - Parameters:
    ///   - framesPerSecond: Over 0.
    ///   - now: The steady clock.
    ///   - wallClock: The same moment in nanoseconds since 1970.
    package init(framesPerSecond: Double, now: Duration, wallClock: Int64) {
        precondition(framesPerSecond > 0)
        self.framesPerSecond = framesPerSecond
        start = now
        startAt = wallClock
    }

    /// The moment of the next frame.
    ///
    /// - Parameters:
    ///   - now: The steady clock; never goes back.
    ///   - wallClock: The same moment in nanoseconds since 1970.
    /// - Returns: A moment, possibly past; `capturedAt` always grows.
    package mutating func next(now: Duration, wallClock: Int64) -> Moment {
        var offset = self.offset
        if now - start - offset > Self.patience {
            start = now
            startAt = wallClock
            count = 0
            offset = .zero
        }
        count += 1
        lastCapturedAt = max(startAt + offset.nanoseconds, lastCapturedAt + 1)
        return Moment(due: start + offset, capturedAt: lastCapturedAt)
    }

    private var offset: Duration {
        .nanoseconds(Int64((Double(count) * 1e9 / framesPerSecond).rounded()))
    }
}

extension Duration {
    /// Whole nanoseconds.
    fileprivate var nanoseconds: Int64 {
        components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }
}
