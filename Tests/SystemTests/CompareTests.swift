import Foundation
import TestSupport
import Testing
import Wire

/// What a new model changed, asked of a real archive with a live run and a replay.
@Suite(.lastWords)
struct CompareTests {
    /// A part of what `archive compare --json` prints.
    private struct Report: Decodable {
        struct Tally: Decodable, Equatable {
            var stream: String?
            var label: String?
            var frames: Int
            var differing: Int
            var before: Int
            var after: Int
            var same: Int
            var gained: Int
            var lost: Int
            var shift: Double?
        }
        struct Frame: Decodable {
            var sequence: Int
            var difference: Double
            var file: String?
        }
        var before: String
        var after: String
        var total: Tally
        var hours: [Tally]
        var labels: [Tally]
        var frames: [Frame]
    }

    @Test func aReplayIsComparedWithTheLiveRun() async throws {
        try await withTwoRuns { system, pictures in
            func compare(_ more: [String]) async throws -> Finished {
                let arguments = ["compare", "--data", system.data, "look:0", "look:1"]
                let result = try await system.command("archive", arguments + more)
                #expect(result.exitCode == 0, "\(result.log)")
                return result
            }
            func report(_ more: [String]) async throws -> Report {
                let text = try await compare(more + ["--json"]).output.joined(separator: "\n")
                return try JSONDecoder().decode(Report.self, from: Data(text.utf8))
            }
            let whole = try await report([])
            #expect((whole.before, whole.after) == ("look:0", "look:1"))
            let expected = Report.Tally(
                frames: 6,
                differing: 2,
                before: 9,
                after: 9,
                same: 8,
                gained: 1,
                lost: 1,
                shift: 0.125
            )
            #expect(whole.total == expected)
            #expect(whole.hours.map(\.stream) == ["lobby/left"])
            #expect(whole.labels.map(\.label) == ["person"])
            #expect(whole.frames.map(\.sequence) == [5, 0, 2, 3, 4, 1])
            #expect(whole.frames.map(\.difference) == [1.125, 1, 0.25, 0.25, 0.25, 0.125])
            // Only the second detection of a frame was this sure before.
            #expect(try await report(["--min-score", "0.75"]).total.before == 4)
            #expect(try await report(["--label", "cat"]).total.before == 0)
            #expect(try await report(["--until", "2000-01-01"]).total.frames == 0)

            let table = try await compare(["--limit", "1"]).output
            #expect(table.first == "look:0 before, look:1 after, on 6 frames of both")
            #expect(table.contains("counts differ on 2 of them (33 %)"))
            #expect(table.contains("scores of the same have shifted by +0.125 on average"))

            let out = system.directory.url.appending(path: "changed")
            let printed = try await report(["--limit", "2", "--export", out.path])
            #expect(printed.frames.count == 2)
            let gallery = try String(
                contentsOf: out.appending(path: "index.html"),
                encoding: .utf8
            )
            // Both boxes of what is the same, and what is lost and gained.
            #expect(gallery.matches(of: /<rect x/).count == 4)
            #expect(gallery.contains("− person") && gallery.contains("+ person"))
            let lines = try String(
                contentsOf: out.appending(path: "manifest.jsonl"),
                encoding: .utf8
            ).split(separator: "\n")
            let frames = try lines.map {
                try JSONDecoder().decode(Report.Frame.self, from: Data($0.utf8))
            }
            #expect(frames.map(\.sequence) == [5, 0])
            for frame in frames {
                let file = try Data(contentsOf: out.appending(path: frame.file ?? ""))
                #expect(file == pictures.files[frame.sequence])
            }

            func fail(_ arguments: [String], _ code: Int32, _ words: [String]) async throws {
                let start = ["compare", "--data", system.data]
                try await system.command("archive", start + arguments).expectComplaint(code, words)
            }
            try await fail(["look:0", "look:7"], 1, ["no run look:7", "look:0, look:1"])
            try await fail(["look:0", "1"], 64, ["GROUP:NUMBER", "faces:1"])
            try await fail(["look:0", "look"], 64, ["'look'", "faces:1"])
            try await fail(["look:0"], 64, ["after"])
            try await fail(["a:0", "a:1", "--limit", "0", "--export", "x"], 64, ["--limit"])
        }
    }

    /// Runs `body` beside an archive of six frames on which the group `look` has found none, one,
    /// and four times two people; in a replay it is surer of all of them, finds one on the first
    /// frame too, and does not see the second on the last any more.
    private func withTwoRuns(
        _ body: (_ system: System, _ pictures: Pictures) async throws -> Void
    ) async throws {
        func person(_ number: Int, _ score: Float) -> Detection {
            Detection(
                label: "person",
                score: score,
                x: Float(10 + number * 50),
                y: 20,
                width: 20,
                height: 20
            )
        }
        try await System.run { system in
            try system.startBroker()
            try await system.startArchive().says("serving")
            let worker = try RawPeer(system.work)
            try worker.helloWorker("look", frames: 6)
            let pictures = try await system.record(as: worker) { frame in
                [person(0, 0.5), person(1, 0.75)].prefix(Int(frame.sequence)).map { $0 }
            }
            let replay = try await system.command(
                "archive",
                [
                    "replay", "--data", system.data, "--stream", "*", "--group", "look",
                    "--detach",
                ]
            )
            #expect(replay.exitCode == 0, "\(replay.log)")
            try await worker.answer(6) { frame in
                switch frame.sequence {
                case 0: [person(2, 0.5)]
                case 1, 5: [person(0, 0.625)]
                default: [person(0, 0.625), person(1, 0.875)]
                }
            }
            try await system.waitFor(6, "SELECT COUNT(*) FROM results WHERE run = 1")
            try await body(system, pictures)
        }
    }
}
