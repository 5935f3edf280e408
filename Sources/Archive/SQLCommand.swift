import ArgumentParser
import Foundation
import Recording
import Service

/// `archive sql`: any question.
struct SQLCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sql",
        abstract: "Ask the catalog anything, in SQL.",
        discussion: """
            Tables: streams, frames, results, detections, groups, runs, dead_letters, gaps, stubs; times \
            are UTC. docs/catalog.md has every column, and an example for each question people ask. \
            Nothing but SELECT works, on these tables alone, so that a question harms nothing.

              archive sql 'SELECT stream, label, COUNT(*) FROM detections GROUP BY stream, label'
              archive sql "SELECT strftime('%H', captured_at) AS hour, COUNT(*) AS people \
            FROM detections WHERE label = 'person' AND score > 0.5 GROUP BY hour"
            """
    )

    @Argument(help: "One SELECT statement.")
    var query: String

    @Option(hinting: .setting("How many rows at most; 0 for all.", "limit"))
    var limit: Int = Setting.value("limit", default: 10_000)

    @OptionGroup var patience: QuestionOptions
    @OptionGroup var reading: ReadingOptions
    @OptionGroup var listing: ListingOptions

    func validate() throws {
        guard limit >= 0 else { throw ValidationError("--limit is 0 or more") }
    }

    func run() throws {
        try reading.withArchive { archive in
            var table = TablePrinter(json: listing.json)
            var count = 0
            try archive.catalog.query(
                query,
                within: patience.limit,
                columns: { table.begin($0) },
                row: {
                    count += 1
                    if limit > 0, count > limit { return false }
                    table.add($0)
                    return true
                }
            )
            table.end(nothing: "no rows")
            if limit > 0, count > limit {
                note("only the first \(Readable.count(limit)) rows are shown; --limit 0 shows all")
            }
        }
    }
}

/// The option of every command that asks the catalog what a person has thought of.
struct QuestionOptions: ParsableArguments {
    @Option(hinting: .setting("How long the catalog may think about a question.", "time-limit"))
    var timeLimit: Duration = Setting.value("time-limit", default: .seconds(30))

    /// What the catalog is told.
    var limit: CatalogReader.Limit {
        CatalogReader.Limit(time: timeLimit, remedy: ", or give it longer with --time-limit")
    }

    func validate() throws {
        guard timeLimit > .zero else {
            throw ValidationError("--time-limit is a time above 0, like 30s")
        }
    }
}

/// Tells a person, beside the answer, what the answer does not say.
func note(_ sentence: String) {
    StandardError.write("note: \(sentence)\n")
}
