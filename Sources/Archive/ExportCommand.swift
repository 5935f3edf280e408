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
            let frames = try selected(archive.catalog)
            var progress = ExportProgress(total: frames.count)
            let sidecar = Sidecar(catalog: archive.catalog)
            for frame in frames {
                if stop.isRaised {
                    progress.end("stopped", out)
                    throw ExitCode(130)
                }
                let parts = try archive.frame(frame.id)
                do {
                    try write(frame, parts, sidecar)
                } catch let error as CocoaError {
                    throw Failure(
                        .general,
                        "\(out) cannot be written: \(error.localizedDescription)"
                    )
                }
                progress.add(parts.payload.count)
            }
            progress.end("exported", out)
        }
    }

    /// The frames to export, in order.
    private func selected(_ catalog: CatalogReader) throws -> [ExportedFrame] {
        let streams = try catalog.streams(matching: stream)
        let marks = streams.map { _ in "?" }.joined(separator: ",")
        let rows = try catalog.rows(
            """
            SELECT stream, epoch, sequence, format FROM frames WHERE stream IN (\(marks))
            AND captured_ns >= ? AND captured_ns < ? ORDER BY stream, epoch, sequence LIMIT ?
            """,
            streams.map { .text($0) } + [
                .integer(when.since?.nanoseconds ?? .min),
                .integer(when.until?.nanoseconds ?? .max),
                .integer(limit == 0 ? -1 : Int64(limit)),
            ]
        )
        let frames = rows.compactMap { ExportedFrame($0) }
        guard !frames.isEmpty else {
            throw Failure(.general, "no frame is selected by \(when.words(stream: stream))")
        }
        return frames
    }

    private func write(
        _ frame: ExportedFrame,
        _ parts: (header: [UInt8], payload: [UInt8]),
        _ sidecar: Sidecar
    ) throws {
        let directory = out + "/" + FrameFiles.name(of: frame.id.stream)
        try FileManager.default.createDirectory(
            atPath: directory,
            withIntermediateDirectories: true
        )
        let name = directory + "/" + FrameFiles.name(of: frame.id.place)
        let image = URL(fileURLWithPath: name + "." + frame.fileExtension)
        try Data(parts.payload).write(to: image)
        let json = try sidecar.text(of: frame.id, header: parts.header)
        try Data(json.utf8).write(to: URL(fileURLWithPath: name + ".json"))
    }
}

/// One frame on its way into files.
private struct ExportedFrame {
    let id: FrameID
    let fileExtension: String

    init?(_ row: [SQLValue]) {
        guard row.count == 4, case .text(let stream) = row[0], case .integer(let epoch) = row[1],
            case .integer(let sequence) = row[2], case .text(let format) = row[3],
            let format = Frame.Format.allCases.first(where: { "\($0)" == format })
        else { return nil }
        id = FrameID(
            stream: stream,
            epoch: UInt64(bitPattern: epoch),
            sequence: UInt64(bitPattern: sequence)
        )
        fileExtension = FrameFiles.extension(of: format)
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
