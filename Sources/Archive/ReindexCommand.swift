import ArgumentParser
import Logging
import Recording
import Service

/// `archive reindex`: the catalog, written anew.
struct ReindexCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reindex",
        abstract: "Write the catalog anew from the log.",
        discussion: """
            The catalog is made from the log and can be made again: after it was damaged or deleted, or \
            when 'archive verify' finds it wrong. Whoever reads it meanwhile goes on reading the old \
            one. A damaged one is moved aside, never deleted. Works beside 'archive serve', which does \
            it then.
            """
    )

    @OptionGroup var reading: ReadingOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        print(try reading.work(.reindex, name: "reindex", common.logger("archive")))
    }
}

extension ReadingOptions {
    /// Has the archive do a long work, with a bar that shows how far it is.
    ///
    /// - Returns: What was done, in a sentence.
    /// - Throws: A ``Failure`` when it could not be done.
    func work(_ request: WorkRequest, name: String, _ logger: Logger) throws -> String {
        try explaining {
            var line = ProgressLine(name, unit: .records)
            defer { line.end() }
            return try Upkeep.run(
                request,
                in: directory,
                patience: connectTimeout,
                command: "archive \(name)",
                logger: logger
            ) { line.show($0, of: $1) }
        }
    }
}
