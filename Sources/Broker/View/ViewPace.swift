import Wire

/// Which of the frames that come are saved, and when the next one is asked for.
///
/// Pure: the caller brings the time, which never goes back. The broker sends the next frame when the
/// one before is answered, and that is the newest then. So a frame that comes too early is held,
/// unanswered, until its stream is due; it is passed over, and what comes behind it is fresh.
struct ViewPace {
    /// What becomes of a frame.
    enum Verdict: Equatable {
        /// Save it, and answer at once.
        case save
        /// Pass it over, and answer then.
        case passOver(answerAt: Duration)
        /// It, or a later one of its stream, has come before: answer at once.
        case known
    }

    private struct Seen {
        var place: Place
        var due: Duration
    }

    /// At most one frame of a stream is saved in so long; zero for all.
    let interval: Duration
    private var streams: [String: Seen] = [:]
    /// Frames saved.
    private(set) var saved: UInt64 = 0
    /// Frames not saved, between the first and the newest that came of each stream.
    private(set) var passedOver: UInt64 = 0

    init(interval: Duration) { self.interval = interval }

    /// Takes a frame, and says what becomes of it.
    ///
    /// - Parameters:
    ///   - frame: Its name.
    ///   - deadline: How long it may be held before the broker takes it for lost.
    ///   - now: The time.
    /// - Returns: What to do.
    mutating func take(_ frame: FrameID, deadline: Duration, at now: Duration) -> Verdict {
        let before = streams[frame.stream]
        if let before {
            guard frame.place > before.place else { return .known }
            if before.place.epoch == frame.epoch {
                passedOver += frame.sequence - before.place.sequence - 1
            }
        }
        if let due = before?.due, due > now {
            passedOver += 1
            streams[frame.stream] = Seen(place: frame.place, due: due)
            return .passOver(answerAt: min(due, now + deadline / 2))
        }
        saved += 1
        streams[frame.stream] = Seen(place: frame.place, due: now + interval)
        return .save
    }
}
