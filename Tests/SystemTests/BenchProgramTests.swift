import Foundation
import TestSupport
import Testing

/// `bench`: that each of its commands measures what it says, at a small scale.
@Suite(.lastWords)
struct BenchProgramTests {
    /// Runs `bench` with `--json`; gives what it prints.
    private func bench(_ system: System, _ arguments: String...) async throws -> [String: Any] {
        let ended = try await system.command(
            "bench",
            arguments + ["--json", "--log-level", "error"]
        )
        #expect(ended.exitCode == 0, "\(ended.log)")
        let line = try #require(ended.output.last)
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
        return try #require(object as? [String: Any])
    }

    @Test(arguments: ["tcp", "ipc"])
    func everyFrameGoesAllTheWay(transport: String) async throws {
        try await System.run { system in
            let place = ["--dir", system.directory.path]
            let report = try await bench(
                system,
                "endtoend",
                "--frames",
                "300",
                "--size",
                "5000",
                "--detections",
                "2",
                "--transport",
                transport,
                place[0],
                place[1]
            )
            #expect(report["frames"] as? Int == 300)
            #expect(report["size"] as? Int == 5_000)
            #expect(report["transport"] as? String == transport)
            #expect(report["sync"] as? String == "full")
            #expect((report["frames_per_second"] as? Double ?? 0) > 0)
            #expect(try #require(report["catalog_seconds_behind"] as? Double) < 60)
            #expect((report["machine"] as? String)?.contains("Linux") == true)
            // The stand is gone.
            let left = try FileManager.default.contentsOfDirectory(atPath: system.directory.path)
            #expect(!left.contains { $0.hasPrefix("zoetrope-bench") })
        }
    }

    @Test func everyFrameIsTimedFromItsCaptureToItsResult() async throws {
        try await System.run { system in
            let report = try await bench(
                system,
                "latency",
                "--rate",
                "50",
                "--time",
                "2s",
                "--cameras",
                "5",
                "--dir",
                system.directory.path
            )
            #expect(report["frames"] as? Int == 100)
            #expect(report["latency_count"] as? Int == 100)
            let (middle, most) = (report["latency_p50_ms"], report["latency_most_ms"])
            #expect((middle as? Double ?? 0) > 0)
            #expect(try #require(most as? Double) >= #require(middle as? Double))
        }
    }

    @Test func theLargestNumberOfCamerasIsFound() async throws {
        try await System.run { system in
            let report = try await bench(
                system,
                "cameras",
                "--fps",
                "5",
                "--time",
                "1s",
                "--within",
                "20s",
                "--first",
                "1",
                "--most",
                "2",
                "--dir",
                system.directory.path
            )
            #expect(report["cameras"] as? Int == 2)
        }
    }

    @Test func anOverloadEndsWithEveryFrameDoneOnce() async throws {
        try await System.run { system in
            let report = try await bench(
                system,
                "overload",
                "--rate",
                "100",
                "--time",
                "2s",
                "--helpers",
                "5",
                "--size",
                "2000",
                "--dir",
                system.directory.path
            )
            #expect(report["frames"] as? Int == 200)
            #expect(report["done"] as? Int == 200)
            #expect(report["again"] as? Int == 0)
        }
    }

    @Test func aReplayGoesThroughAnotherGroup() async throws {
        try await System.run { system in
            let report = try await bench(
                system,
                "replay",
                "--frames",
                "200",
                "--size",
                "2000",
                "--dir",
                system.directory.path
            )
            #expect(report["frames"] as? Int == 200)
            #expect((report["frames_per_second"] as? Double ?? 0) > 0)
        }
    }

    @Test func camerasAndWorkersLoadABrokerThatIsThere() async throws {
        try await System.run { system in
            try system.startBroker()
            try system.startArchive()
            let consuming = try system.start(
                "bench",
                ["consume", "--broker", system.work, "--policy", "durable", "--json"]
            )
            try await system.waitFor(1, "SELECT COUNT(*) FROM groups WHERE group_name = 'bench'")
            let report = try await bench(
                system,
                "produce",
                "--broker",
                system.ingest,
                "--cameras",
                "3",
                "--count",
                "40",
                "--size",
                "1000"
            )
            #expect(report["delivered"] as? Int == 120)
            #expect(report["given_up"] as? Int == 0)
            try await system.waitFor(120, "SELECT COUNT(*) FROM results")
            consuming.send(SIGINT)
            try await consuming.says("\"frames\":120")
            #expect(try await consuming.ended().exitCode == 0)
        }
    }

    @Test func aPolicyThatLetsGoOfFramesIsRefused() async throws {
        try await System.run { system in
            let ended = try await system.command(
                "bench",
                ["endtoend", "--no-archive", "--policy", "latest"]
            )
            #expect(ended.exitCode == 64)
        }
    }
}
