internal import Wire

/// When the frames of a paced replay are due: an absolute schedule, so that delays do not add up.
///
/// Pure. A frame is due at `begin + (played(captured) - played(firstCaptured)) / pace`, where what is
/// left out of long silences is not played.
struct ReplaySchedule: Sendable, Equatable {
    /// When the schedule began.
    let begin: Duration
    /// When the first frame was captured, in nanoseconds since 1970.
    let firstCaptured: Int64
    /// Times the speed of the recording, above 0.
    let pace: Double
    /// Silences that are shortened, ascending.
    var silences: [Job.Silence] = []

    /// When a frame is due, by the clock of `begin`.
    func due(captured: Int64) -> Duration {
        let played = Double(captured) - Double(firstCaptured)
        let leftOut = Double(leftOut(before: captured)) - Double(leftOut(before: firstCaptured))
        let offset = max(0, played - leftOut) / pace
        // More than a century is as good as never, and does not overflow.
        return begin + .nanoseconds(Int64(min(offset, 3e18)))
    }

    /// Nanoseconds left out up to a frame.
    private func leftOut(before captured: Int64) -> UInt64 {
        var (low, high) = (0, silences.count)
        while low < high {
            let middle = (low + high) / 2
            if silences[middle].end <= captured { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? 0 : silences[low - 1].leftOut
    }

    /// What is to be left out so that no silence is longer than `limit` nanoseconds.
    ///
    /// - Parameters:
    ///   - captured: When each frame was captured, ascending.
    ///   - limit: The longest silence that is played, in nanoseconds.
    /// - Returns: One for each silence that is longer.
    static func silences(in captured: some Sequence<Int64>, longerThan limit: UInt64)
        -> [Job.Silence]
    {
        var silences: [Job.Silence] = []
        var before: Int64?
        for time in captured {
            defer { before = time }
            guard let before, time > before else { continue }
            let span = UInt64(time.subtractingReportingOverflow(before).partialValue.magnitude)
            guard span > limit else { continue }
            let leftOut = (silences.last?.leftOut ?? 0) + span - limit
            silences.append(Job.Silence(end: time, leftOut: min(leftOut, Limits.number)))
        }
        return silences
    }
}

/// When the next frame of a replay may go that is limited in frames a second.
///
/// Pure. What was missed in the last second may be made up for.
struct RateLimit: Sendable, Equatable {
    private let interval: Duration
    /// When the next frame may go.
    private(set) var next: Duration

    /// - Parameters:
    ///   - rate: Frames a second, above 0.
    ///   - now: When the first one may go.
    init(rate: Double, now: Duration) {
        interval = .nanoseconds(Int64(min(1e9 / rate, 3e18)))
        next = now
    }

    /// Counts a frame that goes now.
    mutating func count(at now: Duration) {
        next = max(next, now - .seconds(1)) + interval
    }
}
