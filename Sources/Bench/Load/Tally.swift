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
        /// A bit for each sequence, by the place of the stream.
        var seen: [[UInt64]] = []
        var backlogs: [Backlog?] = []
        var places: [String: Int] = [:]
    }

    private let state = Mutex(State())
    private let backlogs: [String: Backlog]
    private let complete = DispatchSemaphore(value: 0)

    /// - Parameter backlogs: Of the streams whose cameras wait for the workers.
    init(backlogs: [String: Backlog] = [:]) { self.backlogs = backlogs }

    /// Where the frames of a stream are counted.
    func place(of stream: String) -> Int {
        state.withLock { state in
            if let place = state.places[stream] { return place }
            state.places[stream] = state.seen.count
            state.seen.append([])
            state.backlogs.append(backlogs[stream])
            return state.seen.count - 1
        }
    }

    /// Counts a frame.
    ///
    /// - Parameters:
    ///   - place: That of its stream.
    ///   - sequence: Its place there, below 2^32.
    ///   - byteCount: Bytes of its payload.
    ///   - isIntact: Whether they were what the camera sent.
    ///   - now: When it was done.
    func count(
        _ place: Int,
        _ sequence: UInt64,
        byteCount: Int,
        isIntact: Bool,
        at now: ContinuousClock.Instant
    ) {
        let (backlog, isComplete) = state.withLock { state in
            let (word, bit) = (Int(sequence / 64), UInt64(1) << (sequence % 64))
            var isNew = false
            state.seen[place].mark(word, bit, &isNew)
            if isNew {
                state.standing.frames += 1
                state.standing.bytes += byteCount
            } else {
                state.standing.again += 1
            }
            if !isIntact { state.standing.damaged += 1 }
            state.standing.last = now
            let isComplete = isNew && state.standing.frames == state.expected
            return (isNew ? state.backlogs[place] : nil, isComplete)
        }
        backlog?.countDone()
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
