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

/// Which frames a command is about.
struct SelectionOptions: ParsableArguments {
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

    /// The selection within the streams that a pattern covers.
    func selection(stream: String) -> Catalog.Selection {
        Catalog.Selection(
            stream: stream,
            since: since?.nanoseconds,
            until: until?.nanoseconds
        )
    }

    /// The selection in words.
    func words(stream: String) -> String {
        var words = "stream \(stream)"
        if let since { words += " since \(since.text)" }
        if let until { words += " until \(until.text)" }
        return words
    }
}

/// `path` from the root on, so that it means the same wherever it is printed.
func absolutePath(_ path: String) -> String {
    URL(fileURLWithPath: path).standardizedFileURL.path
}
