import Foundation
import Glibc
import TestSupport
import Testing
import Wire

/// Groups that are slow, stand still or have nobody, and those beside them.
@Suite(.lastWords)
struct SlowGroupTests {
    private static let smallBudget = 16 << 20

    @Test func framesOfAWorkerThatStopsReadingGoToTheOthers() async throws {
        try await System.run { system in
            let broker = try system.startBroker(["--lease-deadline", "2s"])
            try system.startArchive()
            // One that takes leases, and never reads, answers or says anything again.
            let silent = try RawPeer(system.work)
            try silent.helloWorker("look", name: "silent", frames: 16, slots: 2)
            _ = try await silent.next(Welcome.self)
            let stopped = try system.startWorker("look", name: "stopped")
            try await stopped.says("connected")
            try await system.startWorker("look", name: "worker").says("connected")
            try await system.waitFor(1, "SELECT COUNT(*) FROM groups")
            let camera = try system.startCamera(frames: 300, perSecond: 60)
            try await system.until("each of them is at work") {
                let workers = try await system.status().workers
                return workers.contains { $0.name == "stopped" && $0.answered > 0 }
                    && workers.contains { $0.name == "silent" && $0.leased > 0 }
            }
            stopped.send(SIGSTOP)
            #expect(try await camera.ended().exitCode == 0)
            // Nobody waits for these two to be taken for lost, which would be after 69 s.
            try await system.expectOneEndEach("look", of: 300)
            try await system.waitFor(0, "SELECT COUNT(*) FROM dead_letters")
            // What it answers now was answered long ago.
            stopped.send(SIGCONT)
            try await system.until("nothing is with the one that was stopped") {
                try await system.status().workers.allSatisfy {
                    $0.name != "stopped" || $0.leased == 0
                }
            }
            try await system.expectOneEndEach("look", of: 300)
            let group = try #require(try await system.status().groups.first)
            #expect(group.isBalanced && group.completed == 300 && group.pending == 0, "\(group)")
            #expect(broker.record.end == nil)
        }
    }

