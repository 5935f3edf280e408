import ArgumentParser
import Foundation
import Recording
import Service
import Wire

/// `archive export`: frames as files.
struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write frames as image files, each with a JSON file of all its results.",
        discussion: """
            The images are the cameras' own bytes. Files are called \
            OUT/STREAM/EPOCH-SEQUENCE.jpg and .json; a / in a stream's name becomes %2F.

              archive export --stream kiosk --since 10m --out kiosk-frames
            """
    )

    @Option(help: .setting("A stream's name, or a pattern with *.", "stream"))
    var stream: String

    @OptionGroup var when: SelectionOptions

    @Option(hinting: .setting("How many frames at most; 0 for all.", "limit"))
    var limit: Int = Setting.value("limit", default: 0)

    @Option(help: .setting("The directory to write to; created if missing.", "out"))
    var out: String

    @OptionGroup var reading: ReadingOptions

    func validate() throws {
        guard limit >= 0 else { throw ValidationError("--limit is 0 or more") }
    }

    func run() throws {
        let stop = try StopSignal()
        try reading.withArchive(.frames) { archive in
            var selection = try ExportSelection(
                archive.catalog,
                stream: stream,
                since: when.since?.nanoseconds,
                until: when.until?.nanoseconds,
                limit: limit
            )
            guard selection.count > 0 else {
                throw Failure(.general, "no frame is selected by \(when.words(stream: stream))")
            }
            try OutputFiles.makeDirectory(out)
            var progress = ExportProgress(total: selection.count)
            var leftOut = LeftOut()
            while case let page = try selection.nextPage(), !page.isEmpty {
                for frame in page {
                    if stop.isRaised {
                        progress.end("stopped", out)
                        throw ExitCode(130)
                    }
                    try export(frame, &archive, &progress, &leftOut)
                }
            }
            progress.end("exported", out)
            if leftOut.count > 0 { throw Self.failure(leftOut) }
        }
    }

    /// Writes one frame; one that cannot be read is left out, for it holds nobody else up.
    private func export(
        _ frame: ExportedFrame,
        _ archive: inout ArchiveReader,
        _ progress: inout ExportProgress,
        _ leftOut: inout LeftOut
    ) throws {
        let parts: (header: [UInt8], payload: [UInt8])
        do throws(RecordingError) {
            parts = try archive.frame(frame.id)
        } catch {
            guard error.kind == .damaged || error.kind == .gone else { throw error }
            return leftOut.add(frame.id, error)
        }
        let directory = out + "/" + FrameFiles.name(of: frame.id.stream)
        try OutputFiles.makeDirectory(directory)
        let name = directory + "/" + FrameFiles.name(of: frame.id.place)
        let image = name + "." + FrameFiles.extension(of: frame.format)
        try OutputFiles.write(parts.payload, to: image)
        let json = try Sidecar(catalog: archive.catalog).text(of: frame.id, header: parts.header)
        try OutputFiles.write(Array(json.utf8), to: name + ".json")
        progress.add(parts.payload.count)
    }

    /// Says which frames were left out, and why.
    private static func failure(_ leftOut: LeftOut) -> Failure {
        for line in leftOut.lines {
            FileHandle.standardError.write(Data("\(line)\n".utf8))
        }
        let frames = leftOut.count == 1 ? "1 frame" : "\(Readable.count(leftOut.count)) frames"
        return Failure(.general, "\(frames) could not be read and are not among the files")
    }
}

/// Shows how an export goes on.
private struct ExportProgress {
    private let total: Int
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var count = 0
    private var bytes = 0
    private var lastShown = ContinuousClock.now - .seconds(1)

    init(total: Int) { self.total = total }

    mutating func add(_ byteCount: Int) {
        count += 1
        bytes += byteCount
        guard isTerminal, ContinuousClock.now - lastShown > .milliseconds(100) else { return }
        lastShown = .now
        let filled = count * 30 / max(1, total)
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 30 - filled)
        show("\(bar) \(Readable.count(count)) of \(Readable.count(total)) frames")
    }

    func end(_ verb: String, _ out: String) {
        if isTerminal { show("") }
        print("\(verb) \(Readable.count(count)) frames (\(Readable.bytes(bytes))) to \(out)")
    }

    private func show(_ line: String) {
        FileHandle.standardError.write(Data("\u{1B}[2K\r\(line)".utf8))
    }
}
