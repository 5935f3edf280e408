import Foundation
import TestSupport
import Testing

/// Ways to set the programs up.
@Suite(.lastWords)
struct ProgramSettingTests {
    @Test func everythingCanBeSetByVariables() async throws {
        try await System.run { system in
            let common = ["ZOETROPE_LOG_LEVEL": "debug"]
            try system.start(
                "broker",
                [],
                environment: common.merging([
                    "ZOETROPE_INGEST": system.ingest, "ZOETROPE_WORK": system.work,
                    "ZOETROPE_EVENTS": system.events,
                ]) { $1 }
            )
            try system.start(
                "archive",
                ["serve"],
                environment: common.merging([
                    "ZOETROPE_DATA": system.data, "ZOETROPE_BROKER": system.work,
                ]) { $1 }
            )
            let worker = try system.start(
                "worker",
                [],
                environment: common.merging([
                    "ZOETROPE_BROKER": system.work, "ZOETROPE_GROUP": "look",
                    "ZOETROPE_DETECTOR": "none", "ZOETROPE_STREAMS": "door,lobby/*",
                    "ZOETROPE_POLICY": "durable", "ZOETROPE_START": "beginning",
                ]) { $1 }
            )
            try await worker.says("connected")
            for stream in ["lobby/east", "hall"] {
                try system.start(
                    "camera",
                    [],
                    environment: common.merging([
                        "ZOETROPE_BROKER": system.ingest, "ZOETROPE_SOURCE": "synthetic",
                        "ZOETROPE_STREAM": stream, "ZOETROPE_COUNT": "20", "ZOETROPE_FPS": "100",
                        "ZOETROPE_SIZE": "160x120",
                    ]) { $1 },
                    name: stream
                )
            }
            try await system.waitFor(40, "SELECT COUNT(*) FROM frames")
            try await system.waitFor(20, "SELECT COUNT(*) FROM results")
            try await system.waitFor(20, "SELECT COUNT(*) FROM results WHERE stream = 'lobby/east'")
        }
    }

    @Test func aFrameLargerThanTheWindowGoesAlone() async throws {
        try await System.run { system in
            try system.startBroker()
            try system.startArchive()
            let camera = try system.startCamera(frames: 20, perSecond: 100, ["--window", "1kB"])
            #expect(try await camera.ended().exitCode == 0)
            try await system.waitFor(20, "SELECT COUNT(*) FROM frames")
        }
    }

    @Test func aDirectoryIsPlayedAgainAndAgain() async throws {
        try await System.run { system in
            let pictures = try Pictures(count: 7, in: system.directory)
            try system.startBroker()
            try system.startArchive()
            let more = ["--loop", "--count", "20", "--fps", "100"]
            let camera = try system.startCamera(pictures.path, more)
            #expect(try await camera.ended().exitCode == 0)
            let frames = try await pictures.exported(from: system)
            #expect(frames == (0..<20).map { pictures.files[$0 % 7] })
        }
    }

    @Test func aDataDirectoryMayLieDeep() async throws {
        try await System.run { system in
            // Longer than the path of a Unix socket may be.
            let deep = (0..<8).map { _ in String(repeating: "deep", count: 6) }.joined(
                separator: "/"
            )
            let data = system.directory.url.appending(path: deep).path
            try system.startBroker()
            try system.start("archive", ["serve", "--data", data, "--broker", system.work])
            let camera = try system.startCamera(frames: 10, perSecond: 100)
            #expect(try await camera.ended().exitCode == 0)
            try await system.startWorker("look", policy: "queue").says("connected")
            let replay = try await system.command(
                "archive",
                ["replay", "--data", data, "--stream", "test", "--group", "look"]
            )
            #expect(replay.exitCode == 0)
        }
    }

    @Test func aStreamStaysWithItsWorker() async throws {
        try await System.run { system in
            try system.startBroker()
            try system.startArchive()
            for name in ["one", "two"] {
                let worker = try system.startWorker("look", name: name, ["--order", "stream"])
                try await worker.says("connected")
            }
            let cameras = try ["a", "b", "c", "d"].map {
                try system.startCamera(frames: 50, perSecond: 50, stream: $0)
            }
            for camera in cameras { #expect(try await camera.ended().exitCode == 0) }
            try await system.waitFor(200, "SELECT COUNT(*) FROM results")
            // Drained streams may move to even the load out: two at most, when one worker had all four.
            let moves = try await system.number(
                """
                SELECT COUNT(*) FROM (SELECT worker, LAG(worker) OVER
                (PARTITION BY stream ORDER BY sequence) AS before FROM results)
                WHERE worker <> before
                """
            )
            #expect(moves <= 2)
            try await system.waitFor(2, "SELECT COUNT(DISTINCT worker) FROM results")
        }
    }
}
