import ArgumentParser
import Foundation
import Recording
import Service

/// `archive verify`: whether everything is as it was written.
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Read everything and say what is wrong, if anything.",
        discussion: """
            Checks the pages of the log's files, every record with its payload, the order of positions \
            and of each stream's frames, the indexes, the checkpoints, and the catalog against the \
            log. Repairs nothing, and works beside 'archive serve'. Prints a line for each thing that \
            is wrong, with its position and file, and then ends with exit code 1.
            """
    )

    @Option(hinting: .setting("How many lines at most.", "limit"))
    var limit: Int = Setting.value("limit", default: 100)

    @OptionGroup var reading: ReadingOptions
    @OptionGroup var listing: ListingOptions

    func validate() throws {
        guard (0...Findings.limit).contains(limit) else {
            throw ValidationError("--limit is a number from 0 to \(Findings.limit)")
        }
    }

    func run() throws {
        let report = try explaining {
            var line = ProgressLine("verify")
            defer { line.end() }
            return try Verification.run(
                reading.directory,
                patience: reading.connectTimeout,
                command: "archive verify"
            ) { line.show($0, of: $1) }
        }
        if listing.json {
            try printJSON(report)
        } else {
            for finding in report.findings.prefix(limit) { print(finding.line) }
            if report.wrong > limit {
                print("... and \(Readable.count(report.wrong - limit)) more")
            }
            if let remark = report.remark { print("note: \(remark)") }
            print(total(report))
        }
        if report.wrong > 0 { throw ExitCode(1) }
    }

    private func total(_ report: Verification.Report) -> String {
        let read =
            "\(Readable.count(report.records)) records (\(Readable.bytes(Int(report.bytes)))) in"
            + " \(Readable.count(report.segments)) file\(report.segments == 1 ? "" : "s")"
        guard report.wrong > 0 else { return "\(read): nothing is wrong" }
        return
            "\(read): \(Readable.count(report.wrong)) thing\(report.wrong == 1 ? " is" : "s are")"
            + " wrong; nothing was changed"
    }

    private func printJSON(_ report: Verification.Report) throws {
        var shown = report
        shown.findings = Array(report.findings.prefix(limit))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        print(String(decoding: try encoder.encode(shown), as: UTF8.self))
    }
}
