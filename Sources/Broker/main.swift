import ArgumentParser
import Service

Program.main(BrokerCommand.self)

/// The root command of `broker`.
struct BrokerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "broker",
        abstract: "Fans frames out from cameras to groups of workers, and keeps the archive fed.",
        discussion: """
            Cameras connect to --ingest, workers and the archive to --work, and whoever wants to \
            see results as they come subscribes to --events. Nothing else has to be set.
            """,
        version: Program.version,
        subcommands: [ServeCommand.self, StatusCommand.self, ViewCommand.self],
        defaultSubcommand: ServeCommand.self
    )
}
