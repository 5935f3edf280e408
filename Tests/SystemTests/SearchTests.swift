import Foundation
import TestSupport
import Testing
import Wire

/// What was found on which frames: listed, written out, and replayed.
@Suite(.lastWords)
struct SearchTests {
    /// A label that must not become markup.
    private static let label = "a <b>&\"dog\""

    @Test func framesAreFoundByWhatWasFoundOnThem() async throws {
        try await withRecording { system, pictures in
            let found = try await search(system, ["--label", Self.label, "--min-count", "2"])
            #expect(found.map { $0["sequence"] as? Int } == [2, 3, 4, 5])
            let results = found.last?["results"] as? [[String: Any]]
            #expect(results?.count == 1)
            #expect(results?.first?["group"] as? String == "look")
            let detections = results?.first?["detections"] as? [[String: Any]]
            #expect(detections?.compactMap { $0["score"] as? Double } == [0.5, 0.75])
            #expect(try await search(system, ["--label", "cat"]).count == 0)
            #expect(try await search(system, ["--min-score", "0.7"]).count == 4)
            #expect(try await search(system, ["--group", "look", "--stream", "lob*"]).count == 6)
            let where_ = ["--where", "sequence % 2 = 1 AND width = 160"]
            #expect(try await search(system, where_).map { $0["sequence"] as? Int } == [1, 3, 5])

            let table = try await system.command(
                "archive",
                ["search", "--data", system.data, "--limit", "2"]
            )
            #expect(table.exitCode == 0)
            #expect(table.output.count == 4)
            #expect(table.output.last?.hasSuffix("look:0  \(Self.label) 0.75 0.50") == true)
            #expect(table.log == ["note: only the newest 2 frames; --limit 0 takes all"])
        }
    }

    @Test(arguments: ["coco", "yolo"])
    func aSearchIsWrittenOutAsImagesGalleryAndLabels(form: String) async throws {
        try await withRecording { system, pictures in
            let out = system.directory.url.appending(path: "found")
            let arguments = ["search", "--data", system.data, "--stream", "lobby/left"]
            let written = try await system.command(
                "archive",
                arguments + ["--run", "look:0", "--export", out.path, "--labels", form]
            )
            #expect(written.exitCode == 0, "\(written.log)")
            // A training would take in all that lies there.
            let again = try await system.command(
                "archive",
                arguments + ["--run", "look:0", "--export", out.path, "--labels", form]
            )
            again.expectComplaint(1, ["images has files already", "another place"])
            func text(_ path: String) throws -> String {
                try String(contentsOf: out.appending(path: path), encoding: .utf8)
            }
            let lines = try text("manifest.jsonl").split(separator: "\n")
            #expect(lines.count == 6)
            for (line, picture) in zip(lines, pictures.files) {
                let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
                let file = try #require((object as? [String: Any])?["file"] as? String)
                #expect(file.hasPrefix("images/lobby%2Fleft/"))
                #expect(try Data(contentsOf: out.appending(path: file)) == picture)
            }
            let gallery = try text("index.html")
            #expect(gallery.matches(of: /<figure>/).count == 6)
            #expect(gallery.matches(of: /<rect x/).count == 9)
            #expect(gallery.contains("a &lt;b&gt;&amp;&quot;dog&quot;"))
            #expect(!gallery.contains("<b>&"))
            if form == "coco" {
                let coco = try JSONSerialization.jsonObject(with: Data(text("coco.json").utf8))
                let parts = try #require(coco as? [String: Any])
                #expect((parts["images"] as? [Any])?.count == 6)
                #expect((parts["annotations"] as? [Any])?.count == 9)
            } else {
                #expect(try text("classes.txt") == Self.label + "\n")
                let folder = out.appending(path: "labels/lobby%2Fleft").path
                let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
                #expect(names.count == 6)
                let last = try text("labels/lobby%2Fleft/\(names[5])")
                #expect(last.hasPrefix("0 0.125000 0.250000 0.125000 0.166667\n"))
                #expect(try text("labels/lobby%2Fleft/\(names[0])") == "")
            }
        }
    }

