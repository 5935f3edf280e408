import Testing

@testable import Recording

@Suite struct TimestampTests {
    @Test(arguments: [
        (0 as Int64, "1970-01-01 00:00:00.000"),
        (951_782_399_999_000_000, "2000-02-28 23:59:59.999"),
        (951_782_400_000_000_000, "2000-02-29 00:00:00.000"),
        (1_795_439_159_123_456_789, "2026-11-23 13:05:59.123"),
        (-1_000_000, "1969-12-31 23:59:59.999"),
    ])
    func timesAreSpelledInUTC(nanoseconds: Int64, text: String) {
        #expect(Timestamp.text(nanoseconds) == text)
    }

    @Test(arguments: 0..<50)
    func whatIsSpelledIsReadBack(seed: UInt64) {
        var random = SplitMix(state: seed)
        let time = Int64.random(in: 0..<4_000_000_000_000, using: &random) * 1_000_000
        #expect(Timestamp.parse(Timestamp.text(time), now: 0) == time)
    }

    @Test(arguments: [
        ("2026-11-23", 1_795_392_000_000_000_000 as Int64),
        ("2026-11-23 13:05", 1_795_439_100_000_000_000),
        ("2026-11-23T13:05:59.5Z", 1_795_439_159_500_000_000),
        ("1795439159.5", 1_795_439_159_500_000_000), ("10m", 400_000_000_000),
        ("2s", 998_000_000_000),
    ])
    func peopleWriteTimesInSeveralWays(text: String, nanoseconds: Int64) {
        #expect(Timestamp.parse(text, now: 1_000_000_000_000) == nanoseconds)
    }

    @Test(arguments: ["", "yesterday", "2026-13-01", "2026-11-23 25:00", "-5m", "nan", "2026-11"])
    func nonsenseIsNoTime(text: String) {
        #expect(Timestamp.parse(text, now: 0) == nil)
    }
}
