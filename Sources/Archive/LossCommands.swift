import ArgumentParser
import Recording
import Service

/// `archive gaps`: the frames that are missing, and why.
struct GapsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gaps",
        abstract: "List the stretches of frames that are missing, each with its reason.",
        discussion: """
            Reasons: shed (the camera had no room), lost (something died), archive away (nobody kept \
            them), retention (they were let go before a group had seen them).
            """
    )

    @Option(help: .setting("A stream's name, or a pattern with *.", "stream"))
    var stream: String = Setting.value("stream", default: "*")

    @OptionGroup var reading: ReadingOptions
    @OptionGroup var listing: ListingOptions

    func run() throws {
        try reading.withArchive { archive in
            let streams = try archive.catalog.streams(matching: stream)
            let marks = streams.map { _ in "?" }.joined(separator: ",")
            var table = TablePrinter(json: listing.json)
            try archive.catalog.query(
                """
                SELECT stream, epoch, first_sequence, last_sequence, frames, reason, group_name
                FROM gaps WHERE stream IN (\(marks)) ORDER BY stream, epoch, first_sequence
                """,
                streams.map { .text($0) },
                columns: { table.begin($0) },
                row: {
                    table.add($0)
                    return true
                }
            )
            table.end(nothing: "no frame is missing")
        }
    }
}

/// `archive dead-letters`: the frames that a group has given up on.
struct DeadLettersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letters",
        abstract: "Show the frames that a group has given up on.",
        subcommands: [ListDeadLettersCommand.self]
    )
}

/// `archive dead-letters list`: which frames, and what happened.
struct ListDeadLettersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the frames that a group has given up on, the newest last.",
        discussion: "The frames themselves are kept; 'archive replay' shows them to a group again."
    )

    @Option(help: .setting("Only of this group.", "group"))
    var group: String?

    @OptionGroup var reading: ReadingOptions
    @OptionGroup var listing: ListingOptions

    func run() throws {
        try reading.withArchive { archive in
            var table = TablePrinter(json: listing.json)
            try archive.catalog.query(
                """
                SELECT died_at, group_name, run, stream, epoch, sequence, attempts, reason, worker
                FROM dead_letters WHERE ?1 IS NULL OR group_name = ?1 ORDER BY died_at
                """,
                [group.map { .text($0) } ?? .null],
                columns: { table.begin($0) },
                row: {
                    table.add($0)
                    return true
                }
            )
            table.end(nothing: "no frame was given up")
        }
    }
}
