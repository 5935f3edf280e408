internal import Wire

/// Requests that wait for their first frame to be due.
struct HeldFetches {
    var session: UInt64 = 0
    /// How fast the session's replays go that are not to go as fast as they can.
    var pacing: [Run: Pacing] = [:]
    /// Why the last read failed, if it did; said once.
    var trouble = ""
    private var waiting: [(due: Duration, fetch: Fetch)] = []

    init(session: UInt64 = 0) { self.session = session }

    /// When the next one is due.
    var next: Duration? { waiting.map(\.due).min() }

    mutating func add(_ fetch: Fetch, until due: Duration) {
        waiting.removeAll { $0.fetch.run == fetch.run && $0.fetch.stream == fetch.stream }
        waiting.append((due, fetch))
    }

    mutating func takeDue(at now: Duration) -> [Fetch] {
        let due = waiting.filter { $0.due <= now }.sorted { $0.due < $1.due }.map(\.fetch)
        waiting.removeAll { $0.due <= now }
        return due
    }

    mutating func takeAll() -> [Fetch] { takeDue(at: .never) }
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
