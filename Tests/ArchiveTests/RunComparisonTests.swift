import Testing

@testable import Archive

@Suite struct RunComparisonTests {
    private let box = Box(x: 0, y: 0, width: 10, height: 10)

    private func result(
        _ sequence: Int64,
        stream: String = "a",
        hour: Int = 10,
        hasFailed: Bool = false,
        _ detections: [FoundDetection] = []
    ) -> ComparedResult {
        ComparedResult(
            place: FramePlace(
                capturedAt: "2026-11-24 \(hour):00:00.000",
                stream: stream,
                epoch: 1,
                sequence: sequence
            ),
            hasFailed: hasFailed,
            detections: detections
        )
    }

    @Test func sumsAreByHourAndStreamAndByLabel() {
        var comparison = RunComparison(limit: 10)
        let face = FoundDetection("face", 0.5, at: box)
        let car = FoundDetection("car", 0.5, at: box)
        let surer = FoundDetection("face", 0.75, at: box)
        comparison.add(result(0, [face]), result(0, [surer, car]))
        comparison.add(result(1, [car, face]), result(1, [face]))
        comparison.add(result(2, hour: 11), result(2, hour: 11))
        comparison.add(result(3, stream: "b", [face]), result(3, stream: "b"))
        let total = comparison.total
        #expect(total.frames == 4)
        #expect(total.differing == 3)
        #expect((total.before, total.after) == (4, 3))
        #expect((total.same, total.gained, total.lost) == (2, 1, 2))
        #expect(total.meanShift == 0.125)
        let hours = comparison.hours
        #expect(hours.count == 3)
        #expect(hours[.init(stream: "a", begin: "2026-11-24 10:00")]?.frames == 2)
        #expect(hours[.init(stream: "a", begin: "2026-11-24 11:00")]?.differing == 0)
        #expect(hours[.init(stream: "b", begin: "2026-11-24 10:00")]?.lost == 1)
        // A label's frames are those on which either has found it.
        #expect(comparison.labels["face"]?.frames == 3)
        #expect(comparison.labels["face"]?.differing == 1)
        #expect(comparison.labels["car"]?.frames == 2)
        #expect(comparison.labels["car"]?.differing == 2)
        #expect(comparison.labels["car"]?.meanShift == nil)
        #expect(comparison.differences.map(\.place.sequence) == [0, 1, 3])
    }

    @Test func whatCannotBeComparedIsCountedApart() {
        var comparison = RunComparison(limit: 10)
        let face = FoundDetection("face", 0.5, at: box)
        comparison.add(result(0, [face]), nil)
        comparison.add(nil, result(1, [face]))
        comparison.add(result(2, hasFailed: true), result(2, [face]))
        comparison.add(result(3, [face]), result(3, hasFailed: true))
        #expect(comparison.total == RunComparison.Tally())
        #expect((comparison.onlyBefore, comparison.onlyAfter) == (1, 1))
        #expect((comparison.failedBefore, comparison.failedAfter) == (1, 1))
        #expect(comparison.differences.isEmpty)
        let report = ComparisonReport(before: "a:0", after: "a:1", comparison: comparison)
        #expect(
            report.summary == [
                "a:0 before, a:1 after, on 0 frames of both",
                "not compared: 1 frame that only a:0 has finished",
                "not compared: 1 frame that only a:1 has finished",
                "not compared: 1 frame that a:0 has failed on",
                "not compared: 1 frame that a:1 has failed on",
            ]
        )
    }

    @Test(arguments: [(0, 1), (1, 2), (7, 3), (400, 4)])
    func theFramesThatDifferMostAreKept(limit: Int, seed: UInt64) {
        var random = SplitMix(state: seed)
        var comparison = RunComparison(limit: limit)
        var all: [(difference: Int, sequence: Int64)] = []
        for sequence in 0..<1_000 as Range<Int64> {
            let count = Int.random(in: 0..<20, using: &random)
            let faces = (0..<count).map { number in
                FoundDetection("face", at: Box(x: Double(number) * 20, y: 0, width: 9, height: 9))
            }
            comparison.add(result(sequence, faces), result(sequence))
            if count > 0 { all.append((count, sequence)) }
        }
        all.sort { ($1.difference, $0.sequence) < ($0.difference, $1.sequence) }
        let kept = comparison.differences.map(\.place.sequence)
        #expect(kept == all.prefix(limit).map(\.sequence), "seed \(seed)")
    }
}
