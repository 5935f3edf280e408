import ArgumentParser
import Recording
import Service

/// `archive dead-letters`: the frames that a group has given up on.
struct DeadLettersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letters",
        abstract: "Show the frames that a group has given up on, and try them again.",
        discussion: """
            A frame that has cost its workers their lives, or too much time, five times over is \
            given up: it becomes a dead letter of that run. The frame itself is kept.

              archive dead-letters list --group faces
              archive dead-letters show kiosk@1764000000000000000/42 --out 42.jpg
              archive dead-letters retry --group faces
            """,
        subcommands: [
            ListDeadLettersCommand.self, ShowDeadLetterCommand.self, RetryDeadLettersCommand.self,
        ]
    )
}

/// `archive dead-letters list`: which frames, and what happened.
struct ListDeadLettersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the frames that a group has given up on, the newest last.",
        discussion: """
            completed_by_run is the first later run of the group that has completed the frame; where \
            it is empty, 'archive dead-letters retry' tries again.
            """
    )

    @Option(help: .setting("Only of this group.", "group"))
    var group: String?

    @Option(help: .setting("A stream's name, or a pattern with *.", "stream"))
    var stream: String?

    @OptionGroup var reading: ReadingOptions
    @OptionGroup var listing: ListingOptions

    mutating func validate() throws {
        group = group ?? Setting.optional("group")
        stream = stream ?? Setting.optional("stream")
    }

    func run() throws {
        try reading.withArchive { archive in
            // A letter may be of a stream of which no frame was ever kept.
            let streams = try stream.map { try archive.catalog.streams(matching: $0) }
            let marks = streams.map { $0.map { _ in "?" }.joined(separator: ",") }
            var table = TablePrinter(json: listing.json)
            try archive.catalog.query(
                """
                SELECT died_at, group_name, run, stream, epoch, sequence, attempts, reason, worker,
                    (SELECT MIN(r.run) FROM results r WHERE r.stream = d.stream
                        AND r.epoch = d.epoch AND r.sequence = d.sequence
                        AND r.group_name = d.group_name AND r.run > d.run) AS completed_by_run
                FROM dead_letters d WHERE (? OR group_name = ?) \
                \(marks.map { "AND stream IN (\($0))" } ?? "") ORDER BY died_at
                """,
                [.integer(group == nil ? 1 : 0), .text(group ?? "")]
                    + (streams ?? []).map { .text($0) },
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
