import Capture
import Service
import Testing
import ZeroMQ

@testable import Bench

@Suite struct LoadTests {
    @Test(arguments: [1, 999, 16_384, 16_385 * 2, 50_000, 1_000_000, 6_000_000])
    func aPictureHasExactlyTheBytesAskedForAndNoSideTooLong(bytes: Int) throws {
        let (width, height) = try #require(Pictures.sides(bytes))
        #expect(width * height == bytes)
        #expect(width <= 16_384 && height <= 16_384)
        let picture = try Pictures(byteCount: bytes).frame(3, capturedAt: 7)
        #expect(picture.payload.count == bytes)
        #expect(picture.capturedAt == 7)
    }

    @Test func aSizeThatNoPictureHasIsAUsageError() {
        // A prime beyond the longest side.
        let error = #expect(throws: Failure.self) { try Pictures(byteCount: 16_411) }
        #expect(error?.kind == .usage)
    }

    @Test func aFrameThatComesTwiceIsCountedOnce() {
        let tally = Tally()
        let (a, b) = (tally.place(of: "a"), tally.place(of: "b"))
        let sequences: [UInt64] = [0, 1, 64, 1, 200_000]
        tally.count(sequences.map { .init(a, $0, 10, isIntact: true) }, last: .now)
        tally.count([.init(b, 0, 10, isIntact: false)], last: .now)
        #expect(tally.place(of: "a") == a)
        let standing = tally.standing
        #expect(standing.frames == 5)
        #expect(standing.bytes == 50)
        #expect(standing.again == 1)
        #expect(standing.damaged == 1)
        #expect(tally.wait(for: 5, patience: .zero))
        #expect(!tally.wait(for: 6, patience: .zero))
    }

    @Test func aCameraWaitsWhenItsBacklogIsFullAndIsWokenOnceHalfIsDone() throws {
        let backlog = Backlog(limit: 4)
        let bell = try WakeUp()
        backlog.attach(bell)
        #expect(backlog.room(sent: 3) == 1)
        #expect(backlog.room(sent: 4) == 0)
        backlog.countDone(1)
        #expect(!bell.drain())
        backlog.countDone(1)
        #expect(bell.drain())
        #expect(backlog.room(sent: 4) == 2)
        #expect(backlog.room(sent: 6) == 0)
    }

    @Test func allBeginWhenTheLastHasArrivedAndHelpersAreNotWaitedFor() throws {
        let gate = Gate(parties: 2)
        gate.arrive()
        #expect(gate.beginning == nil)
        #expect(throws: Failure.self) { try gate.wait(for: .zero) }
        gate.arrive()
        let beginning = gate.beginning
        #expect(beginning != nil)
        gate.arrive()
        #expect(gate.beginning == beginning)
        try gate.wait(for: .zero)
    }
}
