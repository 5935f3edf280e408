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

    /// A frame that a worker has done.
    struct Done {
        /// That of its stream, see ``Tally/place(of:)``.
        let place: Int
        /// Its number there, below 2^32.
        let sequence: UInt64
        /// Bytes of its payload.
        let byteCount: Int
        /// Whether they were what the camera sent.
        let isIntact: Bool

        init(_ place: Int, _ sequence: UInt64, _ byteCount: Int, isIntact: Bool) {
            self.place = place
            self.sequence = sequence
            self.byteCount = byteCount
            self.isIntact = isIntact
        }
    }

    private struct State {
        var standing = Standing()
        var expected: Int?
        /// A bit for each sequence, by the place of the stream.
        var seen: [[UInt64]] = []
        var backlogs: [Backlog?] = []
        /// Frames of the stream counted now.
        var news: [Int] = []
        var isComplete = false
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
            state.news.append(0)
            return state.seen.count - 1
        }
    }

    /// Counts frames.
    ///
    /// - Parameters:
    ///   - frames: What a worker has done since the last time.
    ///   - last: When the last of them was done.
    func count(_ frames: [Done], last: ContinuousClock.Instant) {
        guard !frames.isEmpty else { return }
        let isComplete = state.withLock { state in
            for frame in frames {
                let isNew = state.seen[frame.place].mark(frame.sequence)
                if isNew {
                    state.standing.frames += 1
                    state.standing.bytes += frame.byteCount
                    state.news[frame.place] += 1
                } else {
                    state.standing.again += 1
                }
                if !frame.isIntact { state.standing.damaged += 1 }
                if isNew, state.standing.frames == state.expected { state.isComplete = true }
            }
            state.standing.last = max(state.standing.last ?? last, last)
            for place in state.news.indices where state.news[place] > 0 {
                state.backlogs[place]?.countDone(state.news[place])
                state.news[place] = 0
            }
            return state.isComplete
        }
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
    fileprivate mutating func mark(_ bit: UInt64) -> Bool {
        let (word, bit) = (Int(bit / 64), UInt64(1) << (bit % 64))
        if word >= count { append(contentsOf: repeatElement(0, count: word + 64 - count)) }
        defer { self[word] |= bit }
        return self[word] & bit == 0
    }
}
