import Foundation
import Glibc
import TestSupport
import Testing

/// kill -9, and standing still, of every kind of process while frames flow; then an account of every
/// frame.
@Suite(.lastWords)
struct ChaosTests {
    @Test func everyFrameHasOneEndWhateverIsKilledOrStopped() async throws {
        let seed = Seed.chosen ?? .random(in: 1 ... .max)
        try await System.run { system in
            system.note("again with SEED=\(seed)")
            var chaos = try await Chaos(system, seed)
            let pictures = try Pictures(count: 240, in: system.directory)
            let steady = try system.startCamera(pictures.path, ["--fps", "30"])
            try chaos.start("other")
            for _ in 0..<12 { try await chaos.strike(beside: steady) }
            #expect(try await steady.ended(within: .seconds(120)).exitCode == 0)
            try await chaos.expectEnd(of: "other")

            // What was acknowledged is there, byte for byte, and nothing is between.
            #expect(try await pictures.exported(from: system) == pictures.files)
            try await system.expectNoHole()
            let frames = try await system.number("SELECT COUNT(*) FROM frames")
            system.note("\(frames) frames")
            try await system.expectOneEndEach("all", of: frames, within: .seconds(120))
            try await system.waitFor(0, "SELECT COUNT(*) FROM results WHERE failure IS NOT NULL")
            try await expectBalance(in: system)
        }
    }

    /// A broker that lives sees every frame offered to each group, and where each one went.
    @Test func underOneBrokerEveryFrameOfEveryPolicyIsCounted() async throws {
        let seed = Seed.chosen ?? .random(in: 1 ... .max)
        try await System.run { system in
            system.note("again with SEED=\(seed)")
            var chaos = try await Chaos(system, seed)
            chaos.spared = ["broker"]
            let steady = try system.startCamera(frames: 300, perSecond: 40)
            try chaos.start("other")
            for _ in 0..<10 { try await chaos.strike(beside: steady) }
            #expect(try await steady.ended(within: .seconds(120)).exitCode == 0)
            try await chaos.expectEnd(of: "other")
            try await system.expectNoHole()
            let frames = try await system.number("SELECT COUNT(*) FROM frames")
            try await system.expectOneEndEach("all", of: frames, within: .seconds(120))
            try await expectBalance(in: system)
            for group in try await system.status().groups {
                system.note("\(group)")
                #expect(group.published == frames)
                #expect(group.dead == 0)
                try await system.waitFor(
                    group.completed,
                    "SELECT COUNT(*) FROM results WHERE group_name = '\(group.group)'"
                )
            }
        }
    }

    private func expectBalance(in system: System) async throws {
        try await system.until("every group is through", within: .seconds(120)) {
            let groups = try await system.status().groups
            return groups.count == 3 && groups.allSatisfy { $0.pending == 0 }
        }
        for group in try await system.status().groups {
            #expect(group.isBalanced, "\(group)")
        }
    }
}

/// A system with a group of each policy, and one who strikes at its processes as a seed says.
private struct Chaos {
    /// What it never strikes at.
    var spared: Set<String> = []

    private let system: System
    private var random: Seed
    private var running: [String: RunningProgram] = [:]

    init(_ system: System, _ seed: UInt64) async throws {
        self.system = system
        random = Seed(seed)
        let names = ["broker", "archive", "all-1", "all-2", "queued", "newest"]
        for name in names { try start(name) }
        for name in names.dropFirst(2) { try await running[name]?.says("connected") }
        // A durable group owes what is archived from now on.
        try await system.waitFor(3, "SELECT COUNT(*) FROM groups")
    }

    mutating func start(_ name: String) throws {
        running[name] =
            switch name {
            case "broker": try system.startBroker()
            case "archive": try system.startArchive()
            case "all-1", "all-2": try system.startWorker("all", name: name)
            case "queued": try system.startWorker("queued", policy: "queue", name: name)
            case "newest": try system.startWorker("newest", policy: "latest", name: name)
            default: try system.startCamera(frames: 60, perSecond: 30, stream: name, [], name: name)
            }
    }

    /// Waits until a camera has sent everything and everything is acknowledged.
    func expectEnd(of name: String) async throws {
        #expect(try await running[name]?.ended(within: .seconds(120)).exitCode == 0)
    }

    /// Lets frames flow for a while; then one process is killed and started again, or stands still.
    mutating func strike(beside camera: RunningProgram) async throws {
        await camera.wait(.milliseconds(.random(in: 100...500, using: &random)))
        let names = running.keys.filter { !spared.contains($0) }.sorted()
        let name = names[Int.random(in: 0..<names.count, using: &random)]
        let stops = Bool.random(using: &random)
        let pause = Duration.milliseconds(.random(in: 100...800, using: &random))
        system.note(stops ? "\(name) stands still for \(pause)" : "\(name) is killed")
        if stops {
            running[name]?.send(SIGSTOP)
            await camera.wait(pause)
            running[name]?.send(SIGCONT)
        } else {
            try await running[name]?.kill()
            try start(name)
        }
    }
}

extension RunningProgram {
    /// Lets so much time pass, or less when the process ends.
    fileprivate func wait(_ time: Duration) async {
        _ = await wait(for: time) { $0.end != nil }
    }
}
