import Testing

@testable import Recording

@Suite struct ParkingTests {
    private let start = ContinuousClock.now

    @Test func aRequestIsTakenOutOnceWhenItsWaitIsOver() {
        var parking = Parking<String>()
        parking.add("ready", until: 5, orAt: start + .seconds(10))
        parking.add("late", until: 50, orAt: start + .seconds(1))
        parking.add("waiting", until: 50, orAt: start + .seconds(10))
        #expect(parking.takeOver(at: 4, now: start).isEmpty)
        #expect(parking.count == 3)
        let over = parking.takeOver(at: 5, now: start + .seconds(1))
        #expect(over.map(\.request) == ["ready", "late"])
        #expect(over.map(\.isReady) == [true, false])
        #expect(parking.takeOver(at: 5, now: start + .seconds(1)).isEmpty)
        #expect(parking.takeOver(at: 50, now: start).map(\.request) == ["waiting"])
        #expect(parking.isEmpty)
    }

    /// Whatever time passes between two looks, nobody is forgotten and nobody is answered twice.
    @Test func everyRequestIsTakenOutExactlyOnce() {
        var parking = Parking<Int>()
        var taken: [Int] = []
        for number in 0..<200 {
            let deadline = start + .milliseconds(number * 7 % 50 + number)
            parking.add(number, until: UInt64(number * 13 % 300), orAt: deadline)
            let now = start + .milliseconds(number)
            taken += parking.takeOver(at: UInt64(number), now: now).map(\.request)
        }
        taken += parking.takeOver(at: 0, now: start + .seconds(1)).map(\.request)
        #expect(taken.sorted() == Array(0..<200))
        #expect(parking.isEmpty)
    }
}
