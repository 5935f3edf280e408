import Testing
import Wire

@testable import Broker

@Suite struct ViewPaceTests {
    private let deadline = Duration.seconds(30)

    private func frame(_ sequence: UInt64, _ stream: String = "a", epoch: UInt64 = 1) -> FrameID {
        FrameID(stream: stream, epoch: epoch, sequence: sequence)
    }

    @Test func withoutAnIntervalEveryFrameIsSavedAndJumpsAreCounted() {
        var pace = ViewPace(interval: .zero)
        // What came before the first is nobody's loss.
        for sequence in [7, 8, 12] as [UInt64] {
            #expect(pace.take(frame(sequence), deadline: deadline, at: .zero) == .save)
        }
        #expect(pace.saved == 3)
        #expect(pace.passedOver == 3)
    }

    @Test func aFrameThatComesTooEarlyIsHeldUntilItsStreamIsDue() {
        var pace = ViewPace(interval: .seconds(2))
        #expect(pace.take(frame(0), deadline: deadline, at: .seconds(10)) == .save)
        #expect(
            pace.take(frame(1), deadline: deadline, at: .seconds(11))
                == .passOver(answerAt: .seconds(12))
        )
        #expect(pace.take(frame(60), deadline: deadline, at: .seconds(12)) == .save)
        #expect(pace.saved == 2)
        #expect(pace.passedOver == 59)
    }

    @Test func noFrameIsHeldUntilTheBrokerTakesItForLost() {
        var pace = ViewPace(interval: .seconds(3_600))
        #expect(pace.take(frame(0), deadline: deadline, at: .zero) == .save)
        #expect(
            pace.take(frame(1), deadline: deadline, at: .seconds(1))
                == .passOver(answerAt: .seconds(16))
        )
    }

    @Test func eachStreamHasAPaceOfItsOwn() {
        var pace = ViewPace(interval: .seconds(1))
        #expect(pace.take(frame(0), deadline: deadline, at: .zero) == .save)
        #expect(pace.take(frame(9, "b"), deadline: deadline, at: .zero) == .save)
        #expect(pace.passedOver == 0)
    }

    @Test func aFrameThatComesAgainIsNotSavedAgain() {
        var pace = ViewPace(interval: .zero)
        for (frame, verdict) in [
            (frame(5), ViewPace.Verdict.save), (frame(5), .known), (frame(4), .known),
            (frame(0, epoch: 2), .save), (frame(6), .known),
        ] {
            #expect(pace.take(frame, deadline: deadline, at: .zero) == verdict)
        }
        #expect(pace.saved == 2)
        #expect(pace.passedOver == 0)
    }
}
