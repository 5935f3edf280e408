import ArgumentParser
import Service
import Wire

/// What frees a frame of a camera.
enum Acknowledgement: String, CaseIterable, ExpressibleByArgument {
    case none, broker, archive

    var wish: CameraWishes.Acknowledgement {
        switch self {
        case .none: .none
        case .broker: .broker
        case .archive: .archive
        }
    }
}

/// `bench produce`: cameras for a broker that is there.
struct ProduceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "produce",
        abstract: "Send frames to a broker, at a rate or as fast as they are acknowledged."
    )

    @Option(help: .setting("Where the broker takes cameras.", "broker", valueName: "endpoint"))
    var broker = Setting.value("broker", default: "tcp://127.0.0.1:5550")

    @Option(hinting: "Cameras; their streams are bench/1, bench/2 and so on.")
    var cameras = 2

    @Option(hinting: "Frames a second of each camera; default: as fast as they are acknowledged.")
    var fps: Double?

    @Option(hinting: "Frames of each camera; default: no end.")
    var count: Int?

    @Option(
        hinting: """
            How long to take pictures; what was taken by then is still sent, and waited for up to a \
            minute; default: no end.
            """
    )
    var time: Duration?

    @Option(
        help: "Who acknowledges a frame: none, broker, or archive, for which there must be one."
    )
    var acks = Acknowledgement.archive

    @OptionGroup var pictures: PictureOptions
    @OptionGroup var printing: PrintOptions

    func validate() throws {
        guard (1...4_096).contains(cameras), fps.map({ $0 > 0 && $0.isFinite }) ?? true else {
            throw ValidationError("it takes 1 to 4,096 cameras, and --fps above 0")
        }
    }

    func run() throws {
        let stop = try StopSignal()
        Program.allowManyConnections()
        let pictures = try pictures.load()
        var load = Load()
        load.cameras = (1...cameras).map { number in
            CameraPlan(
                endpoint: broker,
                stream: LoadName.stream(number),
                pictures: pictures,
                acknowledgement: acks.wish,
                count: count,
                time: time
            )
        }
        if let fps { load.setRate(fps) }
        let outcome = try load.run(stop: stop, logger: printing.logger)
        let rate = outcome.framesPerSecond
        var report = Report()
        report.add("cameras", "cameras", cameras)
        report.add("size", "bytes a frame", pictures.byteCount)
        report.add("acks", "acknowledged by", acks.rawValue)
        report.add("taken", "frames taken", outcome.cameras.taken)
        report.add("delivered", "acknowledged", outcome.cameras.delivered)
        report.add("shed", "shed", outcome.cameras.shed)
        report.add("given_up", "given up", outcome.cameras.givenUp)
        report.addRate(outcome.duration, rate, bytes: pictures.byteCount)
        report.addSurroundings()
        try report.show(json: printing.json)
        guard outcome.cameras.givenUp == 0 else { throw Failure(.general, outcome.trouble) }
    }
}
