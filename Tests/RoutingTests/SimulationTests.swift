import Simulation
import TestSupport
import Testing

/// Random worlds, each from a seed that is printed when it fails.
@Suite struct SimulationTests {
    /// `make simulate RUNS=20000` runs more of them, faster.
    @Test(arguments: 0..<100 as Range<UInt64>)
    func whateverHappensNothingIsLostOrDoneTwice(seed: UInt64) async throws {
        let failures = try await BusyThread.run { World.run(seed: seed).failures }
        #expect(failures == [], "again alone: make simulate SEED=\(seed)")
    }
}
