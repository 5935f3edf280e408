import ArgumentParser
import Logging
import Service
import Wire

/// `broker view`: saves the newest frames of a stream as pictures.
struct ViewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "view",
        abstract: "Save the newest frames of a stream as pictures, as they come.",
        discussion: """
            Frames that come faster than they are saved are passed over, and nobody else waits for \
            that. JPEG and PNG are saved as the camera sent them, raw frames as PPM and PGM, which \
            image viewers open. Files are called OUT/STREAM/EPOCH-SEQUENCE.jpg, or with --latest \
            OUT/STREAM.jpg; a / in a stream's name becomes %2F. Ctrl-C ends it.

              broker view kiosk --out pictures --count 1
              broker view 'lobby/*' --out wall --latest --every 500ms
            """
    )

    @Argument(help: "A stream's name, or a pattern with *.")
    var stream: String

    @Option(help: .setting("The directory to write to; created if missing.", "out"))
    var out: String?

    @Option(hinting: .setting("End after so many frames; 0 goes on.", "count"))
    var count: Int = Setting.value("count", default: 0)

    @Option(
        hinting: .setting(
            "Save a frame of each stream at most once in so long; the newest then.",
            "every",
            valueName: "time"
        )
    )
    var every: Duration = Setting.value("every", default: .zero)

    @Flag(help: .setting("Keep one file for each stream, replaced at once as a whole.", "latest"))
    var latest: Bool = Setting.flag("latest")

    @Flag(help: .setting("Print JSON, one object a line for each frame.", "json"))
    var json: Bool = Setting.flag("json")

    @Option(help: .setting("Where the broker takes workers.", "broker", valueName: "endpoint"))
    var broker: String = Setting.value("broker", default: "tcp://127.0.0.1:5551")

    @Option(
        hinting: .setting(
            "How long to try to reach the broker, at first and when it is lost.",
            "connect-timeout",
            valueName: "time"
        )
    )
    var connectTimeout: Duration = Setting.value("connect-timeout", default: .seconds(10))

    @OptionGroup var common: CommonOptions

    mutating func validate() throws {
        out = out ?? Setting.optional("out")
        guard Names.isValidPattern(stream) else {
            throw ValidationError("the stream is '\(stream)'; a name or pattern is like 'lobby/*'")
        }
        guard count >= 0 else { throw ValidationError("--count is 0 or more") }
    }

    func run() throws {
        guard let out else { throw Failure(.usage, "where to? Give --out, a directory") }
        let stop = try StopSignal()
        var link = Link.Configuration(endpoint: broker, logger: common.logger("view"))
        link.stop = stop
        link.limits = LinkLimits(giveUp: connectTimeout)
        let viewer = try Viewer(
            link,
            patterns: [stream],
            pace: ViewPace(interval: every),
            folder: PictureFolder(out, keepsLatest: latest),
            report: ViewReport(json: json)
        )
        try viewer.run(limit: count == 0 ? .max : UInt64(count))
    }
}
