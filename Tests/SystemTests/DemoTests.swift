import Foundation
import Glibc
import TestSupport
import Testing

/// What `make run` does when it is begun twice, and how it ends.
@Suite(.serialized, .lastWords)
struct DemoTests {
    @Test func aDemoEndsCleanlyAtCtrlC() async throws {
        let demo = try Demo()
        try await System.run(.whole) { system in
            let script = try system.startDemo(demo.environment)
            // The status has a line a stream and a line a group.
            for name in ["campus", "kiosk", "people", "faces"] { try await script.says(name) }
            script.pressCtrlC()
            let end = try await script.ended()
            #expect(end.exitCode == 0, Comment(rawValue: demo.logs))
            #expect(script.record.output.contains { $0.contains("Everything has ended") })
        }
        #expect(demo.processesLeft() == [])
    }

    /// The status table ends in the same moment as the script is told to: whichever bash hears of
    /// first, it must not wait for the other one.
    @Test func ctrlCEndsItWhateverBashHearsOfFirst() async throws {
        try await System.run(.whole) { system in
            let environment = try StandIns(in: system).environment
            for _ in 0..<25 {
                let script = try system.startDemo(environment)
                try await script.says("a table")
                script.pressCtrlC()
                #expect(try await script.ended(within: .seconds(30)).exitCode == 0)
                #expect(script.record.output.contains { $0.contains("Everything has ended") })
            }
        }
    }

    @Test func aProgramThatEndsByItselfEndsTheDemo() async throws {
        try await System.run { system in
            let standIns = try StandIns(in: system)
            try standIns.write("worker", "echo 'no model today'; exit 3")
            let script = try system.startDemo(standIns.environment)
            #expect(try await script.ended().exitCode == 1)
            let log = script.record.log.joined(separator: "\n")
            #expect(log.contains("ended early with exit code 3"))
            #expect(log.contains("    no model today"))
        }
    }

    @Test func aPortInUseIsSaidAtOnce() async throws {
        try await System.run { system in
            let standIns = try StandIns(in: system)
            let port = standIns.port
            // The last of the three, at every address.
            let endpoints = [
                "--ingest", system.ingest, "--work", system.work, "--events", "tcp://*:\(port + 2)",
            ]
            try await system.start("broker", ["serve"] + endpoints).says("events:")
            let script = try system.startDemo(standIns.environment)
            #expect(try await script.ended().exitCode == 1)
            #expect(
                script.record.log == [
                    "error: another program uses port \(port + 2) of this machine: end that one, "
                        + "or choose other ports with PORT= (the first of three; \(port) now)."
                ]
            )
        }
    }

    @Test func aSecondDemoOnTheSameDataLeavesTheLogsOfTheFirstAlone() async throws {
        try await System.run { system in
            let archive = try system.startArchive()
            try await system.waitFor(0, "SELECT COUNT(*) FROM frames")
            let log = system.directory.url.appending(path: "data/logs/archive.log")
            try FileManager.default.createDirectory(
                at: log.deletingLastPathComponent(),
                withIntermediateDirectories: false
            )
            try Data("what the first one said".utf8).write(to: log)
            let script = try system.startDemo(StandIns(in: system).environment)
            #expect(try await script.ended().exitCode == 1)
            let words = script.record.log.joined(separator: " ")
            for part in ["process \(archive.processID)", system.data, "DATA=", "PORT="] {
                #expect(words.contains(part), "\(words)")
            }
            #expect(try String(contentsOf: log, encoding: .utf8) == "what the first one said")
        }
    }
}

extension System {
    /// Starts deploy/demo.sh, with `DATA` in this system's directory unless `environment` names one.
    fileprivate func startDemo(_ environment: [String: String]) throws -> RunningProgram {
        try start(
            Shell.root.appending(path: "deploy/demo.sh").path,
            [],
            environment: environment.merging(["DATA": data]) { own, _ in own },
            name: "demo.sh"
        )
    }
}

extension RunningProgram {
    /// What a terminal does: SIGINT to every process of the group at once.
    fileprivate func pressCtrlC() {
        if record.end == nil { Glibc.kill(-processID, SIGINT) }
    }
}

/// Programs that take the places of the four: they only wait, and their table never changes.
private struct StandIns {
    let port: Int
    private let directory: URL

    init(in system: System) throws {
        directory = system.directory.url.appending(path: "programs")
        port = try Ports.free(count: 3).required("three free ports")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        for name in ["archive", "camera", "worker"] { try write(name, "exec sleep 1000") }
        // bash starts it with SIGINT ignored, which a shell could not change for itself.
        let table = "trap 'exit 0' INT TERM; echo a table; while :; do sleep 0.05; done"
        try write(
            "broker",
            """
            [ "$1" = status ] || exec sleep 1000
            exec env --default-signal=INT sh -c "\(table)"
            """
        )
    }

    var environment: [String: String] {
        ["BIN": directory.path, "CAMERA": "synthetic", "WORKERS": "1", "PORT": "\(port)"]
    }

    func write(_ name: String, _ script: String) throws {
        let url = directory.appending(path: name)
        try "#!/bin/sh\n\(script)\n".write(to: url, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: url.path)
    }
}
