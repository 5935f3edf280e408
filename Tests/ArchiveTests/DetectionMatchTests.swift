import Testing

@testable import Archive

@Suite struct DetectionMatchTests {
    private let person = FoundDetection("person", 0.6, at: Box(x: 0, y: 0, width: 10, height: 10))

    private func moved(
        _ detection: FoundDetection,
        by pixels: Double,
        label: String? = nil,
        score: Double? = nil
    ) -> FoundDetection {
        var box = detection.box
        box.x += pixels
        return FoundDetection(label ?? detection.label, score ?? detection.score, at: box)
    }

    @Test func whatBothHaveIsTheSameAndItsScoreShifts() {
        let match = DetectionMatch([person], [moved(person, by: 2, score: 0.85)])
        #expect(match.same.count == 1)
        #expect(abs((match.same.first?.shift ?? 0) - 0.25) < 1e-12)
        #expect(match.lost.isEmpty && match.gained.isEmpty)
        #expect(abs(match.difference - 0.25) < 1e-12)
        #expect(!match.hasOtherCounts)
    }

    @Test(arguments: [(3, true), (3.001, false)])
    func halfOfBothMustBeCommonToBoth(pixels: Double, isSame: Bool) {
        // Moved by a third of its width a box has an overlap of exactly one half.
        let person = FoundDetection("person", at: Box(x: 0, y: 0, width: 9, height: 10))
        let match = DetectionMatch([person], [moved(person, by: pixels)])
        #expect(match.same.count == (isSame ? 1 : 0))
        #expect(match.lost.count == (isSame ? 0 : 1))
        #expect(match.gained.count == (isSame ? 0 : 1))
        // One lost and one gained of a label are another place, not another count.
        #expect(!match.hasOtherCounts)
    }

    @Test func labelsAreKeptApart() {
        let match = DetectionMatch([person], [moved(person, by: 0, label: "car")])
        #expect(match.same.isEmpty)
        #expect(match.lost == [person])
        #expect(match.gained.map(\.label) == ["car"])
        #expect(match.hasOtherCounts)
        #expect(match.difference == 2)
    }

    @Test func theBestOverlapComesFirst() {
        // The first of the new ones overlaps both of the old, the second only the second.
        let old = [person, moved(person, by: 3)]
        let new = [moved(person, by: 2.9), moved(person, by: 0.1)]
        let match = DetectionMatch(old, new)
        #expect(match.same.map(\.before.box.x).sorted() == [0, 3])
        for pair in match.same { #expect(abs(pair.before.box.x - pair.after.box.x) < 0.2) }
    }

    @Test(arguments: 0..<300)
    func everyDetectionHasOnePlaceAndNoPairIsForgotten(seed: UInt64) {
        var random = SplitMix(state: seed)
        func some() -> [FoundDetection] {
            (0..<Int.random(in: 0..<12, using: &random)).map { _ in
                func side(_ range: ClosedRange<Int>) -> Double {
                    Double(Int.random(in: range, using: &random))
                }
                let (x, y) = (side(0...20), side(0...20))
                return FoundDetection(
                    ["person", "car"].randomElement(using: &random) ?? "",
                    side(0...10) / 10,
                    at: Box(x: x, y: y, width: side(0...20), height: side(0...9))
                )
            }
        }
        let (before, after) = (some(), some())
        let match = DetectionMatch(before, after)
        func sorted(_ detections: [FoundDetection]) -> [String] { detections.map(\.json).sorted() }
        #expect(sorted(match.same.map(\.before) + match.lost) == sorted(before), "seed \(seed)")
        #expect(sorted(match.same.map(\.after) + match.gained) == sorted(after), "seed \(seed)")
        for pair in match.same {
            #expect(pair.before.label == pair.after.label, "seed \(seed)")
            #expect(pair.before.box.overlap(with: pair.after.box) >= 0.5, "seed \(seed)")
        }
        for lost in match.lost {
            for gained in match.gained where lost.label == gained.label {
                #expect(lost.box.overlap(with: gained.box) < 0.5, "seed \(seed)")
            }
        }
        // The other way round the same things are gained and lost.
        let back = DetectionMatch(after, before)
        #expect(back.same.count == match.same.count, "seed \(seed)")
        #expect(back.gained.count == match.lost.count, "seed \(seed)")
        // What has an area overlaps itself.
        let solid = before.filter { $0.box.area > 0 }
        let same = DetectionMatch(solid, solid)
        #expect(same.same.count == solid.count && same.lost.isEmpty, "seed \(seed)")
        #expect(same.same.allSatisfy { $0.before.box == $0.after.box }, "seed \(seed)")
    }
}

/// A generator that gives the same numbers for the same seed.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
