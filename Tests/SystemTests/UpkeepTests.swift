import Foundation
import TestSupport
import Testing

/// `archive verify`, `reindex`, `pin`, `erase` and `groups`, beside a serving archive and without one.
@Suite(.lastWords)
struct UpkeepTests {
    /// Runs `body` with an archive of 40 frames and their results, served or not.
    private func withArchive(
        isServed: Bool,
        _ body: (System) async throws -> Void
    ) async throws {
        try await System.run { system in
            try system.startBroker()
            let archive = try system.startArchive()
            try await system.startWorker("look").says("connected")
            let camera = try system.startCamera(frames: 40, perSecond: 100)
            #expect(try await camera.ended().exitCode == 0)
            try await system.waitFor(40, "SELECT COUNT(*) FROM results")
            if !isServed { try await archive.stop() }
            try await body(system)
        }
    }

    private func archive(_ arguments: String..., in system: System) async throws -> Finished {
        try await system.command("archive", arguments + ["--data", system.data])
    }

    @Test(arguments: [true, false])
    func whatIsErasedIsGoneAndTheRestIsSound(isServed: Bool) async throws {
        try await withArchive(isServed: isServed) { system in
            let some = ["--stream", "test", "--where", "sequence < 10"]
            let unasked = try await system.command(
                "archive",
                ["erase", "--data", system.data] + some
            )
            #expect(unasked.exitCode == 64, "\(unasked.log)")
            let pin = try await system.command(
                "archive",
                ["pin", "first", "--data", system.data] + some
            )
            #expect(pin.output == ["pin first keeps 10 frames (stream test where sequence < 10)"])
            let refused = try await system.command(
                "archive",
                ["erase", "--yes", "--data", system.data] + some
            )
            refused.expectComplaint(1, ["pin first"])
            let pins = try await archive("pins", "--json", in: system)
            #expect(pins.output.joined().contains("\"frames\":10"))
            #expect(try await archive("unpin", "first", in: system).exitCode == 0)
            let erased = try await system.command(
                "archive",
                ["erase", "--yes", "--data", system.data] + some
            )
            #expect(erased.exitCode == 0, "\(erased.log)")
            #expect(
                erased.output.joined().contains("10 frames and what was made of them are erased")
            )
            try await system.waitFor(30, "SELECT COUNT(*) FROM frames")
            try await system.waitFor(30, "SELECT COUNT(*) FROM results")
            let verify = try await archive("verify", in: system)
            #expect(verify.exitCode == 0, "\(verify.output)")
            #expect(verify.output.last?.contains("nothing is wrong") == true)
        }
    }

    @Test(arguments: [true, false])
    func theCatalogIsWrittenAnewAndAGroupForgotten(isServed: Bool) async throws {
        try await withArchive(isServed: isServed) { system in
            let before = try await system.rows("SELECT * FROM results ORDER BY sequence")
            let reindex = try await archive("reindex", in: system)
            #expect(reindex.exitCode == 0, "\(reindex.log)")
            #expect(try await system.rows("SELECT * FROM results ORDER BY sequence") == before)
            let groups = try await archive("groups", "list", "--json", in: system)
            #expect(groups.output.joined().contains("\"completed\":40"), "\(groups.output)")
            let forgotten = try await archive("groups", "forget", "look", in: system)
            #expect(
                forgotten.output == [
                    "group look is forgotten; it owed nothing, and its results stay"
                ]
            )
            // Where a worker of it is there, it is soon recorded anew, and counts from nothing.
            let none = try await archive("groups", "list", "--json", in: system)
            #expect(none.exitCode == 0)
            #expect(!none.output.joined().contains("\"completed\":40"), "\(none.output)")
            try await system.waitFor(40, "SELECT COUNT(*) FROM results")
        }
    }

    @Test func wrongBitsAreNamedWithTheirPositionsAndFile() async throws {
        try await withArchive(isServed: false) { system in
            let folder = system.data + "/log"
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            let name = try #require(names.first { $0.hasSuffix(".mdb") })
            let url = URL(fileURLWithPath: folder + "/" + name)
            var data = try Data(contentsOf: url)
            // Every picture: the file has older copies of small ones, too.
            var place = data.startIndex
            while let start = data.range(of: Data([0xFF, 0xD8, 0xFF]), in: place..<data.endIndex) {
                data[start.upperBound + 100] ^= 1
                place = start.upperBound
            }
            try data.write(to: url)
            let verify = try await archive("verify", "--limit", "7", in: system)
            #expect(verify.exitCode == 1)
            #expect(verify.output.count == 9)
            #expect(verify.output.dropLast().last == "... and 33 more")
            let line = verify.output.first ?? ""
            #expect(
                line.hasPrefix("position ") && line.contains("(\(name)): is damaged"),
                "\(line)"
            )
            #expect(
                verify.output.last?.contains("40 things are wrong; nothing was changed") == true
            )
            let json = try await archive("verify", "--json", in: system)
            #expect(json.exitCode == 1)
            #expect(json.output.joined().contains("\"wrong\" : 40"))
            #expect(try Data(contentsOf: url) == data)
        }
    }
}
