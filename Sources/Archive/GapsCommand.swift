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
