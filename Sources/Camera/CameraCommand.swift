import ArgumentParser
import Capture
import Logging
import Service
import Wire
import ZeroMQ

/// Sends one source's frames to the broker.
struct CameraCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "camera",
        abstract: "Send the frames of one source to the broker.",
        discussion: """
            A source is a video file, a device such as /dev/video0, an address such as \
            rtsp://host/stream, an image, a directory of images, or `synthetic`, a moving test \
            picture. A file plays at its own pace and waits when nobody takes its frames; a device \
            or address does not wait: its oldest frames are shed, and the gap is recorded.

            Every option can be given as an environment variable too; its name stands in brackets.
            """,
        version: Program.version
    )

    @Option(help: .setting("Where the broker takes frames.", "broker", valueName: "endpoint"))
    var broker: String = Setting.value("broker", default: "tcp://127.0.0.1:5550")

    @Option(help: .setting("What to send: a path, a device, an address or synthetic.", "source"))
    var source: String?

    @Option(
        help: .setting(
            "The stream's name: 1 to 64 of a-z 0-9 - _ . /",
            "stream",
            valueName: "name"
        )
    )
    var stream: String?

    @Flag(help: .setting("Begin a file or directory again after its end.", "loop"))
    var loop: Bool = Setting.flag("loop")

    @Option(
        hinting: .setting(
            "Frames a second: a file's pace, or the most to take from a live source. A directory "
                + "plays at 10, the synthetic picture at 25.",
            "fps",
            valueName: "number"
        )
    )
    var fps: Double?

    @Option(
        hinting: .setting("Resize to this; default: as it comes.", "size", valueName: "WxH")
    )
    var size: ImageSize?

    @Option(
        hinting: .setting(
            "JPEG quality, 1 to 100. JPEG files go through untouched where they can.",
            "quality"
        )
    )
    var quality: Int = Setting.value("quality", default: 85)

    @Option(
        help: .setting(
            "Who must have a frame before the camera forgets it: none, broker or archive.",
            "acks"
        )
    )
    var acks: Acks = Setting.value("acks", default: .archive)

    @Option(hinting: .setting("Stop after so many frames.", "count", valueName: "frames"))
    var count: Int?

    @Option(
        hinting: .setting(
            "Memory for frames that are not acknowledged.",
            "window",
            valueName: "bytes"
        )
    )
    var window: ByteCount = Setting.value("window", default: .mebibytes(64))

    @OptionGroup var common: CommonOptions

    mutating func validate() throws {
        source = source ?? Setting.optional("source")
        stream = stream ?? Setting.optional("stream")
        fps = fps ?? Setting.optional("fps")
        size = size ?? Setting.optional("size")
        count = count ?? Setting.optional("count")
        try checkRanges()
    }

    private func checkRanges() throws {
        if let stream, !Names.isValidStream(stream) {
            throw ValidationError(
                "--stream is '\(stream)'; a name is 1 to 64 of a-z 0-9 - _ . /"
            )
        }
        if let fps, !(fps > 0 && fps <= 1_000) {
            throw ValidationError("--fps is \(fps); it goes from over 0 to 1000")
        }
        guard (1...100).contains(quality) else {
            throw ValidationError("--quality is \(quality); it goes from 1 to 100")
        }
        if let count, count < 1 { throw ValidationError("--count is \(count); it begins at 1") }
        guard window.bytes > 0 else { throw ValidationError("--window must be more than 0") }
    }

    func run() throws {
        guard let source else {
            throw Failure(.usage, "what is to be sent? Give --source, a video or synthetic")
        }
        guard let stream else {
            throw Failure(.usage, "which stream is it? Give --stream, a name such as lobby/door")
        }
        var settings = SourceSettings()
        settings.loops = loop
        settings.framesPerSecond = fps
        settings.size = size.map { ($0.widthPixels, $0.heightPixels) }
        settings.quality = quality
        let logger = common.logger("camera")
        let stop = try StopSignal()
        let window = SendWindow(
            stream: stream,
            acknowledgement: acks.wish,
            limits: .init(byteCount: window.bytes)
        )
        let shared = try SharedWindow(window)
        let sender = try Sender(endpoint: broker, shared: shared, stop: stop, logger: logger)
        let recorder = Recorder(
            source: source,
            settings: settings,
            count: count,
            shared: shared,
            filled: sender.wakeUp,
            stop: stop,
            logger: logger
        )
        let thread = try ServiceThread("capture", ended: sender.wakeUp) { try recorder.run() }
        try sender.run(beside: thread)
    }
}

/// `--acks`.
enum Acks: String, CaseIterable, ExpressibleByArgument {
    case none, broker, archive

    var wish: CameraWishes.Acknowledgement {
        switch self {
        case .none: .none
        case .broker: .broker
        case .archive: .archive
        }
    }
}
