import ArgumentParser
import Recording
import Service

/// `archive compare`: what a new model changed.
struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Say what one run has found otherwise than another.",
        discussion: """
            A run is GROUP:NUMBER; 0 is the live run, and each replay has a number of its own. Two \
            detections are the same when they have one label and at least half of both boxes is \
            common to both (intersection over union of 0.5); the best overlaps come first. What \
            only the second run has is gained, what only the first has is lost.

              archive compare faces:0 faces-yunet:1
              archive compare people:0 people:2 --stream 'lobby/*' --since 1d --min-score 0.5
              archive compare faces:0 faces:1 --export changed --limit 200
            """
    )

    @Argument(help: "The run before, such as faces:0.", transform: RunName.read)
    var before: RunName

    @Argument(help: "The run after, such as faces:1.", transform: RunName.read)
    var after: RunName

    @Option(help: .setting("A stream's name, or a pattern with *.", "stream"))
    var stream: String = Setting.value("stream", default: "*")

    @OptionGroup var when: PeriodOptions

    @Option(help: .setting("Only detections called so, such as person.", "label"))
    var label: String?

    @Option(
        hinting: .setting(
            "Only detections as sure as that, 0 to 1.",
            "min-score",
            valueName: "score"
        )
    )
    var minScore: Double?

    @Option(hinting: .setting("How many of the frames that differ most are shown.", "limit"))
    var limit: Int = Setting.value("limit", default: 20)

    @Option(
        help: .setting(
            "Write these frames there, with a gallery (index.html) that has the boxes of both.",
            "export",
            valueName: "dir"
        )
    )
    var export: String?

    @OptionGroup var patience: QuestionOptions
    @OptionGroup var reading: ReadingOptions
    @OptionGroup var listing: ListingOptions

    /// Frames that are kept in memory at most.
    private static let mostFrames = 10_000

    mutating func validate() throws {
        label = label ?? Setting.optional("label")
        minScore = minScore ?? Setting.optional("min-score")
        export = export ?? Setting.optional("export")
        guard (0...Self.mostFrames).contains(limit) else {
            throw ValidationError("--limit is a number from 0 to \(Self.mostFrames)")
        }
        guard export == nil || limit > 0 else {
            throw ValidationError("--export writes the frames that differ most; --limit is above 0")
        }
        if let minScore, !(0...1).contains(minScore) {
            throw ValidationError("--min-score is \(minScore); it is a number from 0 to 1")
        }
        for run in [before, after] where run.group == nil {
            throw ValidationError("a run to compare is GROUP:NUMBER, such as faces:\(run.number)")
        }
    }

    func run() throws {
        let stop = try StopSignal()
        try reading.withArchive(export == nil ? .catalog : .frames) { archive in
            let report = ComparisonReport(
                before: "\(before)",
                after: "\(after)",
                comparison: try compare(archive.catalog, stop)
            )
            if listing.json { print(report.json) } else { report.printTables() }
            guard let export else { return }
            guard !report.comparison.differences.isEmpty else {
                return note("no frame differs, so that nothing is written to \(export)")
            }
            let files = ComparisonExport(directory: export, report: report)
            try files.write(&archive, stop, isQuiet: listing.json)
            if !listing.json { print("look at them: \(absolutePath(export))/index.html") }
        }
    }

    /// Walks along both runs at once.
    private func compare(_ catalog: CatalogReader, _ stop: StopSignal) throws -> RunComparison {
        var (first, second) = (try walk(before, catalog), try walk(after, catalog))
        var line = ProgressLine("compare", unit: .frames)
        defer { line.end() }
        var comparison = RunComparison(limit: limit)
        var (left, right) = (try first.walk.result(), try second.walk.result())
        var count = 0
        while left != nil || right != nil {
            if stop.isRaised { throw ExitCode(130) }
            // The one that comes first; both when they are of one frame.
            let place = [left, right].compactMap { $0?.place }.min()
            let (isLeft, isRight) = (left?.place == place, right?.place == place)
            comparison.add(isLeft ? left : nil, isRight ? right : nil)
            if isLeft {
                count += 1
                line.show(UInt64(count), of: UInt64(first.frames))
                left = try first.walk.result()
            }
            if isRight { right = try second.walk.result() }
        }
        return comparison
    }

    private func walk(
        _ run: RunName,
        _ catalog: CatalogReader
    ) throws -> (walk: RunWalk, frames: Int) {
        let rows = try catalog.rows(
            "SELECT group_name || ':' || run, completed FROM runs ORDER BY group_name, run"
        )
        guard let row = rows.first(where: { $0[0] == .text("\(run)") }) else {
            let names = rows.prefix(10).map { TablePrinter.text($0[0]) }.joined(separator: ", ")
            let more = rows.count > 10 ? ", ..." : ""
            throw Failure(
                .general,
                "the archive has no run \(run); "
                    + (rows.isEmpty ? "it has none yet" : "it has \(names)\(more)")
            )
        }
        let streams = stream == "*" ? nil : try catalog.streams(matching: stream)
        let walk = RunWalk(
            catalog,
            Catalog.ResultFilter(
                group: run.group,
                run: run.number,
                label: label,
                minScore: minScore
            ),
            streams: streams,
            since: when.since?.nanoseconds,
            until: when.until?.nanoseconds,
            within: patience.limit
        )
        return (walk, Int(row[1].number ?? 0))
    }
}
