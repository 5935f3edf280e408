import Foundation
import TestSupport
import Testing

/// An archive whose files are damaged, cut short, in the way or without room.
@Suite(.lastWords)
struct ArchiveDamageTests {
    @Test func aDamagedFrameIsLeftOutOfAnExportAndCountedInAReplay() async throws {
        try await withRecording(frames: 40) { system in
            let all = try await export(in: system, to: "all")
            #expect(all.exitCode == 0, "\(all.log)")
            #expect(try pictures(in: system, "all").count == 40)
            try damage(system, pictureOf: 20)

            let archive = try system.startArchive()
            try await archive.says("damaged")
            try system.startBroker()
            try await system.startWorker("second", policy: "queue").says("connected")
            let replay = try await system.command(
                "archive",
                ["replay", "--data", system.data, "--stream", "test", "--group", "second"]
            )
            #expect(replay.exitCode == 0, "\(replay.log)")
            #expect(
                replay.output.contains { $0.contains("is done: 39 results, 1 given up") },
                "\(replay.output)"
            )
            for isServed in [true, false] {
                if !isServed { try await archive.stop() }
                let some = try await export(in: system, to: "some-\(isServed)")
                #expect(some.exitCode == 1, "\(some.log)")
                #expect(some.output.contains { $0.contains("exported 39 frames") })
                #expect(some.log.contains { $0.hasPrefix("error: 1 frame could not be read") })
                let named = some.log.filter { $0.hasPrefix("left out: test@") }
                #expect(named.count == 1, "\(some.log)")
                #expect(named.first?.contains("/20: ") == true, "\(named)")
                #expect(named.first?.contains("is damaged") == true, "\(named)")
                #expect(try pictures(in: system, "some-\(isServed)").count == 39)
            }
        }
    }

    @Test func aNewestSegmentThatIsCutShortStopsTheServiceAndNoReader() async throws {
        try await withRecording(frames: 40) { system in
            let path = try segment(in: system)
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
            try file.truncate(atOffset: try file.seekToEnd() / 2)
            try file.close()

            let serve = try await system.command("archive", ["serve", "--data", system.data])
            serve.expectComplaint(1, [path, "damaged", "mv \(path) \(path).damaged"])
            // What the catalog has is told all the same, and what is missing is said.
            try await system.waitFor(40, "SELECT COUNT(*) FROM frames")
            let export = try await export(in: system, to: "out")
            #expect(export.exitCode == 1)
            #expect(export.log.contains { $0.hasPrefix("note: ") && $0.contains(path) })
            // What of the segment can be told apart is read.
            #expect(export.log.contains { $0.contains("frames could not be read") })
            #expect(try (1..<40).contains(pictures(in: system, "out").count))

            try FileManager.default.moveItem(atPath: path, toPath: path + ".damaged")
            let archive = try system.startArchive()
            try system.startBroker()
            let camera = try system.startCamera(frames: 5, perSecond: 50, stream: "other")
            #expect(try await camera.ended().exitCode == 0)
            // What the catalog had of the frames that are gone is gone too, which was said.
            try await system.waitFor(5, "SELECT COUNT(*) FROM frames")
            try await archive.says("the catalog is written anew from what is left")
            try await archive.stop()
            let verify = try await system.command("archive", ["verify", "--data", system.data])
            #expect(verify.exitCode == 0, "\(verify.output)")
            #expect(FileManager.default.fileExists(atPath: path + ".damaged"))
        }
    }

    @Test(.enabled(if: Self.canMount, "needs the right to mount a small disk"))
    func anArchiveOnAFullDiskStopsInGoodOrder() async throws {
        try await System.run { system in
            try system.startBroker()
            try FileManager.default.createDirectory(
                atPath: system.data,
                withIntermediateDirectories: true
            )
            let program = Shell.programs.appending(path: "archive").path
            let script = """
                mount -t tmpfs -o size=12m disk '\(system.data)' &&
                exec '\(program)' serve --data '\(system.data)' --broker \(system.work)
                """
            let archive = try system.start(
                "/usr/bin/unshare",
                ["--user", "--map-root-user", "--mount", "sh", "-c", script],
                name: "archive"
            )
            try system.startCamera(frames: 2_000, perSecond: 200, size: "1280x720")
            try await archive.says("the disk is full")
            try await archive.stop()
            let log = archive.record.log
            #expect(log.contains { $0.contains("stopped on a full disk") && $0.contains("frame") })
            #expect(!log.contains { $0.contains("everything received is committed") })
        }
    }

    @Test func whatIsInTheWayOfAnExportIsNamed() async throws {
        try await withRecording(frames: 3) { system in
            let file = system.directory.url.appending(path: "file")
            try Data("text".utf8).write(to: file)
            for out in [file.path, file.path + "/out", "/proc/out"] {
                let export = try await export(in: system, to: out)
                export.expectComplaint(1, [out, "cannot be written"])
                #expect(!export.log.contains { $0.contains("Cocoa") || $0.contains("permission.") })
            }
        }
    }

    @Test func anArchiveThatIsReadIsSaidToBeReadAndNotServed() async throws {
        try await withRecording(frames: 3) { system in
            // Holds the log as an export does that goes on for long.
            let holder = try system.start(
                "/usr/bin/flock",
                ["--shared", "--no-fork", system.data + "/lock", "sleep", "600"],
                name: "holder"
            )
            try await system.until("the lock is taken") {
                try await system.command(
                    "/usr/bin/flock",
                    [
                        "--nonblock", "--exclusive", system.data + "/lock", "true",
                    ]
                ).exitCode != 0
            }
            try await system.waitFor(3, "SELECT COUNT(*) FROM frames")
            let serve = try await system.command("archive", ["serve", "--data", system.data])
            serve.expectComplaint(1, [system.data, "process \(holder.processID)", "reads"])
            #expect(!serve.log.contains { $0.contains("serving") })
        }
    }

    // MARK: Parts

    /// Whether a small disk can be mounted here.
    static let canMount: Bool = {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
        process.arguments = [
            "--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "d", "/mnt",
        ]
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()

    /// Runs `body` in a system whose archive has frames of the stream `test`, and in which nothing runs.
    private func withRecording(
        frames: Int,
        _ body: (System) async throws -> Void
    ) async throws {
        try await System.run { system in
            let broker = try system.startBroker()
            let archive = try system.startArchive()
            let camera = try system.startCamera(frames: frames, perSecond: 100)
            #expect(try await camera.ended().exitCode == 0)
            try await system.waitFor(frames, "SELECT COUNT(*) FROM frames")
            try await archive.stop()
            try await broker.stop()
            try await body(system)
        }
    }

    private func export(in system: System, to out: String) async throws -> Finished {
        try await system.command(
            "archive",
            ["export", "--data", system.data, "--stream", "test", "--out", out]
        )
    }

    private func pictures(in system: System, _ out: String) throws -> [URL] {
        let directory = system.directory.url.appending(path: out).appending(path: "test")
        return try FileManager.default
            .contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "jpg" }
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
    }

    private func segment(in system: System) throws -> String {
        let log = system.data + "/log"
        let names = try FileManager.default.contentsOfDirectory(atPath: log)
        guard let name = names.filter({ $0.hasSuffix(".mdb") }).max() else {
            throw Missing(what: "a segment")
        }
        return log + "/" + name
    }

    /// Flips a bit in the log, in the picture of the frame of that sequence.
    private func damage(_ system: System, pictureOf sequence: Int) throws {
        let picture = try Data(contentsOf: try pictures(in: system, "all")[sequence])
        let url = URL(fileURLWithPath: try segment(in: system))
        var log = try Data(contentsOf: url)
        guard let range = log.range(of: picture) else { throw Missing(what: "the picture") }
        log[range.lowerBound + picture.count / 2] ^= 1
        try log.write(to: url)
    }
}
