import Testing

@testable import Recording

@Suite struct IntervalSetTests {
    @Test func numbersThatFollowEachOtherFormOneRange() {
        let set = IntervalSet([3...3, 5...5, 4...4])
        #expect(set.ranges == [3...5])
        #expect(set.count == 3)
    }

    @Test func removingInTheMiddleLeavesTwoRanges() {
        var set = IntervalSet([1...5])
        #expect(set.remove(3) == true)
        #expect(set.remove(3) == false)
        #expect(set.ranges == [1...2, 4...5])
    }

    @Test func theEndsOfTheNumbersAreNoSpecialCase() {
        var set = IntervalSet([0...0])
        set.insert(UInt64.max - 1)
        #expect(set.contains(0))
        #expect(set.contains(.max - 1))
        #expect(set.first(from: 1) == UInt64.max - 1)
        #expect(set.first(from: .max) == nil)
        #expect(set.remove(0) == true)
        #expect(set.first == UInt64.max - 1)
    }

    @Test(arguments: 0..<40)
    func itAgreesWithASetOfNumbers(seed: UInt64) {
        var random = SplitMix(state: seed)
        var set = IntervalSet()
        var model: Set<UInt64> = []
        for _ in 0..<300 {
            let value = UInt64.random(in: 0..<60, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: #expect(set.insert(value) == model.insert(value).inserted)
            case 1: #expect(set.remove(value) == (model.remove(value) != nil))
            case 2:
                let range = value...value + UInt64.random(in: 0..<8, using: &random)
                set.insert(range)
                model.formUnion(range)
            default:
                #expect(set.first(from: value) == model.filter { $0 >= value }.min())
                #expect(set.contains(value) == model.contains(value))
            }
            #expect(set.count == UInt64(model.count))
            #expect(set.ranges.flatMap(Array.init) == model.sorted(), "seed \(seed)")
        }
        #expect(IntervalSet(set.ranges.shuffled(using: &random)) == set)
    }
}

/// A small generator that can be run again from its seed.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
