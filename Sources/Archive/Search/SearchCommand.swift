import ArgumentParser
import Foundation
import Recording
import Service

/// `archive search`: which frames show what.
struct SearchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Find frames by what was found on them, and look at them.",
        discussion: """
            All options must hold; --label, --min-score and --min-count speak of the detections of \
            one result. It is the newest frames, or with --since those from then on, in the order \
            of their capture. --where is about the columns of frames in docs/catalog.md; what the \
            other tables say is asked as (stream, epoch, sequence) IN (SELECT ...).

              archive search --label person --min-count 3 --since 1d
              archive search --stream 'lobby/*' --run faces:1 --min-score 0.9 --export faces
              archive search --group people --run 0 --export set --labels yolo --limit 0
              archive search --where "width > 1000 AND strftime('%H', captured_at) = '12'"
            """
    )

    @OptionGroup var chosen: SelectionOptions
    @OptionGroup var group: ResultGroupOption

    @Option(hinting: .setting("How many frames at most; 0 for all.", "limit"))
    var limit: Int = Setting.value("limit", default: 100)

    @Option(
        help: .setting(
            "Write the images, a gallery to look at them (index.html) and manifest.jsonl there.",
            "export",
            valueName: "dir"
        )
    )
    var export: String?

    @Option(
        help: .setting(
            "With --export, also write labels for training of what --group and --run have found.",
            "labels"
        )
    )
    var labels: TrainingLabels?

    @OptionGroup var patience: QuestionOptions
    @OptionGroup var reading: ReadingOptions

    @Flag(help: .setting("Print JSON, for programs: a line for each frame.", "json"))
    var json: Bool = Setting.flag("json")

    private var directory: String? { export ?? Setting.optional("export") }
    private var selection: Catalog.Selection { chosen.selection(group: group.name) }
    private var words: String { chosen.words(group: group.name) }

    mutating func validate() throws {
        labels = labels ?? Setting.optional("labels")
        guard limit >= 0 else { throw ValidationError("--limit is 0 or more") }
        try chosen.check(group: group.name)
        guard labels != nil else { return }
        guard directory != nil else {
            throw ValidationError("--labels writes files; say where with --export")
        }
        guard selection.results.group != nil, selection.results.run != nil else {
            throw ValidationError(
                "--labels takes what one run has found; say which with --run GROUP:NUMBER"
            )
        }
    }

    func run() throws {
        let stop = try StopSignal()
        try reading.withArchive(directory == nil ? .catalog : .frames) { archive in
            var frames = try SelectedFrames(
                archive.catalog,
                selection,
                limit: limit,
                within: patience.limit
            )
            if let directory {
                try write(&frames, to: directory, &archive, stop)
            } else {
                try list(&frames, archive.catalog, stop)
            }
            if limit > 0, try frames.hasMore() {
                let which = selection.since == nil ? "newest" : "first"
                note("only the \(which) \(Readable.count(limit)) frames; --limit 0 takes all")
            }
        }
    }

    private func list(
        _ frames: inout SelectedFrames,
        _ catalog: CatalogReader,
        _ stop: StopSignal
    ) throws {
        var table = TablePrinter(json: false)
        table.begin(FoundFrame.columns)
        while case let page = try frames.nextPage(), !page.isEmpty {
            for frame in page {
                if stop.isRaised { throw ExitCode(130) }
                let results = try FoundResult.all(of: frame.id, catalog, selection.results)
                let found = FoundFrame(frame: frame, results: results)
                if json {
                    print(found.json())
                } else {
                    for row in found.rows { table.add(row) }
                }
            }
        }
        if !json { table.end(nothing: "no frame is selected by \(words)") }
    }

    private func write(
        _ frames: inout SelectedFrames,
        to directory: String,
        _ archive: inout ArchiveReader,
        _ stop: StopSignal
    ) throws {
        let all = try frames.countInAll()
        guard all > 0 else { throw Failure(.general, "no frame is selected by \(words)") }
        let total = limit == 0 ? all : min(limit, all)
        let catalog = archive.catalog
        let filter = selection.results
        let files = try SearchExport(to: directory, title: words, labels, filter, catalog)
        var export = FrameExport(to: directory, stop, isQuiet: json)
        do {
            try export.run(&frames, total: total, &archive) { frame, parts in
                let results = try FoundResult.all(of: frame.id, catalog, filter)
                let found = FoundFrame(frame: frame, results: results)
                guard let file = try files.add(found, parts.payload) else { return nil }
                if json { print(found.json(file: file)) }
                return parts.payload.count
            }
        } catch let stopped as ExitCode {
            // What there is can be looked at.
            try files.finish()
            throw stopped
        }
        try files.finish()
        try export.end(archive.catalog)
        if !json { print("look at them: \(absolutePath(directory))/index.html") }
    }
}
