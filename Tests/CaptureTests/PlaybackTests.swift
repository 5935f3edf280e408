import Capture
import Testing

@Suite struct PlaybackScheduleTests {
    @Test func framesAreDueAtWholeMultiplesWithoutDrift() {
        var schedule = PlaybackSchedule(framesPerSecond: 29.97, now: .zero, wallClock: 1_000)
        var last = schedule.next(now: .zero, wallClock: 1_000)
        #expect(last.due == .zero)
        #expect(last.capturedAt == 1_000)
        for _ in 0..<299_700 { last = schedule.next(now: last.due, wallClock: 0) }
        #expect(last.due == .seconds(10_000))
        #expect(last.capturedAt == 10_000_000_001_000)
    }

    @Test func aLittleLatenessIsMadeUpForAndMuchIsNot() {
        var schedule = PlaybackSchedule(framesPerSecond: 10, now: .zero, wallClock: 0)
        _ = schedule.next(now: .zero, wallClock: 0)
        let late = schedule.next(now: .milliseconds(1_100), wallClock: 1_100_000_000)
        #expect(late.due == .milliseconds(100))
        let tooLate = schedule.next(now: .milliseconds(1_201), wallClock: 1_201_000_000)
        #expect(tooLate.due == .milliseconds(1_201))
        #expect(tooLate.capturedAt == 1_201_000_000)
        let next = schedule.next(now: .milliseconds(1_201), wallClock: 1_201_000_000)
        #expect(next.due == .milliseconds(1_301))
    }

    @Test func theTimeTakenGrowsEvenWhenTheClockIsSetBack() {
        var schedule = PlaybackSchedule(framesPerSecond: 10, now: .zero, wallClock: 5_000_000_000)
        let first = schedule.next(now: .zero, wallClock: 5_000_000_000)
        let second = schedule.next(now: .seconds(9), wallClock: 1_000_000_000)
        #expect(second.capturedAt > first.capturedAt)
    }
}

@Suite struct NaturalOrderTests {
    @Test func numbersCompareAsNumbers() {
        let names = ["b10.jpg", "b9.jpg", "a2b10", "a2b9", "b009.jpg", "b.jpg", "B1", ""]
        #expect(
            names.sorted(by: comesBefore)
                == ["", "B1", "a2b9", "a2b10", "b.jpg", "b009.jpg", "b9.jpg", "b10.jpg"]
        )
    }

    @Test func theOrderIsStrictAndTotal() {
        let names = ["1", "01", "001", "1a", "a1", "10", "2", "a", "a01"]
        for left in names {
            for right in names where left != right {
                #expect(comesBefore(left, right) != comesBefore(right, left))
            }
            #expect(!comesBefore(left, left))
        }
    }
}
