import ArgumentParser
import Logging
import Routing
import Service

/// `broker serve`: runs the broker until it is told to stop.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the broker until SIGINT or SIGTERM (what broker does when nothing is said)."
    )

    @Option(help: .setting("Where cameras connect.", "ingest", valueName: "endpoint"))
    var ingest: String = Setting.value("ingest", default: "tcp://*:5550")

    @Option(help: .setting("Where workers and the archive connect.", "work", valueName: "endpoint"))
    var work: String = Setting.value("work", default: "tcp://*:5551")

    @Option(
        help: .setting("Where results and status are published.", "events", valueName: "endpoint")
    )
    var events: String = Setting.value("events", default: "tcp://*:5552")

    @Option(
        hinting: .setting(
            "Frames in memory, in bytes, at most.",
            "payload-budget",
            valueName: "size"
        )
    )
    var payloadBudget: ByteCount = Setting.value("payload-budget", default: .gibibytes(1))

    @Option(
        hinting: .setting(
            "How long a worker may take for one frame before another one gets it.",
            "lease-deadline",
            valueName: "time"
        )
    )
    var leaseDeadline: Duration = Setting.value("lease-deadline", default: .seconds(30))

    @Option(
        hinting: .setting(
            "Frames that a queue group holds at most before it sheds the oldest.",
            "queue-frames",
            valueName: "count"
        )
    )
    var queueFrames: Int = Setting.value("queue-frames", default: 256)

    @Option(
        help: .setting(
            "The same in bytes; default: 64MiB, or a 16th of the payload budget if that is less.",
            "queue-bytes",
            valueName: "size"
        )
    )
    var queueBytes: ByteCount?

    @Flag(
        help: .setting(
            "Have peers of this host send payloads through their connections too, as others do.",
            "no-shared-memory"
        )
    )
    var noSharedMemory: Bool = Setting.flag("no-shared-memory")

    @OptionGroup var common: CommonOptions

    mutating func validate() throws {
        queueBytes = queueBytes ?? Setting.optional("queue-bytes")
        guard payloadBudget >= .mebibytes(16) else {
            throw ValidationError("--payload-budget must be at least 16MiB")
        }
        guard (1...1_000_000).contains(queueFrames) else {
            throw ValidationError("--queue-frames goes from 1 to 1,000,000")
        }
        guard queueBytes.map({ $0 >= .mebibytes(1) && $0 <= payloadBudget }) ?? true else {
            throw ValidationError("--queue-bytes goes from 1MiB to --payload-budget")
        }
        guard (.seconds(1) ... .seconds(86_400)).contains(leaseDeadline) else {
            throw ValidationError("--lease-deadline goes from 1s to 24h")
        }
    }

    func run() throws {
        Program.allowManyConnections()
        let stop = try StopSignal()
        var settings = Settings(payloadBudget: payloadBudget.bytes)
        settings.leaseDeadline = leaseDeadline
        settings.queueFrames = queueFrames
        if let queueBytes { settings.queueBytes = queueBytes.bytes }
        let endpoints = Sockets.Endpoints(ingest: ingest, work: work, events: events)
        let logger = common.logger("broker")
        var loop = BrokerLoop(
            try Sockets(endpoints, credit: settings.creditFrames, logger: logger),
            settings: settings,
            sharesMemory: !noSharedMemory,
            stop: stop,
            logger: logger
        )
        try loop.run()
    }
}
