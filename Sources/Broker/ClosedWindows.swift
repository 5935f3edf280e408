import Service
import Wire

/// Notices cameras that may not send for long, so that the log says once why, and once that they may.
///
/// Pure: the caller brings the time and what STATUS says of the streams.
struct ClosedWindows {
    /// How long a window may be used up before it is said.
    static let patience: Duration = .seconds(4)
    /// Names in a line at most; the others are counted.
    private static let namesInLine = 3

    private struct Closed {
        let since: Duration
        var said = StreamStatus.Obstacle.none
    }

    /// Streams whose cameras wait; no more than the broker knows.
    private var closed: [String: Closed] = [:]

    /// Looks at all streams, about once a second.
    ///
    /// - Parameters:
    ///   - streams: All that the broker knows.
    ///   - now: Time since the broker started; never goes back.
    /// - Returns: Lines for the log, one for each reason.
    mutating func look(at streams: [StreamStatus], now: Duration) -> [String] {
        var waiting: [StreamStatus.Obstacle: [String]] = [:]
        var goingOn: [String] = []
        for stream in streams {
            let name = stream.stream
            guard stream.obstacle != .none else {
                let before = closed.removeValue(forKey: name)
                if let before, before.said != .none, stream.isLive { goingOn.append(name) }
                continue
            }
            var state = closed[name] ?? Closed(since: now)
            if now - state.since >= Self.patience, state.said != stream.obstacle {
                state.said = stream.obstacle
                waiting[stream.obstacle, default: []].append(name)
            }
            closed[name] = state
        }
        var lines = waiting.sorted { $0.key.rawValue < $1.key.rawValue }.map { obstacle, names in
            "\(Self.list(names)) may send no more: \(Self.reason(obstacle))"
        }
        if !goingOn.isEmpty { lines.append("\(Self.list(goingOn)) may send again") }
        return lines
    }

    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(namesInLine).joined(separator: ", ")
        let rest = names.count - namesInLine
        return "\(names.count == 1 ? "stream" : "streams") \(shown)"
            + (rest > 0 ? " and \(rest) more" : "")
    }

    private static func reason(_ obstacle: StreamStatus.Obstacle) -> String {
        switch obstacle {
        case .none: "nothing is in the way"
        case .archive:
            "no archive is there; start one, or do without (camera --acks broker, and no durable "
                + "group)"
        case .commit:
            "the archive has not recorded what it was sent; see its log (is its disk full?)"
        case .memory:
            "the memory for frames is used up; give a larger --payload-budget, or see with broker "
                + "status who holds it"
        }
    }
}
