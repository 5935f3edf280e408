import ArgumentParser
import Logging
import Service
import Synchronization
import Wire

/// `bench latency`: how long after its capture a frame's result is there.
struct LatencyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "latency",
        abstract: "Time from capture to the result on events, with a group that only looks.",
        discussion: """
            A frame is captured when it is due, also when it is sent later because something was \
            slow: the percentiles include those waits (no coordinated omission). Without --rate it \
            first finds how many frames a second go through, and then loads that much of it.
            """
    )

    @Option(hinting: "Frames a second of all cameras together; default: --load.")
    var rate: Double?

    @Option(hinting: "Percent of what goes through at most.")
    var load = 10.0

    @Option(hinting: "How long.")
    var time: Duration = .seconds(20)

    @Option(hinting: "Cameras.")
    var cameras = 10

    @Option(hinting: "Workers, all of one group.")
    var workers = 2

    @Option(
        hinting: """
            Frames that are archived first, and replayed into another group meanwhile, as fast as \
            they go.
            """
    )
    var besideReplay = 0

    @OptionGroup var stand: StandOptions
    @OptionGroup var pictures: PictureOptions
    @OptionGroup var printing: PrintOptions

    func validate() throws {
        guard (0.1...100).contains(load) else { throw ValidationError("--load is 0.1 to 100") }
        guard rate.map({ $0 > 0 && $0.isFinite }) ?? true else {
            throw ValidationError("--rate is a number of frames a second above 0")
        }
        guard besideReplay >= 0, besideReplay == 0 || !stand.noArchive else {
            throw ValidationError("--beside-replay is a number of frames, and wants an archive")
        }
        guard (1...4_096).contains(cameras), (1...1_024).contains(workers) else {
            throw ValidationError("it takes 1 to 4,096 cameras and 1 to 1,024 workers")
        }
    }

    func run() throws {
        let stop = try StopSignal()
        Program.allowManyConnections()
        let pictures = try pictures.load()
        let most = try rate == nil ? throughput(pictures, stop) : nil
        let rate = rate ?? (most ?? 0) * load / 100
        let timed = try TimedLoad.run(
            stand,
            cameras: cameras,
            workers: workers,
            rate: rate / Double(cameras),
            time: time,
            besideReplay: besideReplay,
            pictures: pictures,
            stop: stop,
            logger: printing.logger
        )
        var report = Report()
        report.add(
            "frames_per_second",
            "load",
            .number(rate),
            "\(Readable.threeDigits(rate)) frames/s"
        )
        if let most {
            report.add(
                "most_frames_per_second",
                "of at most",
                .number(most),
                "\(Readable.threeDigits(most)) frames/s"
            )
        }
        report.add("cameras", "cameras", cameras)
        report.add("workers", "workers", workers)
        report.add("size", "bytes a frame", pictures.byteCount)
        report.add("stand", "archive", stand.words)
        report.add(
            "queue_frames",
            "frames in the queue at most",
            TimedLoad.queueFrames(cameras, rate / Double(cameras))
        )
        report.add("frames", "frames", timed.outcome.cameras.taken)
        report.add("shed", "shed", timed.outcome.cameras.shed)
        if besideReplay > 0 {
            report.add("replayed", "replayed meanwhile", timed.replayed)
        }
        report.add(timed.latencies)
        report.addSurroundings()
        try report.show(json: printing.json)
        guard timed.outcome.trouble.isEmpty else { throw Failure(.general, timed.outcome.trouble) }
    }

    /// Frames a second that go through, found in a few seconds.
    private func throughput(_ pictures: Pictures, _ stop: StopSignal) throws -> Double {
        try stand.withStand { stand in
            var load = Load(
                on: stand,
                cameras: 2,
                workers: workers,
                pictures: pictures,
                acknowledgement: self.stand.noArchive ? .broker : .archive
            )
            for index in load.cameras.indices { load.cameras[index].time = .seconds(3) }
            let outcome = try load.run(stop: stop, logger: printing.logger)
            guard outcome.trouble.isEmpty else { throw Failure(.general, outcome.trouble) }
            return outcome.framesPerSecond
        }
    }
}

/// Cameras with a rate, whose results are timed.
struct TimedLoad {
    let outcome: Load.Outcome
    let latencies: Latencies
    /// Frames that were replayed until the last live one was done.
    var replayed = 0

    /// Frames that the broker is to hold for the group: a fifth of a second's, or what it holds anyway.
    static func queueFrames(_ cameras: Int, _ rate: Double) -> Int {
        max(Load.queueFrames, Int(Double(cameras) * rate / 5))
    }

    /// Runs one on a stand of its own.
    static func run(
        _ options: StandOptions,
        cameras: Int,
        workers: Int,
        rate: Double,
        time: Duration,
        besideReplay: Int = 0,
        pictures: Pictures,
        stop: StopSignal,
        logger: Logger
    ) throws -> TimedLoad {
        try options.withStand {
            $0.queueFrames = queueFrames(cameras, rate)
        } _: { stand in
            var load = Load(
                on: stand,
                cameras: cameras,
                workers: workers,
                pictures: pictures,
                acknowledgement: options.noArchive ? .broker : .archive
            )
            load.setRate(rate)
            for index in load.cameras.indices { load.cameras[index].time = time }
            let replay =
                besideReplay == 0
                ? nil
                : try BesideReplay(of: besideReplay, time, on: stand, pictures, stop, logger)
            let beginning = SharedBeginning()
            let listener = try Listener(
                stand.events,
                capturedAt: load.captureTimes { beginning.value }
            )
            let outcome = try load.run(stop: stop, logger: logger) { beginning.value = $0 }
            // The broker publishes results before it acknowledges what comes after them.
            try listener.finish(after: outcome.work.frames, patience: .seconds(5))
            let replayed = try replay?.end() ?? 0
            return TimedLoad(
                outcome: outcome,
                latencies: Latencies(listener.soFar.latencies),
                replayed: replayed
            )
        }
    }
}

/// The beginning of a load, for who listens meanwhile.
final class SharedBeginning: Sendable {
    private let box = Mutex<Gate.Beginning?>(nil)

    /// The moment, once it is known.
    var value: Gate.Beginning? {
        get { box.withLock { $0 } }
        set { box.withLock { $0 = newValue } }
    }
}

/// A replay at `max` beside another load.
private final class BesideReplay {
    private final class Done: Sendable {
        let frames = Mutex(0)
    }

    private let done = Done()
    private let thread: ServiceThread

    /// Archives `count` frames, and begins to replay them, for `time` at most.
    init(
        of count: Int,
        _ time: Duration,
        on stand: Stand,
        _ pictures: Pictures,
        _ stop: StopSignal,
        _ logger: Logger
    ) throws {
        let recording = Load.recording(count, on: stand, cameras: 2, pictures)
        let archived = try recording.run(stop: stop, logger: logger)
        guard archived.trouble.isEmpty else { throw Failure(.general, archived.trouble) }
        var playing = Load.playing(on: stand, workers: 2, pictures)
        playing.time = time
        let (load, done) = (playing, done)
        thread = try ServiceThread("replay") {
            let played = try load.run(stop: stop, logger: logger)
            done.frames.withLock { $0 = played.work.frames }
        }
        try stand.startReplay()
    }

    /// Waits until its time is over; returns how many frames were replayed.
    func end() throws -> Int {
        try thread.join()
        return done.frames.withLock { $0 }
    }
}
