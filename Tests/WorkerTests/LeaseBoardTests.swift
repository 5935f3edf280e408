import Service
import Testing
import Wire
import ZeroMQ

@testable import Worker

private func makeLeased(_ stream: String, _ sequence: UInt64, session: Int = 1) throws
    -> LeasedFrame
{
    let frame = Frame(
        id: FrameID(stream: stream, epoch: 1, sequence: sequence),
        capturedAt: 0,
        format: .jpeg,
        width: 1,
        height: 1,
        byteCount: 1,
        payloadHash: 0
    )
    let lease = Deliver(
        token: sequence,
        run: Run(group: "g", number: 0),
        attempt: 1,
        assignment: 1,
        deadlineMilliseconds: 1_000
    )
    let parts = try Parts(
        Message(copying: lease.encoded()),
        payload: Message(copying: [0] as [UInt8])
    )
    return LeasedFrame(lease: lease, frame: frame, parts: parts, session: session)
}

private func makeAnswer(_ leased: LeasedFrame) -> LeaseAnswer {
    let result = Wire.Result(
        run: leased.lease.run,
        frame: leased.frame.id,
        token: leased.lease.token,
        attempt: 1,
        worker: "w",
        model: "m",
        modelHash: 0,
        startedAt: 0
    )
    return LeaseAnswer(result: result, session: leased.session)
}

@Suite struct LeaseBoardTests {
    @Test func framesAreTakenInTheOrderTheyWereHungUp() throws {
        let board = LeaseBoard(order: .any)
        for sequence in 0..<3 as Range<UInt64> { board.post(try makeLeased("s", sequence)) }
        let taken = (0..<3).map { _ in board.take()?.frame.id.sequence }
        #expect(taken == [0, 1, 2])
        #expect(!board.isIdle)
    }

    @Test func underOrderStreamAFrameWaitsForTheOneOfItsStreamThatRuns() throws {
        let board = LeaseBoard(order: .stream)
        board.post(try makeLeased("a", 0))
        board.post(try makeLeased("a", 1))
        board.post(try makeLeased("b", 2))
        let first = try #require(board.take())
        #expect(first.frame.id.sequence == 0)
        #expect(board.take()?.frame.id.stream == "b")
        board.finish(first, with: makeAnswer(first))
        #expect(board.take()?.frame.id.sequence == 1)
    }

    @Test func aThreadThatWaitsGetsTheNextFrameAndIsLetGoByClosing() throws {
        let board = LeaseBoard(order: .any)
        let ended = try WakeUp()
        let thread = try ServiceThread("test", ended: ended) {
            while let leased = board.take() { board.finish(leased, with: makeAnswer(leased)) }
        }
        board.post(try makeLeased("s", 7))
        var answers: [LeaseAnswer] = []
        let deadline = ContinuousClock.now + .seconds(10)
        while answers.isEmpty, .now < deadline { answers = board.takeAnswers() }
        #expect(answers.map(\.result.token) == [7])
        #expect(board.takeAnswers().isEmpty)
        board.close()
        try thread.join()
        #expect(board.isIdle)
    }

    @Test func clearingForgetsWhatWaitsAndWhatWasAnsweredButNotWhatRuns() throws {
        let board = LeaseBoard(order: .any)
        for sequence in 0..<3 as Range<UInt64> { board.post(try makeLeased("s", sequence)) }
        let first = try #require(board.take())
        let second = try #require(board.take())
        board.finish(first, with: makeAnswer(first))
        board.clear()
        #expect(board.takeAnswers().isEmpty)
        #expect(!board.isIdle)
        board.finish(second, with: makeAnswer(second))
        #expect(board.takeAnswers().count == 1)
        #expect(board.isIdle)
    }
}
