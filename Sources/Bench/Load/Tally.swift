import Dispatch
import Histogram
import Synchronization

/// What the workers of a load have done, each frame counted once.
final class Tally: Sendable {
    /// Latencies in nanoseconds with three digits, up to an hour.
    static func latencies() -> Histogram<UInt64> {
        Histogram(highestTrackableValue: 3_600_000_000_000, numberOfSignificantValueDigits: .three)
    }

    /// How it stands.
    struct Standing: Sendable {
        /// Different frames.
        var frames = 0
        /// Payload bytes of them.
        var bytes = 0
        /// Frames that came once more.
        var again = 0
        /// Frames whose payload was not what the camera sent.
        var damaged = 0
        /// When the last one was done.
        var last: ContinuousClock.Instant?
    }

    private struct State {
        var standing = Standing()
        var expected: Int?
        var seen: [String: [UInt64]] = [:]
    }

    private let state = Mutex(State())
    private let backlogs: [String: Backlog]
    private let complete = DispatchSemaphore(value: 0)

    /// - Parameter backlogs: Of the streams whose cameras wait for the workers.
    init(backlogs: [String: Backlog] = [:]) { self.backlogs = backlogs }

    /// Counts a frame.
    ///
    /// - Parameters:
    ///   - stream: Its stream.
    ///   - sequence: Its place there, below 2^32.
    ///   - byteCount: Bytes of its payload.
    ///   - isIntact: Whether they were what the camera sent.
    func count(_ stream: String, _ sequence: UInt64, byteCount: Int, isIntact: Bool) {
        let (isNew, isComplete) = state.withLock { state in
            let (word, bit) = (Int(sequence / 64), UInt64(1) << (sequence % 64))
            var isNew = false
            state.seen[stream, default: []].mark(word, bit, &isNew)
            if isNew {
                state.standing.frames += 1
                state.standing.bytes += byteCount
            } else {
                state.standing.again += 1
            }
            if !isIntact { state.standing.damaged += 1 }
            state.standing.last = .now
            return (isNew, isNew && state.standing.frames == state.expected)
        }
        if isNew { backlogs[stream]?.countDone() }
        if isComplete { complete.signal() }
    }

    /// How it stands now.
    var standing: Standing { state.withLock { $0.standing } }

    /// Waits until so many different frames are done; returns whether they are, in time.
    func wait(for frames: Int, patience: Duration) -> Bool {
        let isThere = state.withLock { state in
            state.expected = frames
            return state.standing.frames >= frames
        }
        if isThere { return true }
        let nanoseconds = Int(patience / .nanoseconds(1))
        return complete.wait(timeout: .now() + .nanoseconds(nanoseconds)) == .success
    }
}

extension [UInt64] {
    /// Sets a bit; says whether it was not set before.
    fileprivate mutating func mark(_ word: Int, _ bit: UInt64, _ isNew: inout Bool) {
        if word >= count { append(contentsOf: repeatElement(0, count: word + 64 - count)) }
        isNew = self[word] & bit == 0
        self[word] |= bit
    }
}
