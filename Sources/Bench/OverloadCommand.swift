import ArgumentParser
import Foundation
import Service
import Synchronization
import Wire

/// `bench overload`: what becomes of a load that is too much, and when it is gone.
struct OverloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "overload",
        abstract: "Load one slow worker of a durable group with far too much, then give it help.",
        discussion: """
            Prints once a second how many frames there are, how many of them the group has not done, \
            and what the broker holds. In the end each frame must be done exactly once.
            """
    )

    @Option(hinting: "Frames a second of all cameras together.")
    var rate = 500.0

    @Option(hinting: "How long.")
    var time: Duration = .seconds(30)

    @Option(hinting: "How long a worker takes for a frame.")
    var workTime: Duration = .milliseconds(20)

    @Option(hinting: "Workers that come to help when the cameras have ended.")
    var helpers = 20

    @Option(hinting: "Frames in the broker's memory, in bytes, at most.")
    var payloadBudget: ByteCount = .mebibytes(256)

    @OptionGroup var stand: StandOptions
    @OptionGroup var pictures: PictureOptions
    @OptionGroup var printing: PrintOptions

    func validate() throws {
        guard !stand.noArchive else { throw ValidationError("a durable group wants an archive") }
        guard rate > 0, rate.isFinite, (0...1_000).contains(helpers) else {
            throw ValidationError("it takes --rate above 0, and up to 1,000 helpers")
        }
    }

    func run() throws {
        let stop = try StopSignal()
        let pictures = try pictures.load()
        try stand.withStand({ $0.payloadBudget = payloadBudget }) { stand in
            try run(on: stand, pictures, stop)
        }
    }

    private func run(on stand: Stand, _ pictures: Pictures, _ stop: StopSignal) throws {
        let logger = printing.logger
        let group = GroupDefinition(name: LoadName.group, policy: .durable)
        var load = Load(
            on: stand,
            cameras: 5,
            workers: 1,
            pictures: pictures,
            acknowledgement: .archive
        )
        load.setRate(rate / 5)
        load.patience = .seconds(600)
        for index in load.cameras.indices { load.cameras[index].time = time }
        load.workers[0].group = group
        load.workers[0].workTime = workTime
        load.workers[0].credit = 2
        load.helpers = (1...max(1, helpers)).prefix(helpers).map { number in
            WorkerPlan(
                endpoint: stand.work,
                name: "helper-\(number)",
                group: group,
                workTime: workTime,
                credit: 2
            )
        }
        let curve = Curve(prints: !printing.json)
        let brokerMemory = stand.brokerMemory
        let listener = try Listener(
            stand.events,
            groupHeard: { (group: GroupStatus, broker: Status) in
                guard group.group.name == LoadName.group else { return }
                curve.note(group, broker, memory: brokerMemory())
            }
        )
        let outcome = try load.run(stop: stop, logger: logger)
        try listener.close()
        var report = Report()
        report.add("frames", "frames", outcome.cameras.taken)
        report.add("size", "bytes a frame", pictures.byteCount)
        report.add("done", "done", outcome.work.frames)
        report.add("again", "done again", outcome.work.again)
        report.add("shed", "shed", outcome.cameras.shed)
        report.add(
            "seconds",
            "lag is 0 after",
            .number(outcome.duration / .seconds(1)),
            Readable.duration(outcome.duration)
        )
        report.add("largest_lag", "largest lag", curve.points.map(\.lag).max() ?? 0)
        let memory = stand.brokerPeakByteCount
        report.add("broker_peak_bytes", "broker's memory", .count(memory), Readable.bytes(memory))
        report.add(
            "payload_budget",
            "its budget",
            .count(payloadBudget.bytes),
            payloadBudget.defaultValueDescription
        )
        report.addSurroundings()
        try report.show(json: printing.json)
        guard outcome.trouble.isEmpty else { throw Failure(.general, outcome.trouble) }
    }
}

/// How a group falls behind and catches up: what the broker says of it once a second.
final class Curve: Sendable {
    /// One second of it.
    struct Point {
        let frames: Int
        let lag: Int
    }

    private let seen = Mutex<[Point]>([])
    private let start = ContinuousClock.now
    private let prints: Bool

    /// - Parameter prints: Whether each second is printed as it comes.
    init(prints: Bool) {
        self.prints = prints
        if prints { print(Self.line(["second", "frames", "lag", "payloads", "broker"])) }
    }

    /// What was seen.
    var points: [Point] { seen.withLock { $0 } }

    /// Notes how the group is.
    func note(_ group: GroupStatus, _ broker: Status, memory: Int) {
        let point = Point(frames: Int(group.published), lag: Int(group.pending))
        seen.withLock { $0.append(point) }
        guard prints else { return }
        print(
            Self.line([
                "\(Int((ContinuousClock.now - start) / .seconds(1)))",
                Readable.count(point.frames), Readable.count(point.lag),
                Readable.bytes(Int(broker.payloadBytes)), Readable.bytes(memory),
            ])
        )
    }

    private static func line(_ columns: [String]) -> String {
        columns.map { String(repeating: " ", count: max(0, 10 - $0.count)) + $0 }.joined()
    }
}