    @Test func aGroupWithoutWorkersHoldsUpNobodyAndThenGetsEverything() async throws {
        try await System.run { system in
            let broker = try system.startBroker(["--payload-budget", "16MiB"])
            try system.startArchive()
            for group in ["idle", "look"] {
                try await system.startWorker(group, name: group).says("connected")
            }
            try await system.waitFor(2, "SELECT COUNT(*) FROM groups")
            try await system.running("idle").kill()
            // Twice the budget, so that the idle group's frames cannot all stay with the broker.
            let camera = try system.startCamera(
                frames: 600,
                perSecond: 300,
                size: "800x600",
                ["--quality", "100"]
            )
            var most = 0
            try await system.until("the other group is done") {
                let status = try await system.status()
                most = max(most, status.payloadBytes)
                return status.groups.contains { $0.group == "look" && $0.completed == 600 }
            }
            #expect(try await camera.ended().exitCode == 0)
            try await system.waitFor(600, "SELECT COUNT(*) FROM frames")
            try await system.expectOneEndEach("look", of: 600)
            try await system.waitFor(
                0,
                "SELECT COUNT(*) FROM results WHERE group_name = 'idle'"
            )
            let bytes = try await system.number("SELECT SUM(byte_count) FROM frames")
            let memory = try Memory(of: broker)
            system.note("\(bytes >> 20) MiB of frames; \(most) bytes held; \(memory)")
            #expect(bytes > Self.smallBudget)
            #expect(most <= Self.smallBudget)
            let idle = try #require(
                try await system.status().groups.first { $0.group == "idle" }
            )
            #expect(idle.isBalanced && idle.pending == 600 && idle.workers == 0, "\(idle)")
            try system.startWorker("idle", name: "idle")
            try await system.expectOneEndEach("idle", of: 600)
        }
    }

    @Test func aBrokerThatIsRestartedInMidCatchUpLeavesNothingOutAndDoesNothingTwice() async throws
    {
        try await System.run { system in
            var broker = try system.startBroker(["--payload-budget", "16MiB"])
            try system.startArchive()
            try await record("look", in: system)
            let camera = try system.startCamera(frames: 400, perSecond: 400)
            #expect(try await camera.ended().exitCode == 0)
            try await system.waitFor(400, "SELECT COUNT(*) FROM frames")
            // Twice: a worker does a part, holds some more, and the broker is gone.
            for part in 1...2 {
                let worker = try RawPeer(system.work)
                try worker.helloWorker("look", frames: 16, slots: 4)
                for _ in 0..<100 { try worker.answer(try await worker.nextLease()) }
                _ = try await worker.nextLease()
                try await system.until("part \(part) is in the archive") {
                    try await system.number("SELECT COUNT(*) FROM results") >= 60 * part
                }
                try await broker.kill()
                broker = try system.startBroker(["--payload-budget", "16MiB"])
            }
            let done = try await system.number("SELECT COUNT(*) FROM results")
            system.note("\(done) results before the last part")
            #expect(done < 400)
            try system.startWorker("look")
            try await system.expectOneEndEach("look", of: 400)
            try await system.until("nothing is pending") {
                try await system.status().groups.allSatisfy { $0.pending == 0 && $0.isBalanced }
            }
            // What the archive said was done was not done again: the worker that did the rest has
            // answered each frame that the others had not.
            let again = try await system.status().workers.first { $0.name == "worker" }
            #expect(again?.answered == 400 - done)
        }
    }

    @Test func afterOverloadTheLagReturnsToZeroWithinTheBudget() async throws {
        try await System.run { system in
            let broker = try system.startBroker(["--payload-budget", "16MiB"])
            try system.startArchive()
            try await record("look", in: system)
            let slow = Task {
                let worker = try RawPeer(system.work)
                try worker.helloWorker("look", name: "slow", frames: 4)
                while !Task.isCancelled {
                    let lease = try await worker.nextLease()
                    try await Task.sleep(for: .milliseconds(100))  // So long the model takes.
                    try worker.answer(lease, as: "slow")
                }
            }
            defer { slow.cancel() }
            let cameras = try ["a", "b", "c"].map {
                try system.startCamera(
                    frames: 200,
                    perSecond: 100,
                    stream: $0,
                    size: "800x600",
                    ["--quality", "100"]
                )
            }
            var most = 0
            func held() async throws -> BrokerStatus {
                let status = try await system.status()
                most = max(most, status.payloadBytes)
                return status
            }
            try await system.until("everything is archived") {
                try await held().streams.map(\.archivedNext) == [200, 200, 200]
            }
            for camera in cameras { #expect(try await camera.ended().exitCode == 0) }
            let lag = try #require(try await held().groups.first).pending
            #expect(lag > 0)
            for number in 1...3 { try system.startWorker("look", name: "more-\(number)") }
            try await system.until("the lag is zero") {
                let group = try await held().groups.first
                return group?.pending == 0 && group?.completed == 600
            }
            try await system.expectOneEndEach("look", of: 600)
            let memory = try Memory(of: broker)
            let bytes = try await system.number("SELECT SUM(byte_count) FROM frames")
            system.note("\(bytes) bytes of frames; \(most) bytes held; lag \(lag); \(memory)")
            #expect(bytes > Self.smallBudget)
            #expect(most <= Self.smallBudget)
            // The program itself, queues and stacks, and what libzmq holds on its way.
            #expect(memory.peak <= Self.smallBudget + (64 << 20), "\(memory)")
        }
    }

    /// Has the archive record a durable group, by a worker that leaves at once.
    private func record(_ group: String, in system: System) async throws {
        let first = try RawPeer(system.work)
        try first.helloWorker(group, name: "first")
        while try await first.next(Welcome.self).creditFrames == 0 {}
        try first.send(Goodbye(reason: "the group is recorded"))
        try await system.until("the group is recorded and has no worker") {
            try await system.status().groups.contains { $0.group == group && $0.workers == 0 }
        }
    }
}
