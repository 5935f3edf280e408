import TestSupport
import Testing

/// What the archive says of frames that are missing or were given up.
@Suite(.lastWords)
struct LossTests {
    @Test func framesThatNobodyKeptAreOneGapWithItsReason() async throws {
        try await System.run { system in
            try system.startBroker()
            let camera = try system.startCamera(frames: 20, perSecond: 200, ["--acks", "broker"])
            #expect(try await camera.ended().exitCode == 0)
            try system.startArchive()
            try await system.waitFor(20, "SELECT SUM(frames) FROM gaps")
            let gaps = try await system.command("archive", ["gaps", "--data", system.data])
            #expect(gaps.exitCode == 0)
            #expect(gaps.output.contains { $0.contains("archive away") })
            #expect(gaps.output.count { $0.contains("test") } == 1)
            let other = ["gaps", "--data", system.data, "--stream", "none*"]
            let none = try await system.command("archive", other)
            #expect(none.exitCode != 0)
            #expect(none.log.contains { $0.contains("none*") })
        }
    }

    @Test func anArchiveWithoutDeadLettersSaysSo() async throws {
        try await System.run { system in
            try system.startBroker()
            try system.startArchive()
            try await system.waitFor(0, "SELECT COUNT(*) FROM gaps")
            let list = ["dead-letters", "list", "--data", system.data, "--group", "look"]
            let none = try await system.command("archive", list)
            #expect(none.exitCode == 0)
            #expect((none.output + none.log).contains { $0.contains("no frame was given up") })
        }
    }
}
