import Foundation
import Glibc
import TestSupport
import Testing

/// The program `broker` on its own.
@Suite(.lastWords)
struct BrokerProgramTests {
    @Test(arguments: [SIGTERM, SIGINT])
    func aSignalEndsIt(signal: Int32) async throws {
        try await System.run { system in
            let broker = try system.startBroker()
            try await broker.says("cameras:")
            try await broker.stop(signal)
        }
    }

    @Test func aPortInUseIsNamed() async throws {
        try await System.run { system in
            try await system.startBroker().says("cameras:")
            let second = try await system.command("broker", system.brokerArguments)
            #expect(second.exitCode == 1)
            #expect(
                second.complaint
                    == "cannot listen for cameras on \(system.ingest): another program "
                    + "uses it: stop that one, or choose another --ingest"
            )
        }
    }

    @Test func anAddressThatIsNotOfThisMachineIsNamed() async throws {
        try await System.run { system in
            let broker = try await system.command(
                "broker",
                system.brokerArguments + ["--work", "tcp://192.0.2.1:15551"]
            )
            broker.expectComplaint(1, ["tcp://192.0.2.1:15551", "--work"])
        }
    }

    @Test func statusGivesUpWhenNoBrokerIsThere() async throws {
        try await System.run { system in
            let status = try await system.command(
                "broker",
                ["status", "--events", system.events, "--connect-timeout", "300ms"]
            )
            #expect(status.exitCode == 69)
            #expect(
                status.complaint == "no broker has published on \(system.events) within 300 ms: "
                    + "is it running?"
            )
        }
    }

    @Test func statusSaysWhatIsThere() async throws {
        try await System.run { system in
            try system.startBroker()
            let status = try await system.status()
            #expect(!status.hasArchive)
            #expect(status.streams.isEmpty)
            #expect(status.groups.isEmpty)
        }
    }

    @Test func statusWatchEndsAtASignal() async throws {
        try await System.run { system in
            try system.startBroker()
            try system.startCamera(frames: 10_000, perSecond: 10, ["--acks", "none"])
            let watch = try system.start(
                "broker",
                ["status", "--watch", "--events", system.events]
            )
            #expect(await watch.wait(for: System.patience) { !$0.output.isEmpty })
            try await watch.stop(SIGINT)
        }
    }
}
