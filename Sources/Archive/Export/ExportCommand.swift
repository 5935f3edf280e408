import ArgumentParser
import Foundation
import Recording
import Service
import Wire

/// `archive export`: frames as files.
struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write frames as image files with results, or a file for another archive.",
        discussion: """
            The images are the cameras' own bytes. Files are called \
            OUT/STREAM/EPOCH-SEQUENCE.jpg and .json; a / in a stream's name becomes %2F. With --limit \
            it is the newest frames, or with --since those from then on.

              archive export --stream kiosk --since 10m --out kiosk-frames
              archive export --stream '*' --label face --min-score 0.9 --out faces

            With --format zoe it is one file of frames and results for 'archive import'; --out - is then \
            standard output.

            'archive search --export' writes a gallery, and labels for training.
            """
    )

    @OptionGroup var chosen: SelectionOptions
    @OptionGroup var group: ResultGroupOption

    @Option(hinting: .setting("How many frames at most; 0 for all.", "limit"))
    var limit: Int = Setting.value("limit", default: 0)

    @Option(help: .setting("The directory, or with --format zoe the file, to write to.", "out"))
    var out: String

    @Option(help: .setting("images, or zoe: a file for 'archive import'.", "format"))
    var format: String = Setting.value("format", default: "images")

    @OptionGroup var patience: QuestionOptions
    @OptionGroup var reading: ReadingOptions

    func validate() throws {
        guard limit >= 0 else { throw ValidationError("--limit is 0 or more") }
        guard ["images", "zoe"].contains(format) else {
            throw ValidationError("--format is images or zoe, not \(format)")
        }
        guard chosen.stream != nil else {
            throw ValidationError("of which stream? Give --stream; '*' is all of them")
        }
        try chosen.check(group: group.name)
    }

    func run() throws {
        let stop = try StopSignal()
        try reading.withArchive(.frames) { archive in
            var frames = try SelectedFrames(
                archive.catalog,
                chosen.selection(group: group.name),
                limit: limit,
                within: patience.limit
            )
            let all = try frames.countInAll()
            guard all > 0 else {
                throw Failure(
                    .general,
                    "no frame is selected by \(chosen.words(group: group.name))"
                )
            }
            if format == "zoe" {
                let total = limit == 0 ? all : min(limit, all)
                let export = TransferExport(out: out, stop: stop)
                return try export.run(&frames, total: total, &archive, of: reading.directory)
            }
            try OutputFiles.makeDirectory(out)
            let sidecar = Sidecar(catalog: archive.catalog)
            var export = FrameExport(to: out, stop)
            try export.run(
                &frames,
                total: limit == 0 ? all : min(limit, all),
                &archive
            ) { frame, parts in
                let directory = out + "/" + FrameFiles.name(of: frame.id.stream)
                try OutputFiles.makeDirectory(directory)
                let name = directory + "/" + FrameFiles.name(of: frame.id.place)
                let image = name + "." + FrameFiles.extension(of: frame.format)
                try OutputFiles.write(parts.payload, to: image)
                let json = try sidecar.text(of: frame.id, header: parts.header)
                try OutputFiles.write(Array(json.utf8), to: name + ".json")
                return parts.payload.count
            }
            try export.end(archive.catalog)
        }
    }
}
