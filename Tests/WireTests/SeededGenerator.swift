import Foundation

/// Random numbers that come again with the same seed (SplitMix64).
///
/// Source: https://prng.di.unimi.it/splitmix64.c
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// The seed of this test run, printed; `ZOETROPE_TEST_SEED` repeats an earlier one.
    static let seed: UInt64 = {
        let given = ProcessInfo.processInfo.environment["ZOETROPE_TEST_SEED"].flatMap(UInt64.init)
        let seed = given ?? .random(in: 0 ... .max)
        print("WireTests: ZOETROPE_TEST_SEED=\(seed)")
        return seed
    }()

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
