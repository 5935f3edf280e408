import Foundation
import TestSupport
import Testing

/// All four programs together.
@Suite(.lastWords)
struct MainJobTests {
    @Test func aFrameGoesThroughAllFourProcesses() async throws {
        try await System.run { system in
            try system.startBroker()
            try system.startArchive()
            let worker = try system.startWorker("look")
            try await worker.says("connected")
            let camera = try system.startCamera(frames: 1, perSecond: 25)
            #expect(try await camera.ended().exitCode == 0)
            try await system.waitFor(1, "SELECT COUNT(*) FROM frames")
            try await system.waitFor(1, "SELECT COUNT(*) FROM results WHERE failure IS NULL")
        }
    }

    @Test func everyFrameGivesAResultInEachGroup() async throws {
        try await System.run { system in
            try system.startBroker()
            try system.startArchive()
            for name in ["one", "two"] {
                try await system.startWorker(name, name: "worker-\(name)").says("connected")
            }
            let camera = try system.startCamera(frames: 100, perSecond: 100)
            #expect(try await camera.ended().exitCode == 0)
            try await system.waitFor(100, "SELECT COUNT(*) FROM frames")
            for name in ["one", "two"] {
                try await system.waitFor(
                    100,
                    "SELECT COUNT(*) FROM results WHERE group_name = '\(name)'"
                )
            }
            let status = try await system.status()
            #expect(status.groups.count == 2)
            #expect(status.groups.allSatisfy { $0.isBalanced && $0.completed == 100 })
        }
    }

    /// The orders in which each process is once the first and once the last.
    static let orders = [
        ["broker", "archive", "worker", "camera"],
        ["worker", "camera", "archive", "broker"],
        ["camera", "worker", "broker", "archive"],
        ["archive", "broker", "camera", "worker"],
    ]

    @Test(arguments: orders)
    func theOrderOfStartingDoesNotMatter(order: [String]) async throws {
        try await System.run { system in
            for program in order {
                let running =
                    switch program {
                    case "broker": try system.startBroker()
                    case "archive": try system.startArchive()
                    case "worker": try system.startWorker("look", ["--start", "beginning"])
                    default: try system.startCamera(frames: 20, perSecond: 50)
                    }
                // Each has begun its work, or its waiting, before the next one starts.
                #expect(await running.wait(for: System.patience) { !$0.log.isEmpty })
            }
            try await system.waitFor(20, "SELECT COUNT(*) FROM frames")
            try await system.waitFor(20, "SELECT COUNT(*) FROM results")
        }
    }
}
