import Testing

@testable import Archive

@Suite struct BoxTests {
    @Test(
        arguments: [
            // The same, one half over the other, side by side, apart, one within the other.
            (Box(x: 0, y: 0, width: 10, height: 10), 1.0),
            (Box(x: 5, y: 0, width: 10, height: 10), 50.0 / 150),
            (Box(x: 10, y: 0, width: 10, height: 10), 0),
            (Box(x: 0, y: 20, width: 9, height: 9), 0),
            (Box(x: 2, y: 2, width: 5, height: 2), 0.1), (Box(x: 5, y: 5, width: 0, height: 0), 0),
            (Box(x: 5, y: 5, width: -3, height: -3), 0),
            (Box(x: .nan, y: 0, width: 10, height: 10), 0),
        ] as [(Box, Double)]
    )
    func overlapIsTheShareThatIsCommonToBoth(other: Box, share: Double) {
        let box = Box(x: 0, y: 0, width: 10, height: 10)
        #expect(abs(box.overlap(with: other) - share) < 1e-12)
        #expect(box.overlap(with: other) == other.overlap(with: box))
    }

    @Test func whatLiesOutsideTheFrameIsCutOff() {
        let box = Box(x: -5, y: 90, width: 20, height: 20)
        #expect(
            box.clipped(toWidth: 100, height: 100) == Box(x: 0, y: 90, width: 15, height: 10)
        )
        let outside = Box(x: 200, y: -50, width: 20, height: 20)
        #expect(outside.clipped(toWidth: 100, height: 100).area == 0)
    }
}
