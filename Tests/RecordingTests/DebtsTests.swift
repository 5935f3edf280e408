import Testing
import Wire

@testable import Recording

@Suite struct DebtsTests {
    let run = Run(group: "faces", number: 1)

    @Test func epochsAreOwedInTheirOrder() {
        var debts = Debts()
        debts.add(5...6, epoch: 2, stream: "cam", to: run)
        debts.add(9...9, epoch: 1, stream: "cam", to: run)
        let first = debts.next(of: run, stream: "cam", after: nil)
        #expect(first == Place(epoch: 1, sequence: 9))
        #expect(
            debts.next(of: run, stream: "cam", after: first) == Place(epoch: 2, sequence: 5)
        )
        #expect(
            debts.next(of: run, stream: "cam", after: Place(epoch: 2, sequence: 6)) == nil
        )
    }

    @Test func whatIsSettledIsNotOwedByOthersOnly() {
        var debts = Debts()
        let other = Run(group: "people", number: 0)
        let frame = FrameID(stream: "cam", epoch: 1, sequence: 0)
        for run in [run, other] { debts.add(0...0, epoch: 1, stream: "cam", to: run) }
        #expect(debts.settle(frame, of: run) == true)
        #expect(debts.settle(frame, of: run) == false)
        #expect(debts.owing == [other])
    }

    @Test(arguments: 0..<20)
    func itAgreesWithASetOfPlaces(seed: UInt64) {
        var random = SplitMix(state: seed)
        var debts = Debts()
        var model: Set<Place> = []
        for _ in 0..<400 {
            let epoch = UInt64.random(in: 1...4, using: &random)
            let first = UInt64.random(in: 0..<40, using: &random)
            if Bool.random(using: &random) {
                let last = first + UInt64.random(in: 0..<5, using: &random)
                debts.add(first...last, epoch: epoch, stream: "cam", to: run)
                for sequence in first...last {
                    model.insert(Place(epoch: epoch, sequence: sequence))
                }
            } else {
                let frame = FrameID(stream: "cam", epoch: epoch, sequence: first)
                #expect(debts.owes(frame, run) == model.contains(frame.place))
                let wasOwed = debts.settle(frame, of: run)
                #expect(wasOwed == (model.remove(frame.place) != nil), "seed \(seed)")
            }
            #expect(debts.count(of: run) == UInt64(model.count))
            let after = Place(epoch: epoch, sequence: first)
            let next = debts.next(of: run, stream: "cam", after: after)
            #expect(next == model.filter { $0 > after }.min(), "seed \(seed)")
        }
        var restored = Debts()
        for record in debts.records() {
            for range in record.ranges {
                restored.add(range, epoch: record.epoch, stream: record.stream, to: record.run)
            }
        }
        #expect(restored == debts)
    }
}
