import Foundation
import TestSupport
import Testing
import Wire

/// Frames and results from one archive into another, by the programs.
@Suite(.lastWords)
struct TransferTests {
    private static let questions = [
        "SELECT * FROM frames ORDER BY stream, epoch, sequence",
        "SELECT * FROM results ORDER BY stream, epoch, sequence, group_name, run",
        "SELECT * FROM detections ORDER BY stream, epoch, sequence, group_name, run, number",
    ]

    @Test func anotherArchiveAnswersAlikeAndGivesTheSamePictures() async throws {
        try await System.run { system in
            try system.startBroker()
            let archive = try system.startArchive()
            try await archive.says("serving")
            let worker = try RawPeer(system.work)
            try worker.helloWorker("look", frames: 6)
            _ = try await system.record(as: worker) { frame in
                (0..<min(2, frame.sequence)).map { number in
                    Detection(
                        label: "dog",
                        score: 0.5,
                        x: 10 * Float(number),
                        y: 20,
                        width: 20,
                        height: 20
                    )
                }
            }
            func path(_ name: String) -> String { system.directory.url.appending(path: name).path }
            func run(_ arguments: [String]) async throws -> Finished {
                let result = try await system.command("archive", arguments)
                #expect(result.exitCode == 0, "\(result.log)")
                return result
            }
            func export(_ data: String, _ out: String, _ format: String) async throws {
                _ = try await run(
                    [
                        "export", "--data", data, "--stream", "*", "--format", format, "--out",
                        path(out),
                    ]
                )
            }
            try await export(system.data, "served.zoe", "zoe")
            try await export(system.data, "exported", "images")
            try await archive.stop()
            try await export(system.data, "unserved.zoe", "zoe")
            let file = try Data(contentsOf: URL(filePath: path("served.zoe")))
            #expect(try Data(contentsOf: URL(filePath: path("unserved.zoe"))) == file)

            let other = path("other")
            let first = try await run(["import", "--data", other, path("served.zoe"), "--json"])
            #expect(first.output.first?.contains("\"frames\":6,") == true)
            let again = try await run(["import", "--data", other, path("served.zoe")])
            #expect(again.output.first == "imported 0 frames and 0 results")
            for question in Self.questions {
                let here = try await run(["sql", "--data", system.data, "--json", question])
                let there = try await run(["sql", "--data", other, "--json", question])
                #expect(here.output == there.output)
                #expect(here.output.count > 6)
            }
            try await export(other, "others", "images")
            let names = try FileManager.default.subpathsOfDirectory(atPath: path("exported"))
                .filter { $0.hasSuffix(".jpg") }
            #expect(names.count == 6)
            for name in names {
                let here = try Data(contentsOf: URL(filePath: path("exported/" + name)))
                let there = try Data(contentsOf: URL(filePath: path("others/" + name)))
                #expect(here == there)
            }
            let verified = try await run(["verify", "--data", other])
            #expect(verified.exitCode == 0)

            let cut = path("cut.zoe")
            try file.prefix(file.count - 1).write(to: URL(filePath: cut))
            let broken = try await system.command("archive", ["import", "--data", other, cut])
            #expect(broken.exitCode == 1)
            #expect(broken.output.last == "already there: 6 frames and 6 results")
            #expect(broken.log.last?.contains("cut.zoe at byte") == true)
            #expect(broken.log.last?.contains("cut off") == true)
        }
    }
}
