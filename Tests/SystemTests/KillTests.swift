import Foundation
import Glibc
import TestSupport
import Testing

/// kill -9 of each program in mid-stream.
@Suite(.lastWords)
struct KillTests {
    private static let results =
        "SELECT COUNT(*) FROM results WHERE group_name = 'look' AND run = 0"

    @Test func afterTheKillOfAWorkerEveryDurableFrameHasOneResult() async throws {
        try await System.run { system in
            try system.startBroker()
            try system.startArchive()
            let victim = try system.startWorker("look", name: "victim")
            try await victim.says("connected")
            try await system.startWorker("look", name: "survivor").says("connected")
            try await system.waitFor(1, "SELECT COUNT(*) FROM groups")
            let camera = try system.startCamera(frames: 1_000_000, perSecond: 60)
            try await system.until("the victim is at work") {
                try await system.status().workers.contains {
                    $0.name == "victim" && $0.answered > 5
                }
            }
            // Held still, it takes frames that it will never answer.
            victim.send(SIGSTOP)
            try await system.until("the victim holds frames") {
                try await system.status().workers.contains { $0.name == "victim" && $0.leased > 0 }
            }
            try await victim.kill()
            try await camera.stop()
            let frames = try await system.acknowledged()
            try await system.waitFor(frames, Self.results)
            try await expectBalance(of: frames, in: system)
        }
    }

    /// As when a pool is scaled down: nothing was tried, so nothing may count as tried.
    @Test func workersThatAreToldToEndTogetherCostNoAttempt() async throws {
        try await System.run { system in
            try system.startBroker()
            try system.startArchive()
            let camera = try system.startCamera(frames: 100_000, perSecond: 200)
            for round in 0..<3 {
                let pool = try (0..<6).map { number in
                    try system.startWorker("look", name: "worker-\(round)-\(number)")
                }
                for worker in pool { try await worker.says("connected") }
                try await system.until("all are at work") {
                    let workers = try await system.status().workers
                    return workers.count == 6 && workers.allSatisfy { $0.answered > 3 }
                }
                for worker in pool { worker.send(SIGTERM) }
                for worker in pool { #expect(try await worker.ended().exitCode == 0) }
            }
            try await camera.stop()
            try system.startWorker("look")
            try await system.until("all is done") {
                try await system.status().groups.allSatisfy { $0.pending == 0 }
            }
            try await system.waitFor(1, "SELECT MAX(attempt) FROM results")
            try await system.waitFor(0, "SELECT COUNT(*) FROM dead_letters")
        }
    }

    @Test func afterTheKillOfTheArchiveEveryAcknowledgedFrameIsThere() async throws {
        try await System.run { system in
            let pictures = try Pictures(count: 800, in: system.directory)
            try system.startBroker()
            let archive = try system.startArchive()
            try system.startCamera(pictures.path, ["--fps", "20"])
            try await system.until("frames are acknowledged") {
                try await system.status().streams.contains { $0.archivedNext > 50 }
            }
            try await archive.kill()
            // What the broker says now is what it told the camera, and nothing is added any more.
            let promised = try await system.status().streams.first?.archivedNext ?? 0
            #expect(promised > 50)
            #expect(promised < 800)
            let again = try system.startArchive(broker: "tcp://127.0.0.1:9")
            try await again.says("serving")
            let frames = try await pictures.exported(from: system)
            #expect(frames.count >= promised)
            #expect(frames.elementsEqual(pictures.files.prefix(frames.count)))
        }
    }

    @Test func anArchiveKilledAndStartedAgainMissesNoFrame() async throws {
        try await System.run { system in
            let pictures = try Pictures(count: 200, in: system.directory)
            try system.startBroker()
            let archive = try system.startArchive()
            try await system.startWorker("look").says("connected")
            let camera = try system.startCamera(pictures.path, ["--fps", "60"])
            try await system.until("frames are acknowledged") {
                try await system.status().streams.contains { $0.archivedNext > 50 }
            }
            try await archive.kill()
            try system.startArchive()
            // It ends when everything is acknowledged.
            #expect(try await camera.ended().exitCode == 0)
            #expect(try await pictures.exported(from: system) == pictures.files)
            try await system.waitFor(200, Self.results)
        }
    }

    @Test func afterTheKillOfTheBrokerAllGoOn() async throws {
        try await System.run { system in
            let pictures = try Pictures(count: 200, in: system.directory)
            let broker = try system.startBroker()
            try system.startArchive()
            let worker = try system.startWorker("look")
            try await worker.says("connected")
            let camera = try system.startCamera(pictures.path, ["--fps", "60"])
            try await system.until("frames are acknowledged") {
                try await system.status().streams.contains { $0.archivedNext > 50 }
            }
            try await broker.kill()
            try system.startBroker()
            #expect(try await camera.ended().exitCode == 0)
            #expect(try await pictures.exported(from: system) == pictures.files)
            try await system.waitFor(200, Self.results)
            try await system.waitFor(0, "SELECT COUNT(*) FROM gaps")
            // One line for going away, one for coming back.
            #expect(worker.record.log.filter { $0.contains("lost") }.count == 1)
            #expect(worker.record.log.filter { $0.contains("connected") }.count == 2)
        }
    }

    @Test func aCameraKilledAndStartedAgainGoesOnInANewEpoch() async throws {
        try await System.run { system in
            try system.startBroker()
            try system.startArchive()
            try await system.startWorker("look").says("connected")
            let camera = try system.startCamera(frames: 1_000, perSecond: 50)
            try await system.until("frames are acknowledged") {
                try await system.status().streams.contains { $0.archivedNext > 20 }
            }
            try await camera.kill()
            let again = try system.startCamera(frames: 20, perSecond: 50)
            #expect(try await again.ended().exitCode == 0)
            try await system.waitFor(2, "SELECT COUNT(DISTINCT epoch) FROM frames")
            let newest = "(SELECT MAX(epoch) FROM frames)"
            try await system.waitFor(20, "SELECT COUNT(*) FROM frames WHERE epoch = \(newest)")
            try await system.waitFor(
                0,
                """
                SELECT COUNT(*) FROM frames LEFT JOIN results USING (stream, epoch, sequence)
                WHERE results.run IS NULL
                """
            )
        }
    }

    private func expectBalance(of frames: Int, in system: System) async throws {
        let group = try #require(try await system.status().groups.first)
        #expect(group.isBalanced)
        #expect(group.completed == frames)
        #expect(group.dead == 0)
        #expect(group.pending == 0)
        try await system.expectNoResultTwice()
    }
}
