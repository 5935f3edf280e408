import ArgumentParser
import Imaging
import Logging
import Service
import Vision
import Wire
import ZeroMQ

/// Looks for things in the frames that the broker leases to it.
struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Look for faces or people in the frames of a group's streams.",
        discussion: """
            Workers with the same --group share its frames: start more of them to go faster. The \
            first one decides how the group works (--streams, --policy, --order, --start); a later \
            one that asks for something else is refused.

            Every option can be given as an environment variable too; its name stands in brackets.
            """,
        version: Program.version
    )

    @Option(help: .setting("Where the broker takes workers.", "broker", valueName: "endpoint"))
    var broker: String = Setting.value("broker", default: "tcp://127.0.0.1:5551")

    @Option(help: .setting("The group to join: 1 to 64 of a-z 0-9 . - _", "group"))
    var group: String?

    @Option(
        parsing: .upToNextOption,
        help: .setting(
            "Patterns of the streams to see live, such as 'lobby/*', or none, to see replays "
                + "alone; default: all.",
            "streams",
            valueName: "patterns"
        )
    )
    var streams: [String] = []

    @Option(help: .setting("What to look for: faces, people or none.", "detector"))
    var detector: DetectorChoice.Kind = Setting.value("detector", default: .faces)

    @Option(
        help: .setting(
            "For faces: a YuNet .onnx file (face_detection_yunet_2022mar.onnx for OpenCV 4.5.4 to "
                + "4.7, …2023mar.onnx for 4.8 and later), or a cascade's .xml file. Default: the "
                + "cascade of the package opencv-data.",
            "model",
            valueName: "file"
        )
    )
    var model: String?

    @Option(
        hinting: .setting("Lowest score to report, 0 to 1; default: the detector's.", "min-score")
    )
    var minScore: Float?

    @Option(
        hinting: .setting(
            "With --detector none: how long each frame takes, up to 1s, to try a system out.",
            "work-time",
            valueName: "time"
        )
    )
    var workTime: Duration = Setting.value("work-time", default: .zero)

    @Option(hinting: .setting("Frames worked on at once.", "threads"))
    var threads: Int = Setting.value("threads", default: 1)

    @Option(
        help: .setting(
            "When the group cannot keep up: latest (only the newest frame of each stream), queue "
                + "(a bounded queue, oldest shed) or durable (none is lost, with an archive).",
            "policy"
        )
    )
    var policy: Policy = Setting.value("policy", default: .queue)

    @Option(
        help: .setting(
            "any, or stream: all frames of a stream go to one worker, in order.",
            "order"
        )
    )
    var order: Order = Setting.value("order", default: .any)

    @Option(
        help: .setting(
            "Where a durable group begins: now, or beginning with the oldest archived frame.",
            "start"
        )
    )
    var start: Start = Setting.value("start", default: .now)

    @Option(help: .setting("The worker's name; default: host name and process id.", "name"))
    var name: String?

    @OptionGroup var common: CommonOptions

    mutating func validate() throws {
        group = group ?? Setting.optional("group")
        model = model ?? Setting.optional("model")
        minScore = minScore ?? Setting.optional("min-score")
        name = name ?? Setting.optional("name")
        if streams.isEmpty { streams = Setting.list("streams", default: ["*"]) }
        if let group, !Names.isValidGroup(group) {
            throw ValidationError("--group is '\(group)'; a name is 1 to 64 of a-z 0-9 . - _")
        }
        // A worker that is there for replays alone.
        if streams == ["none"] { streams = [] }
        if let pattern = streams.first(where: { !Names.isValidPattern($0) }) {
            throw ValidationError("--streams has '\(pattern)'; a pattern looks like 'lobby/*'")
        }
        guard streams.count <= Limits.patterns else {
            throw ValidationError("--streams takes \(Limits.patterns) patterns at most")
        }
        if model != nil, detector != .faces {
            throw ValidationError("--detector \(detector.rawValue) takes no --model: leave it out")
        }
        guard (1...256).contains(threads) else {
            throw ValidationError("--threads is \(threads); it goes from 1 to 256")
        }
        guard workTime == .zero || detector == .none else {
            throw ValidationError("--work-time goes with --detector none")
        }
        guard (.zero ... .seconds(1)).contains(workTime) else {
            throw ValidationError("--work-time goes from 0 to 1s")
        }
        if let minScore, !(0...1).contains(minScore) {
            throw ValidationError("--min-score is \(minScore); it goes from 0 to 1")
        }
        if let name, name.isEmpty || name.utf8.count > Limits.nameByteCount {
            throw ValidationError("--name has 1 to \(Limits.nameByteCount) bytes")
        }
    }

    func run() throws {
        guard let group else {
            throw Failure(.usage, "which group is it? Give --group, a name such as faces")
        }
        let logger = common.logger("worker")
        let stop = try StopSignal()
        OpenCV.prepare(threads: 1)  // The model threads are what runs in parallel.
        let choice = DetectorChoice(
            kind: detector,
            modelPath: model,
            minimumScore: minScore,
            workTime: workTime
        )
        let identity = WorkerIdentity(
            name: name ?? ProcessName.make(),
            model: try Self.makeDetector(choice).model
        )
        let definition = GroupDefinition(
            name: group,
            patterns: streams,
            policy: policy.wish,
            order: order.wish,
            start: start.wish
        )
        logger.info(
            """
            \(identity.name) of group \(group): \(identity.summary), \
            \(threads) \(threads == 1 ? "thread" : "threads"), \(definition)
            """
        )
        let board = LeaseBoard(order: order.wish)
        let desk = try LeaseDesk(
            endpoint: broker,
            wishes: LeaseDesk.wishes(definition, threads: threads, model: identity.summary),
            identity: identity,
            board: board,
            stop: stop,
            logger: logger
        )
        let wakeUp = desk.wakeUp
        let crew = try (1...threads).map { number in
            try ServiceThread("model \(number)", ended: wakeUp) {
                defer { board.close() }
                let detector = try Self.makeDetector(choice)
                ModelThread(detector: detector, identity: identity, board: board).run {
                    wakeUp.signal()
                }
            }
        }
        try desk.run(beside: crew)
    }

    private static func makeDetector(_ choice: DetectorChoice) throws(Failure) -> any Detector {
        do throws(VisionError) {
            return try choice.makeDetector()
        } catch {
            switch error {
            case .missing(let sentence): throw Failure(.missingInput, sentence)
            case .unusable(let sentence): throw Failure(.general, sentence)
            }
        }
    }
}
