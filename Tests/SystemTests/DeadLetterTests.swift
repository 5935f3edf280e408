import Foundation
import TestSupport
import Testing
import Wire

/// Frames that a group has given up on: looked at, and tried again.
@Suite(.lastWords)
struct DeadLetterTests {
    @Test func aDeadLetterIsShownWithItsFrameAndEverythingKnownOfIt() async throws {
        try await withDeadLetters { system in
            let letters = try await list(in: system)
            #expect(letters.map { $0["sequence"] } == [.number(0), .number(2)])
            #expect(letters.allSatisfy { $0["completed_by_run"] == .null })
            guard case .text(let reason)? = letters[0]["reason"] else {
                throw Missing(what: "the reason")
            }
            let others = try await system.command(
                "archive",
                ["dead-letters", "list"],
                environment: ["ZOETROPE_DATA": system.data, "ZOETROPE_GROUP": "other"]
            )
            #expect(others.output == ["no frame was given up"])
            let epoch = try await epoch(in: system)
            let file = system.directory.url.appending(path: "2.jpg")
            // As the list prints it, and as the broker logs it.
            for name in [["test", epoch, "2"], ["test@\(epoch)/2"]] {
                let show = try await deadLetters(
                    ["show", "--out", file.path] + name,
                    in: system
                )
                #expect(show.exitCode == 0, "\(show.log)")
                let text = show.output.joined(separator: "\n")
                for words in [
                    "test@\(epoch)/2", "jpeg, 160x120", "run look:0", "after 5 attempts: \(reason)",
                    "last worker: raw", "result      of no run",
                ] {
                    #expect(text.contains(words), "\(text)")
                }
            }
            let exported = system.directory.url.appending(path: "exported")
            let export = ["export", "--data", system.data, "--stream", "test"]
            _ = try await system.command("archive", export + ["--out", exported.path])
            let picture = exported.appending(path: "test/\(epoch)-000000002.jpg")
            #expect(try Data(contentsOf: file) == Data(contentsOf: picture))

            let json = try await deadLetters(["show", "--json", "test@\(epoch)/2"], in: system)
            let shown = try JSONDecoder().decode(
                Shown.self,
                from: Data(json.output.joined(separator: "\n").utf8)
            )
            #expect(shown.frame["format"] == .text("jpeg"))
            #expect(shown.dead_letters.map { $0["group"] } == [.text("look")])
            #expect(shown.results.isEmpty)

            try await deadLetters(["show", "test@\(epoch)/1"], in: system)
                .expectComplaint(1, ["test@\(epoch)/1", "dead-letters list"])
            // No archive need be running for that.
            try await system.running("archive").stop()
            let resting = try await deadLetters(["show", "test@\(epoch)/0"], in: system)
            #expect(resting.exitCode == 0, "\(resting.log)")
            #expect(resting.output.contains { $0.contains("jpeg, 160x120") })
        }
    }

    @Test func aRetryTakesTheDeadFramesAndNoOther() async throws {
        try await withDeadLetters { system in
            let retry = ["retry", "--group", "look"]
            let begun = try await deadLetters(retry + ["--detach"], in: system)
            #expect(begun.exitCode == 0, "\(begun.log)")
            #expect(begun.output.first?.contains("2 frames (dead letters of group look") == true)
            // They are under way, so that there is nothing more to retry.
            try await deadLetters(retry, in: system).expectComplaint(1, ["look", "--again"])
            try system.startWorker("look", policy: "queue")
            try await system.waitFor(2, "SELECT completed FROM runs WHERE run = 1")
            try await system.waitFor(2, "SELECT SUM(sequence) FROM results WHERE run = 1")
            let letters = try await list(in: system)
            #expect(letters.map { $0["completed_by_run"] } == [.number(1), .number(1)])
            let epoch = try await epoch(in: system)
            let show = try await deadLetters(["show", "test@\(epoch)/0"], in: system)
            #expect(show.output.contains { $0.contains("completed by run look:1") })

            // What a later run has completed is not retried, unless one asks for it.
            try await deadLetters(retry, in: system).expectComplaint(1, ["look", "--again"])
            let again = try await deadLetters(retry + ["--again", "--json"], in: system)
            #expect(again.exitCode == 0)
            #expect(again.output.last?.contains("\"state\":\"done\"") == true, "\(again.output)")
            try await system.waitFor(2, "SELECT COUNT(*) FROM results WHERE run = 2")
            let none = retry + ["--again", "--until", "2000-01-01"]
            try await deadLetters(none, in: system).expectComplaint(1, ["2000-01-01"])
            try await deadLetters(["retry", "--group", "other"], in: system)
                .expectComplaint(1, ["other"])
        }
    }

    // MARK: Parts

    private struct Shown: Decodable {
        var frame: [String: SQLValue]
        var dead_letters: [[String: SQLValue]]
        var results: [[String: SQLValue]]
    }

    /// Runs `body` in a system whose group `look` has given up the first and the last of three frames,
    /// and which has no worker.
    private func withDeadLetters(_ body: (System) async throws -> Void) async throws {
        try await System.run { system in
            try system.startBroker()
            try system.startArchive()
            var worker = try await newWorker(in: system)
            let camera = try system.startCamera(frames: 3, perSecond: 100)
            var deaths = 0
            while deaths < 10 {
                let lease = try await worker.nextLease()
                if lease.frame.sequence == 1 {
                    try worker.answer(lease)
                } else {
                    // What is no message costs a worker its life.
                    try worker.send(parts: [[0]])
                    deaths += 1
                    worker = try await newWorker(in: system)
                }
            }
            try worker.send(Goodbye(reason: "it is done"))
            #expect(try await camera.ended().exitCode == 0)
            try await system.waitFor(3, "SELECT COUNT(*) FROM frames")
            try await system.waitFor(2, "SELECT COUNT(*) FROM dead_letters")
            try await body(system)
        }
    }

    private func newWorker(in system: System) async throws -> RawPeer {
        let worker = try RawPeer(system.work)
        try worker.helloWorker("look", policy: .queue, frames: 1)
        _ = try await worker.next(Welcome.self)
        return worker
    }

    private func deadLetters(
        _ arguments: [String],
        in system: System
    ) async throws -> Finished {
        let data = ["--data", system.data]
        return try await system.command("archive", ["dead-letters"] + arguments + data)
    }

    private func list(in system: System) async throws -> [[String: SQLValue]] {
        let list = try await deadLetters(["list", "--stream", "t*", "--json"], in: system)
        #expect(list.exitCode == 0, "\(list.log)")
        let data = Data(list.output.joined(separator: "\n").utf8)
        return try JSONDecoder().decode([[String: SQLValue]].self, from: data)
            .sorted { "\($0["sequence"] ?? .null)" < "\($1["sequence"] ?? .null)" }
    }

    private func epoch(in system: System) async throws -> String {
        let rows = try await system.rows("SELECT CAST(MAX(epoch) AS TEXT) AS epoch FROM frames")
        guard case .text(let epoch)? = rows.first?["epoch"] else { throw Missing(what: "an epoch") }
        return epoch
    }
}
