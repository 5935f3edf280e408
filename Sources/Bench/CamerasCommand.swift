import ArgumentParser
import Service
import Wire

/// `bench cameras`: how many cameras this machine holds.
struct CamerasCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cameras",
        abstract: "Find the largest number of cameras that is held, with nothing shed.",
        discussion: """
            A number of cameras is held when in --time no frame was shed or lost, and the result of \
            99 of 100 frames was there within --within of its capture. Cameras and workers run on \
            this machine too; more than 16 cameras look after their connections once a frame. The \
            broker's queue holds a fifth of a second's frames, 256 at least.
            """
    )

    @Option(hinting: "Frames a second of each camera.")
    var fps = 15.0

    @Option(hinting: "How long each number is tried.")
    var time: Duration = .seconds(30)

    @Option(hinting: "How soon the result of 99 of 100 frames must be there.")
    var within: Duration = .milliseconds(100)

    @Option(hinting: "The number to try first.")
    var first = 100

    @Option(hinting: "The largest number to try.")
    var most = 2_000

    @Option(hinting: "Workers, all of one group.")
    var workers = 2

    @OptionGroup var stand: StandOptions
    @OptionGroup var pictures: PictureOptions
    @OptionGroup var printing: PrintOptions

    func validate() throws {
        guard fps > 0, fps.isFinite, (1...4_096).contains(first), (first...4_096).contains(most)
        else {
            throw ValidationError("it takes --fps above 0, and 1 to 4,096 cameras to try")
        }
    }

    func run() throws {
        let stop = try StopSignal()
        Program.allowManyConnections()
        let pictures = try pictures.load()
        var search = LargestHeld(first: first, most: most)
        var best: TimedLoad?
        while let cameras = search.next, !stop.isRaised {
            let timed = try TimedLoad.run(
                stand,
                cameras: cameras,
                workers: workers,
                rate: fps,
                time: time,
                pictures: pictures,
                stop: stop,
                logger: printing.logger
            )
            let isHeld = isHeld(timed)
            search.note(cameras, isHeld: isHeld)
            if isHeld { best = timed }
            if !printing.json { print(line(cameras, timed, isHeld: isHeld)) }
        }
        try show(search.held, best, pictures)
    }

    private func isHeld(_ timed: TimedLoad) -> Bool {
        let outcome = timed.outcome
        return outcome.trouble.isEmpty && outcome.cameras.shed == 0
            && timed.latencies.count >= outcome.cameras.taken
            && Int64(clamping: timed.latencies.value("p99")) <= Int64(within / .nanoseconds(1))
    }

    private func line(_ cameras: Int, _ timed: TimedLoad, isHeld: Bool) -> String {
        let p99 = Readable.duration(.nanoseconds(Int64(clamping: timed.latencies.value("p99"))))
        let trouble = timed.outcome.trouble.isEmpty ? "" : ", \(timed.outcome.trouble)"
        return "\(cameras) cameras: \(isHeld ? "held" : "not held"), p99 \(p99), "
            + "\(Readable.count(timed.outcome.cameras.shed)) shed\(trouble)"
    }

    private func show(_ held: Int, _ best: TimedLoad?, _ pictures: Pictures) throws {
        var report = Report()
        report.add("cameras", "cameras held", held)
        report.add("fps", "frames/s of each", .number(fps), Readable.threeDigits(fps))
        report.add("size", "bytes a frame", pictures.byteCount)
        report.add("workers", "workers", workers)
        report.add("stand", "archive", stand.words)
        report.add("queue_frames", "frames in the queue at most", TimedLoad.queueFrames(held, fps))
        if let best { report.add(best.latencies) }
        report.addSurroundings()
        try report.show(json: printing.json)
    }
}
