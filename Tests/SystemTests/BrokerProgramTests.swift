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

    @Test func statusShowsStreamsGroupsLedgerAndWorkers() async throws {
        try await System.run { system in
            try system.startBroker()
            try await system.startWorker("look", policy: "queue").says("connected")
            try system.startCamera(frames: 100_000, perSecond: 50, ["--acks", "none"])
            try await system.until("frames are worked on") {
                try await system.status().groups.contains { $0.completed > 10 }
            }
            let status = try await system.command("broker", ["status", "--events", system.events])
            #expect(status.exitCode == 0)
            for header in ["zoetrope  up", "STREAM  ", "GROUP  ", "LEDGER  ", "WORKER  "] {
                #expect(status.output.count { $0.hasPrefix(header) } == 1, "\(status.output)")
            }
            // In the ledger's row, too, one sees that nothing is missing.
            let ledger = try #require(
                status.output.drop { !$0.hasPrefix("LEDGER") }.dropFirst().first
            )
            let numbers = ledger.split(separator: " ").compactMap {
                Int($0.replacing(",", with: ""))
            }
            #expect(numbers.count == 6)
            #expect(numbers.first == numbers.dropFirst().reduce(0, +), "\(ledger)")
            // A rate takes two looks.
            let stream = try #require(status.output.first { $0.hasPrefix("test ") })
            #expect(stream.split(separator: " ")[1] != "-", "\(stream)")
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
