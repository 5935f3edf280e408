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

    @Flag(
        help: .setting(
            "Have peers of this host send payloads through their connections too, as others do.",
            "no-shared-memory"
        )
    )
    var noSharedMemory: Bool = Setting.flag("no-shared-memory")

    @OptionGroup var common: CommonOptions

    mutating func validate() throws {
        guard payloadBudget >= .mebibytes(16) else {
            throw ValidationError("--payload-budget must be at least 16MiB")
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
        let endpoints = BrokerLoop.Endpoints(ingest: ingest, work: work, events: events)
        let logger = common.logger("broker")
        let loop = try BrokerLoop(
            endpoints,
            settings: settings,
            sharesMemory: !noSharedMemory,
            stop: stop,
            logger: logger
        )
        try loop.run()
    }
}
