internal import ArgumentParser
internal import Dispatch
internal import Foundation
internal import Simulation
internal import Synchronization

/// Runs the simulation of the broker's surroundings, as many seeds as one likes.
@main
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the broker's decisions through seeded worlds of faults.",
        discussion: "A seed gives the same world each time. Exit code 1: an invariant broke."
    )

    @Option(help: "Run this one seed, and say what happened.")
    var seed: UInt64?
    @Option(help: "How many seeds to run.")
    var runs: UInt64 = 1_000
    @Option(help: "The first of these seeds.")
    var from: UInt64 = 0
    @Option(help: "Steps of each run before the faults stop.")
    var steps: Int = 1_000

    func run() throws {
        if let seed { return try runOne(seed) }
        let start = ContinuousClock.now
        let failed = Mutex<[(seed: UInt64, sentence: String)]>([])
        let done = Mutex<UInt64>(0)
        let (first, runs, steps) = (from, runs, steps)
        DispatchQueue.concurrentPerform(iterations: Int(runs)) { index in
            let seed = first + UInt64(index)
            let world = World.run(seed: seed, steps: steps)
            if let sentence = world.failures.first {
                failed.withLock { $0.append((seed, sentence)) }
            }
            let count = done.withLock { done in
                done += 1
                return done
            }
            if count.isMultiple(of: 1_000), count < runs { print("\(count) of \(runs) runs") }
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let failures = failed.withLock { $0.sorted { $0.seed < $1.seed } }
        for (seed, sentence) in failures.prefix(10) {
            print("seed \(seed): \(sentence)\n    again: make simulate SEED=\(seed)")
        }
        let rate = Double(runs) / seconds
        let summary = String(format: "%.1f s, %.0f runs/s", seconds, rate)
        print("\(runs) runs of \(steps) steps: \(failures.count) failed; \(summary)")
        if !failures.isEmpty { throw ExitCode(1) }
    }

    private func runOne(_ seed: UInt64) throws {
        let world = World.run(seed: seed, steps: steps, keepsHistory: true)
        if !world.failures.isEmpty { for line in world.history { print(line) } }
        for sentence in world.failures { print("seed \(seed): \(sentence)") }
        if !world.failures.isEmpty { throw ExitCode(1) }
        print("seed \(seed): nothing broke in \(world.steps) steps")
    }
}
