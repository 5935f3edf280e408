import Simulation
import Testing

/// Random worlds, each from a seed that is printed when it fails.
@Suite struct SimulationTests {
    /// `make simulate RUNS=20000` runs more of them, faster.
    @Test(arguments: 0..<100 as Range<UInt64>)
    func whateverHappensNothingIsLostOrDoneTwice(seed: UInt64) {
        let world = World.run(seed: seed)
        #expect(world.failures == [], "again alone: make simulate SEED=\(seed)")
    }
}