    @Test func whatWasFoundIsExportedAndReplayedByTheSameOptions() async throws {
        try await withRecording { system, _ in
            let out = system.directory.url.appending(path: "exported")
            let chosen = ["--stream", "*", "--label", Self.label, "--min-count", "2"]
            let export = try await system.command(
                "archive",
                ["export", "--data", system.data, "--out", out.path] + chosen
            )
            #expect(export.exitCode == 0, "\(export.log)")
            let files = try FileManager.default.subpathsOfDirectory(atPath: out.path)
            #expect(files.filter { $0.hasSuffix(".jpg") }.count == 4)

            try await system.startWorker("second", policy: "queue").says("connected")
            let replay = try await system.command(
                "archive",
                ["replay", "--data", system.data, "--group", "second"] + chosen
                    + ["--run", "look:0", "--where", "sequence < 5"]
            )
            #expect(replay.exitCode == 0, "\(replay.log)")
            try await system.waitFor(3, "SELECT COUNT(*) FROM results WHERE run = 1")
            try await system.waitFor(2, "SELECT MIN(sequence) FROM results WHERE run = 1")
            let refused = try await system.command(
                "archive",
                [
                    "replay", "--data", system.data, "--group", "second", "--stream", "*",
                    "--where", "load_extension('x')",
                ]
            )
            refused.expectComplaint(1, ["load_extension", "not allowed"])
        }
    }

    @Test func aSearchThatMakesNoSenseSaysWhy() async throws {
        try await withRecording { system, _ in
            func fail(_ arguments: [String], _ code: Int32, _ words: [String]) async throws {
                let start = ["search", "--data", system.data]
                try await system.command("archive", start + arguments).expectComplaint(code, words)
            }
            try await fail(["--stream", "door"], 1, ["no stream door", "lobby/left"])
            try await fail(["--run", "look:1"], 1, ["no run look:1", "look:0"])
            try await fail(["--group", "lok"], 1, ["no group lok", "look:0"])
            try await fail(["--where", "label = 'cat'"], 1, ["no such column", "IN (SELECT"])
            try await fail(["--where", "1) OR (1"], 1, ["a ) too many"])
            try await fail(["--min-score", "2"], 64, ["--min-score", "0 to 1"])
            try await fail(["--min-count", "0"], 64, ["--min-count", "above 0"])
            try await fail(["--run", "faces"], 64, ["--run", "faces:1"])
            try await fail(["--labels", "coco"], 64, ["--export"])
            try await fail(["--labels", "coco", "--export", "x"], 64, ["--run GROUP:NUMBER"])
            try await fail(["--group", "a", "--run", "b:1"], 64, ["--group is a", "of group b"])
            try await fail(["--label", "cat", "--export", "x"], 1, ["no frame", "cat"])
        }
    }

    /// The frames that a search prints as JSON.
    private func search(_ system: System, _ arguments: [String]) async throws -> [[String: Any]] {
        let result = try await system.command(
            "archive",
            ["search", "--data", system.data, "--json"] + arguments
        )
        #expect(result.exitCode == 0, "\(result.log)")
        return try result.output.compactMap { line in
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        }
    }

    /// Runs `body` beside an archive of six pictures of `lobby/left`, on which the group `look` has
    /// found nothing, one thing, and four times two things.
    private func withRecording(
        _ body: (_ system: System, _ pictures: Pictures) async throws -> Void
    ) async throws {
        try await System.run { system in
            try system.startBroker()
            try await system.startArchive().says("serving")
            let worker = try RawPeer(system.work)
            try worker.helloWorker("look", frames: 6)
            let pictures = try await system.record(as: worker) { frame in
                (0..<min(2, frame.sequence)).map { number in
                    Detection(
                        label: Self.label,
                        score: number == 0 ? 0.5 : 0.75,
                        x: number == 0 ? 10 : 60,
                        y: 20,
                        width: 20,
                        height: 20
                    )
                }
            }
            try await body(system, pictures)
        }
    }
}
