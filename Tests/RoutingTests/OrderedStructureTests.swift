import Testing

@testable import Routing

/// The structures that make the router's choices cheap, beside the plain way to choose.
@Suite struct OrderedStructureTests {
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func theLadderGivesTheLowestRungInTheOrderOfComing(seed: UInt64) {
        var random = Numbers(seed: seed)
        var ladder = Ladder()
        // What the ladder should say: numbers with their rung, in the order they came there.
        var plain: [(number: Int, rung: Int)] = []
        var numbers: [Int] = []
        for step in 0..<400 {
            switch random.next(below: 10) {
            case 0, 1:
                numbers.append(ladder.add(step))
            case 2 where !numbers.isEmpty:
                let number = numbers.remove(at: random.next(below: numbers.count))
                ladder.remove(number)
                plain.removeAll { $0.number == number }
            default:
                guard !numbers.isEmpty else { continue }
                let number = numbers[random.next(below: numbers.count)]
                let rung = random.next(below: 9)
                ladder.put(number, on: rung < 8 ? rung : nil)
                plain.removeAll { $0.number == number }
                if rung < 8 { plain.append((number, rung)) }
            }
            let lowest = plain.enumerated().sorted {
                ($0.element.rung, $0.offset) < ($1.element.rung, $1.offset)
            }
            var walked: [Int] = []
            var next = ladder.first()
            while let number = next {
                walked.append(number)
                next = ladder.next(after: number)
            }
            #expect(walked == lowest.map(\.element.number), "seed \(seed), step \(step)")
        }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func theHeapGivesTheLargest(seed: UInt64) {
        var random = Numbers(seed: seed)
        var heap = LargestFirst()
        var sizes: [Int: Int] = [:]
        for step in 0..<400 {
            let item = random.next(below: 12)
            let size = random.next(below: 6)
            heap.set(item, to: size)
            sizes[item] = size
            let largest = sizes.values.max() ?? 0
            let given = heap.largest.flatMap { sizes[$0] } ?? 0
            #expect(given == largest, "seed \(seed), step \(step)")
        }
    }

    @Test func equalsTakeTurns() {
        var ladder = Ladder()
        let numbers = (0..<3).map { ladder.add($0) }
        for number in numbers { ladder.put(number, on: 0) }
        for turn in 0..<9 {
            #expect(ladder.first() == numbers[turn % 3])
            ladder.put(numbers[turn % 3], on: 1)
            ladder.put(numbers[turn % 3], on: 0)
        }
    }
}

/// Numbers from a seed.
private struct Numbers {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next(below limit: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % limit
    }
}
