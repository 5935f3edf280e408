import Foundation

/// Random numbers that come again with the same seed.
///
/// SplitMix64 (Steele, Lea, Flood, 2014).
package struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    /// A generator that begins with `seed`.
    package init(seed: UInt64) { state = seed }

    /// The seed of this run: `SEED` of the environment, or always the same one.
    ///
    /// So a change is judged by what it changes; other seeds are for whoever looks for more.
    package static var seed: UInt64 {
        ProcessInfo.processInfo.environment["SEED"].flatMap(UInt64.init) ?? 28
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
