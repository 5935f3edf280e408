import Testing
import Wire

@testable import Recording

/// When the frames of a replay are due.
@Suite struct ReplayPacingTests {
    private let second: Int64 = 1_000_000_000

    @Test func aLongSilenceIsPlayedAsLongAsAllowedAndNoLonger() {
        let captured = [0, 1, 61, 62, 362, 363].map { $0 * second }
        let silences = ReplaySchedule.silences(in: captured, longerThan: UInt64(2 * second))
        #expect(silences.map(\.end) == [61 * second, 362 * second])
        let schedule = ReplaySchedule(
            begin: .seconds(100),
            firstCaptured: 0,
            pace: 1,
            silences: silences
        )
        let due = captured.map { schedule.due(captured: $0) - .seconds(100) }
        #expect(due == [0, 1, 3, 4, 6, 7].map { .seconds($0) })
    }

    @Test func aScheduleThatBeginsBehindASilenceLeavesOnlyLaterOnesOut() {
        let captured = [0, 60, 61, 121].map { $0 * second }
        let schedule = ReplaySchedule(
            begin: .zero,
            firstCaptured: 60 * second,
            pace: 4,
            silences: ReplaySchedule.silences(in: captured, longerThan: 0)
        )
        #expect(schedule.due(captured: 61 * second) == .zero)
        #expect(schedule.due(captured: 121 * second) == .zero)
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func noTwoFramesAreFurtherApartThanTheLongestSilence(seed: UInt64) {
        var random = Seeded(seed)
        var time: Int64 = 0
        let captured = (0..<200).map { _ in
            time += .random(in: 0...(10 * second), using: &random)
            return time
        }
        let limit = UInt64.random(in: 1...UInt64(12 * second), using: &random)
        let schedule = ReplaySchedule(
            begin: .zero,
            firstCaptured: captured[0],
            pace: 1,
            silences: ReplaySchedule.silences(in: captured, longerThan: limit)
        )
        let due = captured.map { schedule.due(captured: $0) }
        for (index, (earlier, later)) in zip(due, due.dropFirst()).enumerated() {
            let original = captured[index + 1] - captured[index]
            let played = min(original, Int64(limit))
            // The sum is a Double: a microsecond is nothing over half an hour.
            #expect(abs((later - earlier) / .nanoseconds(1) - Double(played)) < 1_000)
        }
    }

    @Test func aRateIsKeptOnAverageAndMakesUpForNoMoreThanASecond() {
        var limit = RateLimit(rate: 10, now: .zero)
        for _ in 0..<10 { limit.count(at: .zero) }
        #expect(limit.next == .seconds(1))
        limit.count(at: .seconds(60))
        #expect(limit.next == .milliseconds(59_100))
    }
}

/// Numbers that are the same for the same seed (SplitMix64).
private struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
