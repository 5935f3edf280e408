import Service
import Testing

@Suite struct LineLimitTests {
    @Test func theFirstLinesOfAnIntervalAreWrittenAndTheOthersCounted() {
        var limit = LineLimit(lineCount: 3, interval: .seconds(1))
        let written = (0..<10).map { limit.admits(at: .milliseconds(50 * $0)) }
        #expect(written == [true, true, true] + Array(repeating: false, count: 7))
        let early = limit.takeOmitted(at: .milliseconds(999))
        let due = limit.takeOmitted(at: .seconds(1))
        let again = limit.takeOmitted(at: .seconds(1))
        #expect([early, due, again] == [0, 7, 0])
    }

    @Test func theNextIntervalBeginsWithTheFirstLineAfterTheLastOne() {
        var limit = LineLimit(lineCount: 1, interval: .seconds(1))
        let moments: [Duration] = [.zero, .milliseconds(999), .milliseconds(1_500), .seconds(2)]
        let written = moments.map { limit.admits(at: $0) }
        #expect(written == [true, false, true, false])
        // What was omitted in an interval that nobody asked about is still told.
        let omitted = limit.takeOmitted(at: .milliseconds(2_500))
        #expect(omitted == 2)
    }

    @Test func whoKeepsTheLimitIsNeverCounted() {
        var limit = LineLimit(lineCount: 2, interval: .seconds(1))
        for second in 0..<100 {
            for _ in 0..<2 {
                let isWritten = limit.admits(at: .seconds(second))
                #expect(isWritten)
            }
            let omitted = limit.takeOmitted(at: .seconds(second + 1))
            #expect(omitted == 0)
        }
    }
}
