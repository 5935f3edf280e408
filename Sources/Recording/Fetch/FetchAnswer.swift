internal import Wire

/// The answer to one FETCH as it comes together.
struct FetchAnswer {
    private let fetch: Fetch
    private let owed: [Place]
    private let reachesEnd: Bool
    private let head: Place?
    private let owedFrames: UInt64
    private var next = 0
    private var last: Place?
    private var sentBytes: UInt64 = 0
    /// Frames sent so far.
    private(set) var sentFrames = 0
    /// Whether frames that were asked for are left for the next request.
    var isCutShort = false

    /// Notes what is owed now, so that frames and end tell of the same moment.
    init(_ fetch: Fetch, _ committer: Committer) {
        self.fetch = fetch
        (owed, reachesEnd, head, owedFrames) = committer.withState { state in
            var owed: [Place] = []
            var after = fetch.after
            var reachesEnd = false
            while owed.count < Int(min(fetch.frames, 4_096)), !reachesEnd {
                let place = state.debts.next(of: fetch.run, stream: fetch.stream, after: after)
                if let place { owed.append(place) } else { reachesEnd = true }
                after = place
            }
            let next = state.streams[fetch.stream]
            let head = next.flatMap { next in
                next.sequence > 0 ? Place(epoch: next.epoch, sequence: next.sequence - 1) : nil
            }
            let count = state.debts.count(of: fetch.run, stream: fetch.stream)
            if !reachesEnd {
                reachesEnd =
                    state.debts
                    .next(of: fetch.run, stream: fetch.stream, after: owed.last) == nil
            }
            return (owed, reachesEnd, head, count)
        }
    }

    /// The next owed place, or `nil` when all that was asked for has been dealt with.
    mutating func nextPlace() -> Place? {
        guard next < owed.count else { return nil }
        return owed[next]
    }

    /// Whether a frame of so many bytes may still go; otherwise the answer is cut short.
    mutating func hasRoom(for byteCount: Int) -> Bool {
        // One frame larger than everything asked for goes alone.
        let fits = sentFrames == 0 || sentBytes + UInt64(byteCount) <= fetch.bytes
        if !fits { isCutShort = true }
        return fits
    }

    /// Notes that the frame at `place` was sent.
    mutating func send(_ place: Place, byteCount: Int) {
        skip(place)
        sentFrames += 1
        sentBytes += UInt64(byteCount)
    }

    /// Notes that the frame at `place` cannot be sent.
    mutating func skip(_ place: Place) {
        next += 1
        last = place
    }

    /// How the answer ends.
    func end() -> End {
        let isHead = reachesEnd && !isCutShort
        // At the head of the live run everything is dealt with, also frames that are not owed.
        let reached = isHead && fetch.run.number == 0 ? head : nil
        let through = [reached, last, fetch.after].compactMap { $0 }.max()
        return End(
            run: fetch.run,
            stream: fetch.stream,
            through: through,
            isHead: isHead,
            owedFrames: owedFrames,
            owedBytes: 0
        )
    }
}

extension End {
    /// The answer to a request for which no frame is due, or can be read now.
    static func nothingYet(_ fetch: Fetch, owedFrames: UInt64) -> End {
        End(
            run: fetch.run,
            stream: fetch.stream,
            through: fetch.after,
            isHead: false,
            owedFrames: owedFrames,
            owedBytes: 0
        )
    }
}
