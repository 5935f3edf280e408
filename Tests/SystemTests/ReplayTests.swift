import Foundation
import TestSupport
import Testing

/// Archived frames go through a group a second time.
@Suite(.lastWords)
struct ReplayTests {
    @Test func aReplayGivesEachFrameOneResultUnderARunOfItsOwn() async throws {
        try await withRecording(frames: 100, perSecond: 100) { system in
            try await system.startWorker("second", policy: "queue").says("connected")
            let output = try await replay(in: system, [])
            #expect(!output.isEmpty)
            try await system.waitFor(
                100,
                "SELECT COUNT(*) FROM results WHERE group_name = 'second'"
            )
            try await system.waitFor(100, "SELECT COUNT(*) FROM results WHERE run = 1")
            try await system.waitFor(
                1,
                "SELECT COUNT(*) FROM runs WHERE group_name = 'second' AND run = 1 AND frames = 100"
            )
            // Once more is one run more.
            _ = try await replay(in: system, [])
            try await system.waitFor(100, "SELECT COUNT(*) FROM results WHERE run = 2")
            try await system.waitFor(100, "SELECT COUNT(*) FROM results WHERE run = 1")
        }
    }

    @Test func aReplayIntoADurableGroupLeavesItsLiveRunAlone() async throws {
        try await withRecording(frames: 50, perSecond: 100) { system in
            try await system.startWorker("second", policy: "durable").says("connected")
            let camera = try system.startCamera(frames: 50, perSecond: 25)
            _ = try await replay(in: system, ["--until", "2000-01-01"], exitCode: nil)
            _ = try await replay(in: system, [])
            #expect(try await camera.ended().exitCode == 0)
            try await system.waitFor(50, "SELECT COUNT(*) FROM results WHERE run = 0")
        }
    }

    @Test(arguments: [(pace: "1", seconds: 1.9), (pace: "2", seconds: 0.95)])
    func aPacedReplayTakesItsTime(pace: String, seconds: Double) async throws {
        try await withRecording(frames: 61, perSecond: 30) { system in
            try await system.startWorker("second", policy: "queue").says("connected")
            let start = ContinuousClock.now
            _ = try await replay(in: system, ["--pace", pace])
            let taken = ContinuousClock.now - start
            #expect(taken >= .seconds(seconds))
            try await system.waitFor(61, "SELECT COUNT(*) FROM results WHERE run = 1")
        }
    }

    @Test func aReplayIsPausedOverTheKillOfTheArchiveAndGoesOnWhereItWas() async throws {
        try await withRecording(frames: 100, perSecond: 100) { system in
            try await system.startWorker("second", policy: "queue").says("connected")
            // At this rate it would take 20 seconds.
            let arguments = replayArguments(system, ["--rate", "5", "--detach"])
            _ = try await system.command("archive", arguments).checkedOutput(#_sourceLocation)
            func jobs(_ arguments: [String]) async throws -> String {
                try await system.command("archive", ["jobs"] + arguments + ["--data", system.data])
                    .checkedOutput(#_sourceLocation)
            }
            try await system.until("results of the replay are there") {
                try await system.number("SELECT COUNT(*) FROM results") > 2
            }
            #expect(try await jobs(["pause", "1"]).hasPrefix("replay 1 is paused, with "))
            try await system.running("archive").kill()
            try await system.startArchive().says("connected")
            #expect(try await jobs([]).contains("paused"))
            #expect(try await system.number("SELECT COUNT(*) FROM results") < 100)
            #expect(try await jobs(["resume", "1"]).hasPrefix("replay 1 is running, with "))
            #expect(try await jobs(["cancel", "1"]).hasPrefix("replay 1 was cancelled with "))
            // What is over cannot go on.
            let refused = try await system.command(
                "archive",
                ["jobs", "resume", "1", "--data", system.data]
            )
            #expect(refused.exitCode == 1)
            #expect(refused.log.last?.contains("nothing to resume") == true, "\(refused.log)")
        }
    }

    @Test func aReplayOfAStretchTakesItsFramesOnly() async throws {
        try await withRecording(frames: 60, perSecond: 60) { system in
            try await system.startWorker("second", policy: "queue").says("connected")
            let rows = try await system.rows(
                "SELECT MAX(CASE sequence WHEN 20 THEN captured_at END) AS since, "
                    + "MAX(CASE sequence WHEN 30 THEN captured_at END) AS until FROM frames"
            )
            guard case .text(let since)? = rows.first?["since"],
                case .text(let until)? = rows.first?["until"]
            else { throw Missing(what: "the times of two frames") }
            _ = try await replay(in: system, ["--since", since, "--until", until])
            try await system.waitFor(10, "SELECT COUNT(*) FROM results WHERE run = 1")
            try await system.waitFor(20, "SELECT MIN(sequence) FROM results")
        }
    }

    @Test(arguments: ["worker", "broker", "archive"])
    func aReplayGoesOnAfterTheKill(of victim: String) async throws {
        try await withRecording(frames: 300, perSecond: 150) { system in
            try await system.startWorker("second", policy: "queue").says("connected")
            // At this pace it takes four seconds.
            let arguments = replayArguments(system, ["--pace", "0.5"])
            let replay = try system.start("archive", arguments, name: "replay")
            try await system.until("results of the replay are there") {
                try await system.number("SELECT COUNT(*) FROM results") > 10
            }
            try await system.running(victim).kill()
            switch victim {
            case "worker": try system.startWorker("second", policy: "queue")
            case "broker": try system.startBroker()
            default: try system.startArchive()
            }
            #expect(try await replay.ended().exitCode == 0)
            try await system.waitFor(300, "SELECT COUNT(*) FROM results WHERE run = 1")
        }
    }

    /// Runs `body` in a system that has archived frames of the stream `test`, without a group.
    private func withRecording(
        frames: Int,
        perSecond: Int,
        _ body: (System) async throws -> Void
    ) async throws {
        try await System.run { system in
            try system.startBroker()
            try system.startArchive()
            let camera = try system.startCamera(frames: frames, perSecond: perSecond)
            #expect(try await camera.ended().exitCode == 0)
            try await system.waitFor(frames, "SELECT COUNT(*) FROM frames")
            try await body(system)
        }
    }

    private func replayArguments(_ system: System, _ more: [String]) -> [String] {
        ["replay", "--data", system.data, "--stream", "test", "--group", "second"] + more
    }

    /// Replays to the end and returns what was printed.
    private func replay(
        in system: System,
        _ more: [String],
        exitCode: Int32? = 0,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> [String] {
        let result = try await system.command(
            "archive",
            replayArguments(system, more),
            sourceLocation: sourceLocation
        )
        if let exitCode {
            let log = result.log.joined(separator: "\n")
            #expect(result.exitCode == exitCode, "\(log)", sourceLocation: sourceLocation)
        }
        return result.output + result.log
    }
}
