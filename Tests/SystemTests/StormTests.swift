import Foundation
import TestSupport
import Testing

/// kill -9 of everything but the camera, again and again.
@Suite(.lastWords)
struct StormTests {
    @Test func nothingIsLostHoweverOftenProcessesAreKilled() async throws {
        let seed = Seed.chosen ?? .random(in: 1 ... .max)
        try await System.run { system in
            system.note("again with SEED=\(seed)")
            var random = Seed(seed)
            let pictures = try Pictures(count: 400, in: system.directory)
            var running = [
                "broker": try system.startBroker(),
                "archive": try system.startArchive(),
                "worker-1": try system.startWorker("look", name: "worker-1"),
                "worker-2": try system.startWorker("look", name: "worker-2"),
            ]
            // The group's first frame is the stream's, so that each frame has a result at the end.
            try await running["worker-1"]?.says("connected")
            try await system.waitFor(1, "SELECT COUNT(*) FROM groups")
            let camera = try system.startCamera(pictures.path, ["--fps", "40"])
            for _ in 0..<12 {
                await camera.waitForNews(for: .milliseconds(.random(in: 200...900, using: &random)))
                let names = running.keys.sorted()
                let name = names[Int.random(in: 0..<names.count, using: &random)]
                try await running[name]?.kill()
                running[name] =
                    switch name {
                    case "broker": try system.startBroker()
                    case "archive": try system.startArchive()
                    default: try system.startWorker("look", name: name)
                    }
            }
            #expect(try await camera.ended().exitCode == 0)
            #expect(try await pictures.exported(from: system) == pictures.files)
            try await system.waitFor(400, "SELECT COUNT(*) FROM results WHERE run = 0")
            try await system.waitFor(0, "SELECT COUNT(*) FROM results WHERE failure IS NOT NULL")
            try await system.waitFor(0, "SELECT COUNT(*) FROM gaps")
            try await system.expectNoResultTwice()
        }
    }
}

/// Random numbers that can be had again (SplitMix64).
struct Seed: RandomNumberGenerator {
    /// The environment's `SEED`, to see a failure again.
    static let chosen = ProcessInfo.processInfo.environment["SEED"].flatMap { UInt64($0) }

    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
