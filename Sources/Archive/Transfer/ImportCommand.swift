import ArgumentParser
import Foundation
import Recording
import Service

/// `archive import`: frames and results of another archive.
struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Take in frames and results that another archive has exported.",
        discussion: """
            The file is one of 'archive export --format zoe'; - is standard input. Each record is checked \
            before it is taken in; of a damaged file everything before the damage is. Names of frames \
            stay; what the archive has already is passed over, so that the same file may be imported \
            again. Works beside 'archive serve' too. A durable group \
            does not get imported frames by itself; 'archive replay' gives them to it.

              archive export --data old --stream kiosk --format zoe --out kiosk.zoe
              archive import --data new kiosk.zoe
            """
    )

    @Argument(help: "The file; - is standard input.")
    var file: String

    @OptionGroup var reading: ReadingOptions
    @OptionGroup var listing: ListingOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let isStandard = file == "-"
        let descriptor = isStandard ? STDIN_FILENO : unsafe open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let reason = unsafe String(cString: strerror(errno)).lowercased()
            throw Failure(.missingInput, "\(file) cannot be read: \(reason)")
        }
        defer { if !isStandard { close(descriptor) } }
        var status = stat()
        guard unsafe fstat(descriptor, &status) != 0 || status.st_mode & S_IFMT != S_IFDIR else {
            throw Failure(
                .missingInput,
                "\(file) is a directory; give the file that archive export --format zoe has written"
            )
        }
        let size = unsafe fstat(descriptor, &status) == 0 ? UInt64(max(0, status.st_size)) : 0
        let name = isStandard ? "standard input" : file
        var source = TransferSource(descriptor: descriptor, name: name)
        var counts = TransferCounts()
        var line = ProgressLine("import")
        do {
            try explaining {
                try ArchiveImport.run(
                    &source,
                    into: reading.directory,
                    patience: reading.connectTimeout,
                    logger: common.logger("archive")
                ) { more, offset in
                    counts.add(more)
                    line.show(offset, of: max(size, offset))
                }
            }
        } catch {
            line.end()
            tell(counts)
            throw error
        }
        line.end()
        if let damage = source.damage, source.isOther {
            throw Failure(
                .general,
                "\(damage.description): it is no file of 'archive export --format zoe'"
            )
        }
        tell(counts)
        if let damage = source.damage {
            let kept = "what came before it is imported; export the file again and import that"
            throw Failure(.general, "\(damage.description); \(kept)")
        }
    }

    private func tell(_ counts: TransferCounts) {
        if listing.json {
            let encoder = JSONEncoder()
            encoder.keyEncodingStrategy = .convertToSnakeCase
            encoder.outputFormatting = .sortedKeys
            let data = (try? encoder.encode(counts)) ?? Data()
            print(String(decoding: data, as: UTF8.self))
        } else {
            for line in ImportReport.lines(counts) { print(line) }
        }
    }
}

/// What has become of an imported file, in words.
///
/// Pure.
enum ImportReport {
    /// A line for what was imported, for what was there, and for each reason why something was not.
    static func lines(_ counts: TransferCounts) -> [String] {
        var lines = ["imported \(words(counts.frames, counts.results))"]
        if counts.framesThere + counts.resultsThere > 0 {
            lines.append("already there: \(words(counts.framesThere, counts.resultsThere))")
        }
        let skipped: [(Int, Int, String)] = [
            (counts.framesOlder, 0, "older than what the archive has of their streams"),
            (counts.framesDiffering, 0, "the archive has others under their names"),
            (counts.framesArriving, 0, "a camera sends their streams to this archive"),
            (0, counts.resultsWithoutFrame, "the archive does not have their frames"),
            (0, counts.resultsOfOwnRuns, "the archive has replays of its own under these numbers"),
        ]
        for (frames, results, reason) in skipped where frames + results > 0 {
            let what = results == 0 ? count(frames, "frame") : count(results, "result")
            lines.append("skipped \(what): \(reason)")
        }
        return lines
    }

    private static func words(_ frames: Int, _ results: Int) -> String {
        "\(count(frames, "frame")) and \(count(results, "result"))"
    }

    private static func count(_ number: Int, _ noun: String) -> String {
        "\(Readable.count(number)) \(noun)\(number == 1 ? "" : "s")"
    }
}
