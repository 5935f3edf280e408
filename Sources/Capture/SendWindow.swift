internal import DequeModule
package import Wire

/// The frames that a camera holds until they are acknowledged, and what it may send next.
///
/// Pure: no clock, no sockets. One camera, one stream. Sequences are given here, without holes; a
/// frame that had to be shed leaves a gap that is announced in its place.
package struct SendWindow: Sendable {
    /// How much may be held.
    package struct Limits: Sendable, Equatable {
        /// Payload bytes; a single larger frame is held when nothing else is.
        package var byteCount: Int
        /// Frames; between them there may be as many gaps.
        package var frameCount: Int

        /// Puts the limits together; both are positive.
        package init(byteCount: Int = 64 << 20, frameCount: Int = 16_384) {
            precondition(byteCount > 0 && frameCount > 0)
            self.byteCount = byteCount
            self.frameCount = frameCount
        }
    }

    /// What to send next.
    package enum Item: Sendable, Equatable {
        /// A frame and the id it has for ever.
        case frame(CapturedFrame, FrameID)
        /// Frames that were shed.
        case gap(Gap)
    }

    /// What the frames that are held wait for.
    package enum Obstacle: Sendable, Equatable {
        /// The broker has them; the archive has not recorded them, if there is one.
        case archive
        /// The broker has them all, and grants no room for more.
        case room
        /// The broker has not acknowledged what was sent or may be sent.
        case broker
    }

    /// How far a window is, for a ``Standstill``.
    package struct Progress: Sendable, Equatable {
        /// As in ``SendWindow/freedCount``.
        package var freedCount: UInt64
        /// What the oldest frame waits for; `nil` when none is held or no session is open.
        package var obstacle: Obstacle?
        /// Whether a session is open.
        package var isInSession: Bool

        /// Puts the parts together.
        package init(freedCount: UInt64, obstacle: Obstacle?, isInSession: Bool) {
            self.freedCount = freedCount
            self.obstacle = obstacle
            self.isInSession = isInSession
        }
    }

    private struct Held {
        /// `nil` for a gap.
        var frame: CapturedFrame?
        var first: UInt64
        var last: UInt64

        var byteCount: Int { frame?.payload.count ?? 0 }
    }

    /// The stream's name.
    package let stream: String
    /// Which field of an ACK frees a frame.
    package let acknowledgement: CameraWishes.Acknowledgement
    /// The numbering in use; 0 before the first session.
    package private(set) var epoch: UInt64 = 0
    /// Frames shed since the beginning.
    package private(set) var shedCount: UInt64 = 0
    /// Frames that an ACK has freed, or that were sent where none is waited for.
    package private(set) var freedCount: UInt64 = 0
    /// Payload bytes held.
    package private(set) var heldByteCount = 0
    /// Frames held.
    package private(set) var heldFrameCount = 0

    private let limits: Limits
    private var isEpochStale = false
    /// In order, without holes between them.
    private var held: Deque<Held> = []
    /// How many of ``held`` were sent in this session, or need not be.
    private var sentItems = 0
    private var nextSequence: UInt64 = 0
    /// The first sequence that was never sent in this epoch.
    private var unsentSequence: UInt64 = 0
    /// Payload bytes that may be sent in this session, all in all; `nil` between sessions.
    private var allowedByteCount: UInt64?
    private var sentByteCount: UInt64 = 0
    /// The first sequence that the broker has not received, as far as this session knows.
    private var receivedNext: UInt64 = 0
    /// The first sequence that the archive has not committed, as far as this session knows.
    private var archivedNext: UInt64 = 0

    /// An empty window without a session.
    package init(
        stream: String,
        acknowledgement: CameraWishes.Acknowledgement,
        limits: Limits = Limits()
    ) {
        self.stream = stream
        self.acknowledgement = acknowledgement
        self.limits = limits
    }

    /// The epoch to say in HELLO: 0 before there is one, and when the broker knows of a newer one.
    package var epochForHello: UInt64 { isEpochStale ? 0 : epoch }
    /// Whether the broker has everything that was taken in so far.
    package var isReceived: Bool { receivedNext >= nextSequence }
    /// Frames and gaps held.
    package var itemCount: Int { held.count }
    /// Whether nothing is left to send or to wait for.
    package var isEmpty: Bool { held.isEmpty }

    /// How far it is at this moment.
    package var progress: Progress {
        Progress(
            freedCount: freedCount,
            obstacle: obstacle,
            isInSession: allowedByteCount != nil
        )
    }

    private var obstacle: Obstacle? {
        guard let allowed = allowedByteCount, heldFrameCount > 0 else { return nil }
        if acknowledgement == .archive, archivedNext < receivedNext { return .archive }
        let isUnderWay = sentByteCount > 0 && receivedNext < unsentSequence
        return isUnderWay || sentByteCount < allowed ? .broker : .room
    }

    /// Whether a frame of `byteCount` bytes fits without shedding.
    package func hasRoom(for byteCount: Int) -> Bool {
        heldFrameCount == 0
            || (heldFrameCount < limits.frameCount
                && heldByteCount + byteCount <= limits.byteCount)
    }

    /// Takes a frame in, shedding the oldest unsent ones when there is no room.
    ///
    /// A source that can wait asks ``hasRoom(for:)`` first; then nothing is shed.
    ///
    /// - Parameter frame: The newest frame of the stream.
    /// - Returns: How many frames were shed; the new one itself may be among them.
    @discardableResult
    package mutating func offer(_ frame: CapturedFrame) -> Int {
        held.append(Held(frame: frame, first: nextSequence, last: nextSequence))
        nextSequence += 1
        heldByteCount += frame.payload.count
        heldFrameCount += 1
        var shed = 0
        while isOverfull, let index = held[sentItems...].firstIndex(where: { $0.frame != nil }) {
            shedFrame(at: index)
            shed += 1
        }
        assert(isConsistent)
        return shed
    }

    /// A session has begun: everything held is to be sent again.
    ///
    /// - Parameters:
    ///   - lastEpoch: The newest epoch of the stream that the broker knows, 0 for none.
    ///   - now: Nanoseconds since 1970; 0 on a camera without a clock.
    package mutating func beginSession(lastEpoch: UInt64, now: UInt64) {
        if epoch == 0 {
            epoch = max(now, lastEpoch + 1)
        } else if lastEpoch > epoch {
            renumber(epoch: max(now, lastEpoch + 1))
        }
        isEpochStale = false
        sentItems = 0
        sentByteCount = 0
        receivedNext = 0
        archivedNext = 0
        allowedByteCount = 0
    }

    /// The broker knows a newer epoch: the next session begins by asking for it.
    package mutating func forgetEpoch() { isEpochStale = true }

    /// The session is over; frames are held until the next.
    package mutating func endSession() { allowedByteCount = nil }

    /// Takes an acknowledgement in.
    ///
    /// - Parameter ack: Of this session. What it says of another epoch is left aside but for the
    ///   limit, and what it says of frames never sent is not believed.
    package mutating func acknowledge(_ ack: Ack) {
        guard let allowed = allowedByteCount else { return }
        allowedByteCount = max(allowed, ack.limit)
        guard ack.stream == stream, ack.epoch == epoch else { return }
        let received = min(ack.receivedNext, unsentSequence)
        let archived = min(ack.archivedNext, received)
        receivedNext = max(receivedNext, received)
        archivedNext = max(archivedNext, archived)
        let freeing = acknowledgement == .archive ? archived : received
        free(held.prefix { $0.last < freeing }.count)
        // After a reconnection the broker may have more than it could say before.
        while sentItems < held.count, held[sentItems].last < received { sentItems += 1 }
        assert(isConsistent)
    }

    /// The next thing to send; it counts as sent.
    ///
    /// - Returns: `nil` when there is nothing, no session, or no allowance left.
    package mutating func next() -> Item? {
        guard let allowed = allowedByteCount, sentItems < held.count else { return nil }
        let item = held[sentItems]
        guard item.frame == nil || isAllowed(item, allowed) else { return nil }
        sentByteCount += UInt64(item.byteCount)
        unsentSequence = max(unsentSequence, item.last + 1)
        sentItems += 1
        if item.frame == nil { joinGap(before: sentItems) }
        if acknowledgement == .none { free(sentItems) }
        guard let frame = item.frame else {
            return .gap(
                Gap(
                    stream: stream,
                    epoch: epoch,
                    first: item.first,
                    last: item.last,
                    reason: .shed
                )
            )
        }
        return .frame(frame, FrameID(stream: stream, epoch: epoch, sequence: item.first))
    }

    /// Whether a frame may go: it fits, or it is the only one under way.
    ///
    /// Without the second rule a window smaller than a frame would be a dead end.
    private func isAllowed(_ item: Held, _ allowed: UInt64) -> Bool {
        let isAlone = sentByteCount == 0 || item.first <= receivedNext
        return sentByteCount + UInt64(item.byteCount) <= allowed
            || (isAlone && sentByteCount < allowed)
    }

    private var isOverfull: Bool {
        heldFrameCount > 1
            && (heldFrameCount > limits.frameCount || heldByteCount > limits.byteCount)
    }

    /// Turns an unsent frame into a gap, or into more of the gap before it.
    private mutating func shedFrame(at index: Int) {
        shedCount += 1
        heldFrameCount -= 1
        heldByteCount -= held[index].byteCount
        if index > sentItems, held[index - 1].frame == nil {
            held[index - 1].last = held[index].last
            held.remove(at: index)
        } else {
            held[index].frame = nil
        }
    }

    /// Makes one gap of the last gap sent and one sent just before it, so that gaps cannot pile up
    /// while nothing is acknowledged.
    private mutating func joinGap(before end: Int) {
        guard end >= 2, held[end - 2].frame == nil else { return }
        held[end - 2].last = held[end - 1].last
        held.remove(at: end - 1)
        sentItems -= 1
    }

    /// Lets go of the oldest `count` items.
    private mutating func free(_ count: Int) {
        for _ in 0..<count {
            guard let freed = held.popFirst() else { break }
            guard freed.frame != nil else { continue }
            freedCount += 1
            heldFrameCount -= 1
            heldByteCount -= freed.byteCount
        }
        sentItems = max(0, sentItems - count)
    }

    /// Numbers what is held anew; the gaps stay behind with the old epoch.
    private mutating func renumber(epoch: UInt64) {
        self.epoch = epoch
        held.removeAll { $0.frame == nil }
        for index in held.indices {
            held[index].first = UInt64(index)
            held[index].last = UInt64(index)
        }
        nextSequence = UInt64(held.count)
        unsentSequence = 0
    }

    private var isConsistent: Bool {
        let isContiguous = zip(held, held.dropFirst()).allSatisfy { $0.last + 1 == $1.first }
        let endsRight = held.last.map { $0.last + 1 == nextSequence } ?? true
        return isContiguous && endsRight && sentItems <= held.count
            && held.count <= 2 * heldFrameCount + 2
            && heldFrameCount == held.count { $0.frame != nil }
            && heldByteCount == held.reduce(0) { $0 + $1.byteCount }
    }
}
