import Foundation
import Glibc
import TestSupport
import Testing

/// While one program is away or hangs.
@Suite(.lastWords)
struct AbsenceTests {
    private static let missing =
        "SELECT COALESCE(SUM(frames), 0) FROM gaps WHERE group_name IS NULL"
    private static let keptOrMissing = "SELECT (SELECT COUNT(*) FROM frames) + (\(missing))"

    @Test(arguments: ["none", "broker"])
    func framesSentWithoutAnArchiveAreKeptLaterOrCounted(acks: String) async throws {
        try await System.run { system in
            try system.startBroker()
            let camera = try system.startCamera(frames: 100, perSecond: 200, ["--acks", acks])
            #expect(try await camera.ended().exitCode == 0)
            try system.startArchive()
            try await system.waitFor(100, Self.keptOrMissing)
        }
    }

    @Test func aCameraWithoutAnArchiveSaysWhatItWaitsForAndThatItGoesOn() async throws {
        try await System.run { system in
            let broker = try system.startBroker()
            let size = ["--size", "1280x720", "--quality", "95"]
            let camera = try system.startCamera("synthetic", size)
            try await camera.says("waits for an archive")
            try await camera.says("--acks broker")
            try await broker.says("stream test may send no more: no archive is there")
            let status = try await system.command("broker", ["status", "--events", system.events])
            #expect(status.output.contains { $0.hasSuffix("waits for an archive") })
            try system.startArchive()
            try await camera.says("goes on after")
            try await broker.says("stream test may send again")
            // Once each.
            #expect(camera.record.log.count { $0.contains("waits for") } == 1)
            #expect(broker.record.log.count { $0.contains("may send no more") } == 1)
        }
    }

    @Test func anArchiveThatIsRefusedSaysThatItTriesAgain() async throws {
        try await System.run { system in
            try system.startBroker()
            let first = try system.startArchive()
            try await first.says("connected")
            let other = system.directory.url.appending(path: "other").path
            let second = try system.start(
                "archive",
                ["serve", "--data", other, "--broker", system.work],
                name: "second"
            )
            try await second.says("may not have been noticed yet, so this one tries again")
            try await first.kill()
            try await second.says("connected")
        }
    }

    @Test func aSmallBudgetHoldsWhileTheArchiveIsAway() async throws {
        try await System.run { system in
            try system.startBroker(["--payload-budget", "16MiB"])
            let more = [
                "--acks", "broker", "--size", "1920x1080", "--fps", "100", "--count", "300",
            ]
            let camera = try system.startCamera("synthetic", more + ["--quality", "100"])
            // It ends: who does not ask for the archive is not held up by its absence.
            #expect(try await camera.ended().exitCode == 0)
            let status = try await system.status()
            #expect(status.payloadBytes <= 16 << 20)
            try system.startArchive()
            try await system.waitFor(300, Self.keptOrMissing)
        }
    }

    @Test func aShortAbsenceOfTheArchiveLosesNothing() async throws {
        try await System.run { system in
            try system.startBroker()
            let archive = try system.startArchive()
            try await archive.says("connected")
            let camera = try system.startCamera(frames: 200, perSecond: 60, ["--acks", "none"])
            try await system.until("frames are archived") {
                try await system.status().streams.contains { $0.archivedNext > 20 }
            }
            try await archive.kill()
            try system.startArchive()
            #expect(try await camera.ended().exitCode == 0)
            try await system.waitFor(200, "SELECT COUNT(*) FROM frames")
            try await system.waitFor(0, Self.missing)
        }
    }

    @Test func anArchiveThatHangsForAWhileHoldsFramesUpAndLosesNone() async throws {
        try await System.run { system in
            try system.startBroker()
            let archive = try system.startArchive()
            try await system.startWorker("look").says("connected")
            try await system.waitFor(1, "SELECT COUNT(*) FROM groups")
            let camera = try system.startCamera(frames: 200, perSecond: 100)
            try await system.until("frames are acknowledged") {
                try await system.status().streams.contains { $0.archivedNext > 20 }
            }
            archive.send(SIGSTOP)
            // Everything stands still: the camera has sent what it may, and nothing is acknowledged.
            try await system.until("nothing moves") {
                let before = try await system.status()
                let after = try await system.status()
                return before.streams.map(\.frames) == after.streams.map(\.frames)
            }
            archive.send(SIGCONT)
            #expect(try await camera.ended().exitCode == 0)
            try await system.waitFor(200, "SELECT COUNT(*) FROM frames")
            try await system.waitFor(200, "SELECT COUNT(*) FROM results")
            try await system.waitFor(0, Self.missing)
        }
    }

    @Test func theBrokerMayHangForAWhile() async throws {
        try await System.run { system in
            let broker = try system.startBroker()
            try system.startArchive()
            try await system.startWorker("look").says("connected")
            try await system.waitFor(1, "SELECT COUNT(*) FROM groups")
            let camera = try system.startCamera(frames: 200, perSecond: 100)
            try await system.until("frames are acknowledged") {
                try await system.status().streams.contains { $0.archivedNext > 20 }
            }
            broker.send(SIGSTOP)
            _ = await broker.wait(for: .seconds(3)) { _ in false }
            broker.send(SIGCONT)
            #expect(try await camera.ended().exitCode == 0)
            try await system.waitFor(200, "SELECT COUNT(*) FROM frames")
            try await system.waitFor(200, "SELECT COUNT(*) FROM results")
        }
    }

    /// Without an archive a durable group is only asked for; what comes from then on is owed all the
    /// same, once the archive is there.
    @Test func aDurableGroupGetsWhatCameAfterItsWorkerAlsoFromBeforeTheArchive() async throws {
        try await System.run { system in
            try system.startBroker()
            let worker = try system.startWorker("look")
            try await worker.says("waits until an archive has recorded it")
            let camera = try system.startCamera(frames: 30, perSecond: 100)
            try await system.until("frames are with the broker") {
                try await system.status().streams.contains { $0.frames == 30 }
            }
            try system.startArchive()
            try await worker.says("goes on: the archive has recorded the group")
            #expect(try await camera.ended().exitCode == 0)
            try await system.waitFor(30, "SELECT COUNT(*) FROM frames")
            try await system.expectOneEndEach("look", of: 30, within: .seconds(60))
        }
    }

    /// "From now" is when the archive recorded the group: everything before is not owed, everything
    /// after is, and nothing is left out between.
    @Test func aDurableGroupThatComesLaterGetsEveryFrameFromThenOn() async throws {
        try await System.run { system in
            try system.startBroker()
            try system.startArchive()
            // It sends until it is told to end: how long a worker takes to come is up to the machine.
            let camera = try system.startCamera(frames: 1_000_000, perSecond: 100)
            try await system.until("frames are acknowledged") {
                try await system.status().streams.contains { $0.archivedNext > 20 }
            }
            try system.startWorker("look")
            try await system.until("the group is at work") {
                try await system.status().groups.contains { $0.completed > 20 }
            }
            try await camera.stop()
            try await system.until("the group is through") {
                try await system.status().groups.allSatisfy { $0.pending == 0 }
            }
            let frames = try await system.acknowledged()
            try await system.waitFor(frames - 1, "SELECT MAX(sequence) FROM results")
            let first = try await system.number("SELECT MIN(sequence) FROM results")
            #expect(first > 0)
            try await system.waitFor(frames - first, "SELECT COUNT(*) FROM results")
        }
    }
}
