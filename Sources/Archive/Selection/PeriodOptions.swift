import ArgumentParser
import Foundation
import Recording
import Service

/// A point in time as people write it; see `Timestamp.parse`.
struct TimePoint: ExpressibleByArgument, Hinting {
    /// Nanoseconds since 1970.
    let nanoseconds: Int64

    static let hint = "2026-11-23, '2026-11-23 13:05' (UTC), or 10m, 2h, 7d ago"

    init?(argument: String) {
        guard let time = Timestamp.parse(argument, now: WallClock.nanoseconds) else { return nil }
        nanoseconds = time
    }

    /// As the catalog spells it.
    var text: String { Timestamp.text(nanoseconds) }
}

/// From when to when a command looks.
struct PeriodOptions: ParsableArguments {
    @Option(
        name: .customLong("since"),
        hinting: .setting(
            "Only frames captured then or later: 2026-11-23, '2026-11-23 13:05', or 10m, 2h, 7d ago"
                + " (UTC).",
            "since",
            valueName: "time"
        )
    )
    var sinceOption: TimePoint?

    @Option(
        name: .customLong("until"),
        hinting: .setting("Only frames captured before then.", "until", valueName: "time")
    )
    var untilOption: TimePoint?

    /// The first moment that counts.
    var since: TimePoint? { sinceOption ?? Setting.optional("since") }

    /// The first moment that does not count any more.
    var until: TimePoint? { untilOption ?? Setting.optional("until") }

    /// The period in words, with a blank before it; empty when there is none.
    var words: String {
        (since.map { " since \($0.text)" } ?? "") + (until.map { " until \($0.text)" } ?? "")
    }
}

/// `path` from the root on, so that it means the same wherever it is printed.
func absolutePath(_ path: String) -> String {
    URL(fileURLWithPath: path).standardizedFileURL.path
}
