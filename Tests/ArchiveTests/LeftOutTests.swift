import Recording
import Testing
import Wire

@testable import Archive

@Suite struct LeftOutTests {
    private func id(_ sequence: UInt64, stream: String = "a") -> FrameID {
        FrameID(stream: stream, epoch: 1, sequence: sequence)
    }

    @Test func unreadableFramesAreNamedAsStretches() {
        var leftOut = LeftOut()
        func add(_ sequences: ClosedRange<UInt64>, _ kind: RecordingError.Kind) {
            for sequence in sequences {
                leftOut.add(id(sequence), RecordingError(kind, "reason \(sequence)"))
            }
        }
        add(5...5, .damaged)
        add(7...9, .damaged)
        add(10...11, .gone)
        #expect(leftOut.count == 6)
        #expect(
            leftOut.lines == [
                "left out: a@1/5: reason 5", "left out: a@1/7 to 9: reason 7",
                "left out: a@1/10 to 11: reason 10",
            ]
        )
        for step in 0..<200 as Range<UInt64> { add(20 + 2 * step...20 + 2 * step, .gone) }
        #expect(leftOut.lines.count == 101)
        #expect(leftOut.lines.last == "left out: 103 more")
    }

    @Test func streamsThatTakeTurnsHaveAStretchEach() {
        var leftOut = LeftOut()
        for sequence in 0..<4 as Range<UInt64> {
            for stream in ["a", "b"] {
                leftOut.add(id(sequence, stream: stream), RecordingError(.gone, "gone"))
            }
        }
        #expect(leftOut.lines == ["left out: a@1/0 to 3: gone", "left out: b@1/0 to 3: gone"])
    }
}
