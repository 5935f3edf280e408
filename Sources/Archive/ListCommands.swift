import ArgumentParser
import Recording
import Service

/// `archive streams`: what there is.
struct StreamsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "streams",
        abstract: "List the streams: frames, bytes, from when to when."
    )

    @OptionGroup var reading: ReadingOptions
    @OptionGroup var listing: ListingOptions

    func run() throws {
        try reading.withArchive { archive in
            var table = TablePrinter(json: listing.json)
            try archive.catalog.query(
                """
                SELECT stream, frames, bytes, first_captured_at, last_captured_at, missing_frames
                FROM streams ORDER BY stream
                """,
                columns: { table.begin($0) },
                row: {
                    table.add($0)
                    return true
                }
            )
            table.end(nothing: "the archive has no streams yet")
        }
    }
}

/// `archive frames`: the frames of a stream.
struct FramesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "frames",
        abstract: "List the frames of a stream, with what was found in them.",
        discussion: """
            The newest frames, or with --since those from then on; in the order of their capture.
            """
    )

    @Option(help: .setting("A stream's name, or a pattern with *.", "stream"))
    var stream: String = Setting.value("stream", default: "*")

    @OptionGroup var when: PeriodOptions

    @Option(hinting: .setting("How many frames at most.", "limit"))
    var limit: Int = Setting.value("limit", default: 20)

    @OptionGroup var reading: ReadingOptions
    @OptionGroup var listing: ListingOptions

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit is a number above 0") }
    }

    func run() throws {
        try reading.withArchive { archive in
            let streams = try archive.catalog.streams(matching: stream)
            let marks = streams.map { _ in "?" }.joined(separator: ",")
            let order = when.since == nil ? "DESC" : "ASC"
            var table = TablePrinter(json: listing.json)
            let sql = """
                SELECT * FROM (
                    SELECT stream, epoch, sequence, captured_at, width, height, byte_count, format,
                        (SELECT COUNT(*) FROM results r WHERE r.stream = f.stream
                            AND r.epoch = f.epoch AND r.sequence = f.sequence) AS results,
                        (SELECT group_concat(label || ' x' || n, ', ') FROM (
                            SELECT label, COUNT(*) AS n FROM detections d WHERE d.stream = f.stream
                            AND d.epoch = f.epoch AND d.sequence = f.sequence
                            GROUP BY label)) AS found
                    FROM frames f WHERE stream IN (\(marks))
                    AND captured_at >= ? AND captured_ns >= ? AND captured_ns < ?
                    ORDER BY captured_at \(order), sequence \(order) LIMIT ?
                ) ORDER BY captured_at, stream, epoch, sequence
                """
            let since = when.since?.nanoseconds ?? 0
            let until = when.until?.nanoseconds ?? .max
            let arguments: [SQLValue] =
                streams.map { .text($0) } + [
                    .text(Timestamp.text(since)), .integer(since), .integer(until),
                    .integer(Int64(limit)),
                ]
            try archive.catalog.query(
                sql,
                arguments,
                columns: { table.begin($0) },
                row: {
                    table.add($0)
                    return true
                }
            )
            table.end(nothing: "no frame was captured then")
        }
    }
}
