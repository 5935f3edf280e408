internal import Wire

/// What the fetching thread remembers of a broker's session.
struct FetchSession {
    /// A stream's way into a run.
    struct Feed: Hashable {
        let run: Run
        let stream: String
    }

    let number: UInt64
    /// How fast the session's replays go that are not to go as fast as they can.
    var pacing: [Run: Pacing] = [:]
    /// Why the last read failed, if it did; said once.
    var trouble = ""
    /// What has no frame to send before a time.
    private var resting: [Feed: Duration] = [:]

    init(_ number: UInt64 = 0) { self.number = number }

    /// When the first one has a frame to send.
    var next: Duration? { resting.values.min() }

    /// Notes that a feed has nothing to send before `due`.
    mutating func rest(_ feed: Feed, until due: Duration) { resting[feed] = due }

    /// Whether a feed has nothing to send yet.
    func isResting(_ feed: Feed, at now: Duration) -> Bool {
        resting[feed].map { $0 > now } ?? false
    }

    /// The feeds that have a frame to send now, the one that is due first before the others.
    mutating func takeDue(at now: Duration) -> [Feed] {
        let due = resting.filter { $0.value <= now }.sorted { $0.value < $1.value }.map(\.key)
        for feed in due { resting[feed] = nil }
        return due
    }

    /// Forgets what rests of replays that are over.
    ///
    /// - Parameter runs: The replays that are not over, and whether each runs.
    /// - Returns: The feeds of those that run, which have to be looked at anew.
    mutating func stir(_ runs: [Run: Bool]) -> [Feed] {
        // Of one that goes on again the schedule begins anew.
        pacing = pacing.filter { runs[$0.key] == true }
        let before = resting.keys
        resting = resting.filter { $0.key.run.number == 0 || runs[$0.key.run] == false }
        return before.filter { runs[$0.run] == true }
    }
}

/// How fast the frames of a replay go.
struct Pacing {
    var schedule: ReplaySchedule?
    var rate: RateLimit?

    /// When a frame may go.
    func due(captured: Int64) -> Duration {
        max(schedule?.due(captured: captured) ?? .zero, rate?.next ?? .zero)
    }
}

extension Duration {
    /// Later than anything that happens.
    static let never = Duration.seconds(Int64.max / 4)
}
