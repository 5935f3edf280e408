import Capture
import Testing
import Wire

private func makeFrame(_ byteCount: Int, at time: Int64 = 1) -> CapturedFrame {
    CapturedFrame(
        payload: [UInt8](repeating: UInt8(truncatingIfNeeded: time), count: byteCount),
        format: .jpeg,
        width: 8,
        height: 8,
        capturedAt: time
    )
}

private func makeWindow(
    _ acknowledgement: CameraWishes.Acknowledgement = .archive,
    bytes: Int = 1000,
    items: Int = 100
) -> SendWindow {
    SendWindow(
        stream: "s",
        acknowledgement: acknowledgement,
        limits: .init(byteCount: bytes, frameCount: items)
    )
}

private func makeAck(
    _ window: SendWindow,
    received: UInt64 = 0,
    archived: UInt64 = 0,
    limit: UInt64 = 1 << 40
) -> Ack {
    Ack(
        stream: "s",
        epoch: window.epoch,
        receivedNext: received,
        archivedNext: archived,
        limit: limit
    )
}

extension SendWindow.Item {
    /// The sequences it stands for.
    fileprivate var sequences: ClosedRange<UInt64> {
        switch self {
        case .frame(_, let id): id.sequence...id.sequence
        case .gap(let gap): gap.first...gap.last
        }
    }
}

/// Everything the window gives now.
private func drain(_ window: inout SendWindow) -> [SendWindow.Item] {
    var items: [SendWindow.Item] = []
    while let item = window.next() { items.append(item) }
    return items
}

@Suite struct SendWindowTests {
    @Test func whatTheOldestFrameWaitsForIsDeduced() {
        var window = makeWindow()
        window.offer(makeFrame(100))
        window.offer(makeFrame(100))
        #expect(window.progress == .init(freedCount: 0, obstacle: nil, isInSession: false))
        window.beginSession(lastEpoch: 0, now: 1)
        // The broker grants nothing, before anything was sent.
        #expect(window.progress.obstacle == .room)
        window.acknowledge(makeAck(window, limit: 100))
        #expect(window.progress.obstacle == .broker)
        #expect(drain(&window).count == 1)
        // Under way.
        #expect(window.progress.obstacle == .broker)
        window.acknowledge(makeAck(window, received: 1, limit: 100))
        #expect(window.progress.obstacle == .archive)
        window.acknowledge(makeAck(window, received: 1, archived: 1, limit: 100))
        #expect(window.progress == .init(freedCount: 1, obstacle: .room, isInSession: true))
        window.acknowledge(makeAck(window, received: 1, archived: 1, limit: 200))
        #expect(drain(&window).count == 1)
        window.acknowledge(makeAck(window, received: 2, archived: 2, limit: 200))
        #expect(window.progress == .init(freedCount: 2, obstacle: nil, isInSession: true))
    }

    @Test(arguments: [CameraWishes.Acknowledgement.none, .broker])
    func aCameraThatDoesNotWaitForTheArchiveWaitsForRoom(
        acknowledgement: CameraWishes.Acknowledgement
    ) {
        var window = makeWindow(acknowledgement)
        window.beginSession(lastEpoch: 0, now: 1)
        window.acknowledge(makeAck(window, limit: 100))
        window.offer(makeFrame(100))
        window.offer(makeFrame(100))
        #expect(drain(&window).count == 1)
        #expect(window.progress.obstacle == .broker)
        window.acknowledge(makeAck(window, received: 1, limit: 100))
        #expect(window.progress.obstacle == .room)
    }

    @Test func nothingIsSentWithoutASessionAndItsFirstAllowance() {
        var window = makeWindow()
        window.offer(makeFrame(10))
        #expect(window.next() == nil)
        window.beginSession(lastEpoch: 0, now: 5)
        #expect(window.next() == nil)
        window.acknowledge(makeAck(window, limit: 1))
        #expect(window.next() != nil)
        window.endSession()
        window.offer(makeFrame(10))
        #expect(window.next() == nil)
    }

    @Test func theEpochIsTheClockButNeverOlderThanWhatTheBrokerKnows() {
        var window = makeWindow()
        window.beginSession(lastEpoch: 7, now: 100)
        #expect(window.epoch == 100)
        var clockless = makeWindow()
        clockless.beginSession(lastEpoch: 7, now: 0)
        #expect(clockless.epoch == 8)
    }

