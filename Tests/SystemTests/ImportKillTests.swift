import Foundation
import TestSupport
import Testing

/// Whoever is ended in the middle of an import, or runs out of room: the same command again completes it.
@Suite(.lastWords)
struct ImportKillTests {
    private static let frames = 120

    @Test(arguments: ["archive import", "archive serve"])
    func afterAKillInMidImportTheSameCommandCompletesIt(victim: String) async throws {
        try await System.run { system in
            let source = try await Self.export(system)
            let other = system.directory.url.appending(path: "other").path
            func serve() async throws -> RunningProgram {
                let arguments = ["serve", "--data", other, "--broker", system.work]
                let archive = try system.start("archive", arguments, name: "archive serve")
                try await archive.says("connected")
                return archive
            }
            var archive = try await serve()
            // A pipe that stays open behind three quarters of the file.
            let pipe = system.directory.url.appending(path: "pipe").path
            try #require(unsafe mkfifo(pipe, 0o600) == 0)
            let descriptor = unsafe open(pipe, O_RDWR | O_NONBLOCK | O_CLOEXEC)
            var isOpen = true
            defer { if isOpen { close(descriptor) } }
            let importing = try system.start(
                "archive",
                ["import", "--data", other, pipe],
                name: "archive import"
            )
            var rest = source.data.prefix(source.data.count / 4 * 3)
            try await system.until("a part of it is read") {
                let written = unsafe rest.withUnsafeBytes {
                    unsafe write(descriptor, $0.baseAddress, $0.count)
                }
                rest = rest.dropFirst(max(0, written))
                return rest.isEmpty
            }
            try await system.until("a part of it is imported") {
                try await Self.count(system, other) > 0
            }
            #expect(try await Self.count(system, other) < Self.frames)
            try await system.running(victim).kill()
            if victim == "archive serve" {
                close(descriptor)
                isOpen = false
                #expect(try await importing.ended().exitCode != 0)
                archive = try await serve()
            }
            try await Self.expectAll(of: source, in: other, system)
            try await archive.stop()
        }
    }

    @Test(.enabled(if: ArchiveDamageTests.canMount, "needs the right to mount a small disk"))
    func whatDoesNotFitSaysSoAndCanBeImportedWhenThereIsRoom() async throws {
        try await System.run { system in
            let source = try await Self.export(system)
            let other = system.directory.url.appending(path: "other").path
            try FileManager.default.createDirectory(
                atPath: other,
                withIntermediateDirectories: true
            )
            let script = """
                archive='\(Shell.programs.appending(path: "archive").path)'
                mount -t tmpfs -o size=\(source.data.count / 2) disk '\(other)' || exit 9
                "$archive" import --data '\(other)' '\(source.path)' && exit 8
                mount -o remount,size=\(source.data.count * 4) '\(other)' || exit 9
                "$archive" import --data '\(other)' '\(source.path)' || exit 7
                "$archive" verify --data '\(other)' || exit 6
                "$archive" sql --data '\(other)' --json 'SELECT COUNT(*) AS n FROM frames'
                """
            let importing = try system.start(
                "/usr/bin/unshare",
                [
                    "--user", "--map-root-user", "--mount", "--pid", "--fork", "--mount-proc",
                    "--kill-child",
                    "sh", "-c", script,
                ],
                name: "archive import"
            )
            #expect(try await importing.ended().exitCode == 0)
            let record = importing.record
            #expect(record.log.contains { $0.contains("disk is full") })
            #expect(record.output.contains { $0.contains("{\"n\":\(Self.frames)}") })
        }
    }

    /// A file of an archive's frames, some MiB of them, with its archive stopped.
    private static func export(_ system: System) async throws -> (path: String, data: Data) {
        try system.startBroker()
        let archive = try system.startArchive()
        let camera = try system.startCamera(
            frames: frames,
            perSecond: 60,
            size: "1280x720",
            ["--quality", "95"]
        )
        #expect(try await camera.ended().exitCode == 0)
        try await archive.stop()
        let path = system.directory.url.appending(path: "all.zoe").path
        let export = try await system.command(
            "archive",
            ["export", "--data", system.data, "--stream", "*", "--format", "zoe", "--out", path]
        )
        #expect(export.exitCode == 0, "\(export.log)")
        return (path, try Data(contentsOf: URL(filePath: path)))
    }

    private static func count(_ system: System, _ data: String) async throws -> Int {
        let sql = "SELECT COUNT(*) AS n FROM frames"
        let answer = try await system.command("archive", ["sql", "--data", data, "--json", sql])
        return answer.output.joined().filter(\.isNumber).wholeNumber
    }

    /// Imports the file once more, and compares what is there with what was exported.
    private static func expectAll(
        of source: (path: String, data: Data),
        in other: String,
        _ system: System
    ) async throws {
        let again = try await system.command("archive", ["import", "--data", other, source.path])
        #expect(again.exitCode == 0, "\(again.log)")
        try await system.until("the catalog follows") {
            try await count(system, other) == frames
        }
        let verified = try await system.command("archive", ["verify", "--data", other])
        #expect(verified.exitCode == 0, "\(verified.output) \(verified.log)")
        let path = system.directory.url.appending(path: "again.zoe").path
        let export = try await system.command(
            "archive",
            ["export", "--data", other, "--stream", "*", "--format", "zoe", "--out", path]
        )
        #expect(export.exitCode == 0, "\(export.log)")
        #expect(try Data(contentsOf: URL(filePath: path)) == source.data)
    }
}

extension String {
    /// The number that the digits say, 0 for none.
    fileprivate var wholeNumber: Int { Int(self) ?? 0 }
}
