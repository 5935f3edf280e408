import ArgumentParser
import Service

/// `bench`: how fast Zoetrope is on this machine.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure how much Zoetrope carries on this machine, and how quickly.",
        discussion: """
            endtoend, latency, cameras, overload and replay start a broker and an archive of their \
            own, in a directory that is deleted in the end, and need nothing else. produce and \
            consume load a broker that is there.

              bench endtoend
              bench latency --load 10
              bench produce --broker tcp://10.0.0.5:5550 --cameras 50 --fps 15
              bench consume --broker tcp://10.0.0.5:5551 --group bench --workers 4
            """,
        version: Program.version,
        subcommands: [
            EndToEndCommand.self, LatencyCommand.self, CamerasCommand.self, OverloadCommand.self,
            ReplayCommand.self, ProduceCommand.self, ConsumeCommand.self,
        ]
    )
}
