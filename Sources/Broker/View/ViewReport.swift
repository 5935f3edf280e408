import FoundationEssentials
import Service
import Wire

#if canImport(Glibc)
import Glibc
#endif

/// Says what is saved: one line that changes on a terminal, else a line for each frame.
struct ViewReport {
    private let isJSON: Bool
    private let terminal: TerminalSize?
    private var byteCount = 0

    init(json: Bool) {
        isJSON = json
        terminal = json ? nil : TerminalSize.ofOutput
    }

    /// Says that a frame has been saved.
    mutating func add(_ frame: Frame, _ file: String, _ pace: ViewPace) {
        byteCount += Int(frame.byteCount)
        if isJSON { return printJSON(frame, file, pace) }
        let facts =
            "\(frame.width)x\(frame.height)  \(Readable.bytes(Int(frame.byteCount)))"
        guard let terminal else { return print("\(file)  \(facts)") }
        let counts =
            "\(Readable.count(pace.saved)) saved  \(Readable.count(pace.passedOver)) passed over"
        // The cursor goes back, so that a log line takes the place of this one.
        let line = "\(counts)  \(file)  \(facts)".prefix(terminal.columns - 1)
        print("\u{1B}[2K\r\(line)", terminator: "\r")
        fflush(nil)
    }

    /// Says how much it was.
    func end(_ pace: ViewPace, _ folder: PictureFolder) {
        let saved = "\(Readable.count(pace.saved)) frame\(pace.saved == 1 ? "" : "s")"
        let line =
            "saved \(saved) (\(Readable.bytes(byteCount))) to \(folder.path), "
            + "passed over \(Readable.count(pace.passedOver))"
        if isJSON {
            StandardError.write("\(line)\n")
        } else {
            print(terminal == nil ? line : "\u{1B}[2K\r\(line)")
        }
    }

    private func printJSON(_ frame: Frame, _ file: String, _ pace: ViewPace) {
        let line = Line(
            stream: frame.id.stream,
            epoch: frame.id.epoch,
            sequence: frame.id.sequence,
            capturedNs: frame.capturedAt,
            format: "\(frame.format)",
            width: frame.width,
            height: frame.height,
            byteCount: frame.byteCount,
            file: file,
            passedOver: pace.passedOver
        )
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        guard let data = try? encoder.encode(line) else { return }
        print(String(decoding: data, as: UTF8.self))
    }

    private struct Line: Encodable {
        let stream: String
        let epoch: UInt64
        let sequence: UInt64
        let capturedNs: Int64
        let format: String
        let width: UInt32
        let height: UInt32
        let byteCount: UInt32
        let file: String
        /// Frames passed over so far, of all streams.
        let passedOver: UInt64
    }
}