    @Test func aNewerEpochElsewhereMakesTheWindowNumberItsFramesAnew() {
        var window = makeWindow()
        window.beginSession(lastEpoch: 0, now: 100)
        for _ in 0..<3 { window.offer(makeFrame(10)) }
        window.acknowledge(makeAck(window))
        #expect(drain(&window).map(\.sequences) == [0...0, 1...1, 2...2])
        window.acknowledge(makeAck(window, received: 1, archived: 1))
        window.beginSession(lastEpoch: 100, now: 200)
        #expect(window.epoch == 100)
        window.beginSession(lastEpoch: 300, now: 200)
        #expect(window.epoch == 301)
        window.acknowledge(makeAck(window))
        #expect(drain(&window).map(\.sequences) == [0...0, 1...1])
    }

    @Test func theAllowanceIsPassedOnlyByAFrameThatIsAloneUnderWay() {
        var window = makeWindow()
        window.beginSession(lastEpoch: 0, now: 1)
        for _ in 0..<5 { window.offer(makeFrame(100)) }
        window.acknowledge(makeAck(window, limit: 99))
        #expect(drain(&window).count == 1)
        window.acknowledge(makeAck(window, limit: 250))
        #expect(drain(&window).count == 1)
        window.acknowledge(makeAck(window, received: 1, limit: 250))
        #expect(drain(&window).isEmpty)
        window.acknowledge(makeAck(window, received: 2, limit: 250))
        #expect(drain(&window).count == 1)
        window.acknowledge(makeAck(window, received: 3, limit: 300))
        #expect(drain(&window).isEmpty)
        window.acknowledge(makeAck(window, received: 3, limit: 400))
        #expect(drain(&window).count == 1)
    }

    @Test(arguments: [
        (CameraWishes.Acknowledgement.none, 0), (.broker, 2), (.archive, 3),
    ])
    func theFieldOfTheAckThatFreesDependsOnWhatIsWaitedFor(
        _ acknowledgement: CameraWishes.Acknowledgement,
        _ left: Int
    ) {
        var window = makeWindow(acknowledgement)
        window.beginSession(lastEpoch: 0, now: 1)
        for _ in 0..<4 { window.offer(makeFrame(10)) }
        window.acknowledge(makeAck(window))
        _ = drain(&window)
        window.acknowledge(makeAck(window, received: 2, archived: 1))
        #expect(window.itemCount == left)
        #expect(window.heldByteCount == left * 10)
    }

    @Test func whatWasNotAcknowledgedIsSentAgainInTheNextSession() {
        var window = makeWindow()
        window.beginSession(lastEpoch: 0, now: 1)
        for _ in 0..<4 { window.offer(makeFrame(10)) }
        window.acknowledge(makeAck(window))
        _ = drain(&window)
        window.acknowledge(makeAck(window, received: 4, archived: 1))
        window.beginSession(lastEpoch: window.epoch, now: 2)
        window.acknowledge(makeAck(window, received: 2, archived: 1))
        #expect(drain(&window).map(\.sequences) == [2...2, 3...3])
        #expect(window.itemCount == 3)
    }

    @Test func aFullWindowShedsTheOldestUnsentFrameAndAnnouncesTheRange() {
        var window = makeWindow(bytes: 300)
        window.beginSession(lastEpoch: 0, now: 1)
        window.offer(makeFrame(100))
        window.acknowledge(makeAck(window, limit: 1))
        #expect(drain(&window).count == 1)
        #expect(window.hasRoom(for: 200))
        #expect(!window.hasRoom(for: 201))
        for _ in 0..<4 { window.offer(makeFrame(100)) }
        #expect(window.shedCount == 2)
        window.acknowledge(makeAck(window))
        #expect(drain(&window).map(\.sequences) == [1...2, 3...3, 4...4])
    }

    @Test func aFrameLargerThanTheWindowIsHeldAlone() {
        var window = makeWindow(bytes: 300)
        #expect(window.hasRoom(for: 1000))
        #expect(window.offer(makeFrame(1000)) == 0)
        #expect(!window.hasRoom(for: 1))
        #expect(window.offer(makeFrame(100)) == 1)
        #expect(window.heldByteCount == 100)
    }

    @Test func anAckForFramesNeverSentFreesNothing() {
        var window = makeWindow()
        window.beginSession(lastEpoch: 0, now: 1)
        window.offer(makeFrame(10))
        window.acknowledge(makeAck(window, received: 99, archived: 99))
        #expect(window.itemCount == 1)
        #expect(drain(&window).count == 1)
    }

    @Test func anAckOfAnotherEpochOnlyMovesTheLimit() {
        var window = makeWindow()
        window.beginSession(lastEpoch: 0, now: 9)
        window.offer(makeFrame(10))
        var ack = makeAck(window, received: 1, archived: 1, limit: 100)
        ack.epoch = 8
        window.acknowledge(ack)
        #expect(drain(&window).count == 1)
        window.acknowledge(ack)
        #expect(window.itemCount == 1)
    }
}
