import ArgumentParser
import Service
import Wire

/// `bench consume`: workers for a broker that is there.
struct ConsumeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "consume",
        abstract: "Take the frames of a group as workers do, until Ctrl-C or --time."
    )

    @Option(help: .setting("Where the broker takes workers.", "broker", valueName: "endpoint"))
    var broker = Setting.value("broker", default: "tcp://127.0.0.1:5551")

    @Option(help: .setting("The group to join: 1 to 64 of a-z 0-9 . - _", "group"))
    var group = Setting.value("group", default: LoadName.group)

    @Option(help: "When the group cannot keep up: latest, queue or durable.")
    var policy = PolicyName.queue

    @Option(help: "Patterns of the streams to see; default: all.")
    var streams: [String] = ["*"]

    @Option(hinting: "Workers.")
    var workers = 2

    @Option(hinting: "How long each frame takes.")
    var workTime: Duration = .zero

    @Option(hinting: "Frames that a worker has in hand.")
    var credit = 32

    @Option(hinting: "How long; default: no end.")
    var time: Duration?

    @OptionGroup var printing: PrintOptions

    func validate() throws {
        guard Names.isValidGroup(group) else {
            throw ValidationError("--group is '\(group)'; a name is 1 to 64 of a-z 0-9 . - _")
        }
        guard (1...1_024).contains(workers), (2...1_000).contains(credit) else {
            throw ValidationError("it takes 1 to 1,024 workers and --credit 2 to 1,000")
        }
    }

    func run() throws {
        let stop = try StopSignal()
        Program.allowManyConnections()
        var load = Load()
        load.time = time
        load.workers = (1...workers).map { number in
            WorkerPlan(
                endpoint: broker,
                name: "\(ProcessName.make())-\(number)",
                group: GroupDefinition(name: group, patterns: streams, policy: policy.wish),
                workTime: workTime,
                credit: credit
            )
        }
        let outcome = try load.run(stop: stop, logger: printing.logger)
        var report = Report()
        report.add("group", "group", group)
        report.add("workers", "workers", workers)
        report.add("frames", "frames done", outcome.work.frames)
        report.add("again", "of them again", outcome.work.again)
        report.add("damaged", "damaged", outcome.work.damaged)
        let bytes = outcome.work.frames > 0 ? outcome.work.bytes / outcome.work.frames : 0
        report.addRate(outcome.duration, outcome.framesPerSecond, bytes: bytes)
        report.addSurroundings()
        try report.show(json: printing.json)
    }
}

/// `--policy`.
enum PolicyName: String, CaseIterable, ExpressibleByArgument {
    case latest, queue, durable

    var wish: GroupDefinition.Policy {
        switch self {
        case .latest: .latest
        case .queue: .queue
        case .durable: .durable
        }
    }
}
