/// When the frames of a paced replay are due: an absolute schedule, so that delays do not add up.
///
/// Pure. A frame is due at `begin + (captured - firstCaptured) / pace`.
struct ReplaySchedule: Sendable, Equatable {
    /// When the schedule began.
    let begin: Duration
    /// When the first frame was captured, in nanoseconds since 1970.
    let firstCaptured: Int64
    /// Times the speed of the recording, above 0.
    let pace: Double

    /// When a frame is due, by the clock of `begin`.
    func due(captured: Int64) -> Duration {
        let offset = Double(max(0, captured - firstCaptured)) / pace
        // More than a century is as good as never, and does not overflow.
        return begin + .nanoseconds(Int64(min(offset, 3e18)))
    }
}
