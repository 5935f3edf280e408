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
        for sequence in [0, 1, 64, 1, 200_000] as [UInt64] {
            tally.count(a, sequence, byteCount: 10, isIntact: true, at: .now)
        }
        tally.count(b, 0, byteCount: 10, isIntact: false, at: .now)
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
        #expect(backlog.hasRoom(sent: 3))
        #expect(!backlog.hasRoom(sent: 4))
        backlog.countDone()
        #expect(!bell.drain())
        backlog.countDone()
        #expect(bell.drain())
        #expect(backlog.hasRoom(sent: 4))
        #expect(!backlog.hasRoom(sent: 6))
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
