import ArgumentParser
import Service
import Wire

/// `bench endtoend`: how many frames a second go all the way.
struct EndToEndCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "endtoend",
        abstract: "Send frames as fast as they are acknowledged, through everything.",
        discussion: """
            Cameras send to a broker, which gives each frame to one of the workers and to the \
            archive. The time runs from the first frame to the last acknowledgement or the last \
            frame done, whichever is later; each frame must have reached exactly one worker.
            """
    )

    @Option(hinting: "Frames in all.")
    var frames = 20_000

    @Option(hinting: "Cameras.")
    var cameras = 2

    @Option(hinting: "Workers, all of one group.")
    var workers = 2

    @Option(
        help: """
            Frames that a worker has in hand, 2 to 1,000; default: 32, and of small ones as many as make \
            1 MiB, up to 512.
            """
    )
    var credit: Int?

    @Option(help: "Frames a second of each camera; default: as fast as they are acknowledged.")
    var fps: Double?

    @Option(
        hinting: """
            Detections in each result; with some, how long the catalog takes to have the last of \
            them is told too.
            """
    )
    var detections = 0

    @Option(help: "How the group works: queue or durable.")
    var policy = PolicyName.queue

    @OptionGroup var stand: StandOptions
    @OptionGroup var pictures: PictureOptions
    @OptionGroup var printing: PrintOptions

    func validate() throws {
        guard frames >= 1, (1...4_096).contains(cameras), (0...1_024).contains(workers) else {
            throw ValidationError("it takes frames, 1 to 4,096 cameras and 0 to 1,024 workers")
        }
        guard (0...1_000).contains(detections), fps.map({ $0 > 0 && $0.isFinite }) ?? true else {
            throw ValidationError("it takes --fps above 0, and 0 to 1,000 --detections")
        }
        guard credit.map({ (2...1_000).contains($0) }) ?? true else {
            throw ValidationError("--credit is 2 to 1,000")
        }
        guard !stand.noArchive || policy != .durable else {
            throw ValidationError("--policy durable wants an archive: leave --no-archive out")
        }
        guard policy != .latest else {
            throw ValidationError("--policy latest does not do every frame: take queue or durable")
        }
    }

    func run() throws {
        let stop = try StopSignal()
        Program.allowManyConnections()
        let logger = printing.logger
        let pictures = try pictures.load()
        let (outcome, memory, time, behind) = try stand.withStand {
            $0.queueFrames = queueFrames(pictures)
        } _: { stand in
            var load = Load(
                on: stand,
                cameras: cameras,
                workers: workers,
                pictures: pictures,
                acknowledgement: self.stand.noArchive ? .broker : .archive
            )
            for index in load.cameras.indices {
                load.cameras[index].count = frames / cameras + (index < frames % cameras ? 1 : 0)
            }
            load.queueFrames = queueFrames(pictures)
            if let fps { load.setRate(fps) }
            for index in load.workers.indices {
                load.workers[index].detections = LoadWorker.detections(detections)
                load.workers[index].credit = credit(pictures)
                load.workers[index].group =
                    GroupDefinition(name: LoadName.group, policy: policy.wish)
            }
            let outcome = try load.run(stop: stop, logger: logger)
            guard outcome.trouble.isEmpty else { throw Failure(.general, outcome.trouble) }
            let time = stand.processorTime
            let hasCatalog = detections > 0 && !self.stand.noArchive
            let behind = hasCatalog ? try stand.waitForCatalog(stop) : nil
            return (outcome, stand.brokerPeakByteCount, time, behind)
        }
        try show(outcome, pictures, memory: memory, processorTime: time, catalogBehind: behind)
    }

    private func credit(_ pictures: Pictures) -> Int {
        credit ?? min(512, max(32, (1 << 20) / pictures.byteCount))
    }

    /// So many that each camera may have two under way, and no worker waits.
    private func queueFrames(_ pictures: Pictures) -> Int {
        max(Load.queueFrames, 3 * cameras, min(4_096, 8 * workers * credit(pictures)))
    }

    private func show(
        _ outcome: Load.Outcome,
        _ pictures: Pictures,
        memory: Int,
        processorTime: Duration,
        catalogBehind: Duration?
    ) throws {
        let rate = outcome.framesPerSecond
        let seconds = outcome.duration / .seconds(1)
        var report = Report()
        report.add("frames", "frames", outcome.cameras.delivered)
        report.add("size", "bytes a frame", pictures.byteCount)
        report.add("transport", "", stand.transport.rawValue)
        report.add("sync", "", stand.noArchive ? "off" : stand.sync.rawValue)
        report.add("cameras", "", cameras)
        report.add("workers", "", workers)
        report.add("policy", "", policy.rawValue)
        report.add("seconds", "", .number(seconds), "")
        report.add("frames_per_second", "", .number(rate), "")
        report.add("broker_peak_bytes", "", memory)
        report.add("processor_seconds", "", .number(processorTime / .seconds(1)), "")
        if let catalogBehind {
            report.add("detections", "detections a frame", detections)
            report.add("catalog_seconds_behind", "", .number(catalogBehind / .seconds(1)), "")
        }
        report.addSurroundings()
        guard !printing.json else { return try report.show(json: true) }
        let volume = Readable.bytes(Int(rate * Double(pictures.byteCount)))
        print(
            """
            \(Readable.count(Int(rate.rounded()))) frames/s (\(volume)/s): \
            \(Readable.count(outcome.cameras.delivered)) frames of \
            \(Readable.count(pictures.byteCount)) bytes in \
            \(Readable.duration(outcome.duration)), \(cameras) cameras, \(workers) workers, \
            \(stand.words); broker \(Readable.bytes(memory)) at most
            """
        )
        if let catalogBehind {
            print(
                """
                \(detections) detections a frame: the catalog had all of them within \
                \(Readable.duration(catalogBehind)) after the last frame
                """
            )
        }
        print("on \(Machine().description)")
    }
}
