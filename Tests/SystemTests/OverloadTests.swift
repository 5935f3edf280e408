import Foundation
import Glibc
import TestSupport
import Testing

/// More frames than a group can look at.
@Suite(.lastWords)
struct OverloadTests {
    @Test func aLatestGroupSkipsFramesThatTheArchiveKeeps() async throws {
        try await System.run(.whole) { system in
            try system.startBroker()
            try system.startArchive()
            let worker = try system.startWorker("look", detector: "people", policy: "latest")
            try await worker.says("connected")
            let more = ["--size", "1280x720", "--count", "150", "--fps", "50"]
            let camera = try system.startCamera("synthetic", more)
            #expect(try await camera.ended().exitCode == 0)
            try await system.waitFor(150, "SELECT COUNT(*) FROM frames")
            try await system.until("the group is through") {
                try await system.status().groups.allSatisfy { $0.pending == 0 }
            }
            let group = try #require(try await system.status().groups.first)
            #expect(group.isBalanced)
            #expect(group.published == 150)
            #expect(group.superseded > 0)
            #expect(group.completed > 0)
            let completed = group.completed
            try await system.waitFor(completed, "SELECT COUNT(*) FROM results")
            // The newest frame is never skipped.
            try await system.waitFor(149, "SELECT MAX(sequence) FROM results")
        }
    }

    @Test func aQueueGroupWithoutWorkersShedsItsOldestFrames() async throws {
        try await System.run { system in
            try system.startBroker()
            let worker = try system.startWorker("look", policy: "queue")
            try await worker.says("connected")
            try await worker.kill()
            try await system.until("the group has no worker") {
                try await system.status().groups.allSatisfy { $0.workers == 0 }
            }
            let camera = try system.startCamera(frames: 400, perSecond: 400, ["--acks", "broker"])
            #expect(try await camera.ended().exitCode == 0)
            let group = try #require(try await system.status().groups.first)
            #expect(group.isBalanced)
            #expect(group.published == 400)
            #expect(group.shed == 400 - 256)
            #expect(group.pending == 256)
        }
    }

    @Test func aStoppedGroupHoldsUpNeitherAnotherGroupNorTheCamera() async throws {
        try await System.run { system in
            try system.startBroker()
            try system.startArchive()
            let stopped = try system.startWorker("stopped", name: "stopped")
            try await stopped.says("connected")
            try await system.startWorker("look", name: "worker").says("connected")
            try await system.waitFor(2, "SELECT COUNT(*) FROM groups")
            stopped.send(SIGSTOP)
            let camera = try system.startCamera(frames: 200, perSecond: 100)
            #expect(try await camera.ended().exitCode == 0)
            try await system.waitFor(
                200,
                "SELECT COUNT(*) FROM results WHERE group_name = 'look'"
            )
            // It goes on where it was.
            stopped.send(SIGCONT)
            try await system.waitFor(
                200,
                "SELECT COUNT(*) FROM results WHERE group_name = 'stopped'"
            )
            let status = try await system.status()
            #expect(status.groups.allSatisfy { $0.isBalanced && $0.completed == 200 })
        }
    }
}
