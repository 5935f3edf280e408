internal import Wire

/// A frame that a group has to see, before a worker has it.
struct Entry {
    let place: Place
    let slot: Slot
    let byteCount: Int
    /// How often it was tried so far.
    var attempts: UInt16 = 0
    /// When the broker got it.
    let arrivedAt: Duration
}

/// The way of one stream's frames into one run of a group.
struct Feed {
    /// Where its frames come from.
    enum Source: Equatable {
        /// The camera's frames are queued as they come (`latest` and `queue`).
        case pushed
        /// A durable group reads along in the stream's ring; the index of its next frame.
        case live(Int)
        /// Frames come from the archive by FETCH: a durable group that is behind, or a replay.
        case behind
    }

    /// Where it waits for its turn.
    enum Turn: Equatable {
        /// Nowhere: it has no frame, or one that may be poison comes first.
        case idle
        /// In its group's rotation.
        case inRotation
        /// Under order `stream`: with the one worker that may have its frames, for credit.
        case parked(on: Int)
    }

    let run: UInt32
    let stream: Int
    var source: Source
    /// Frames at or before this place are never queued again; of durable groups and replays.
    var cursor: Place?
    /// When about the first frame came that it has not: known once it fell behind or was fetched from.
    var behindSince: Duration?
    /// Whether it waits for its turn to have frames asked for.
    var isHungry = false
    /// Whether a FETCH is under way.
    var isFetching = false
    /// Where the cursor was when it was sent.
    var askedAfter: Place?
    /// Of the room kept for its answer, what no frame has taken yet, in bytes.
    var askedBytes = 0
    /// Whether the archive has nothing more behind the cursor (a replay's end).
    var isDrained = false
    /// Whether the run is over: to be forgotten as soon as no frame of it is about.
    var isOver = false
    /// Whether the archive of this session has named the run; of replays.
    var isNamed = false
    /// What the archive has said of it, and what was committed since.
    var account = Account()
    /// Frames ready to be leased: returned ones, then pushed or fetched ones; in order.
    var queue = Queue<Entry>()
    var queuedBytes = 0
    var leased = 0
    /// Under order `stream`: the worker that gets all its frames.
    var owner: Int?
    /// Under order `stream`: counts how often the feed has changed hands in its group.
    var assignment: UInt64 = 0
    /// Frames that wait as suspects of the group.
    var suspected = 0
    /// What it may send in this round, in bytes (deficit round robin).
    var deficit = 0
    /// Whether it has had nothing yet of what it may send in this round.
    var isFresh = false
    /// How often it gave way since it last had its turn; under `latest`.
    var gaveWay = 0
    /// Whether it was parked in its turn and goes on with it now, before all that wait behind it.
    var goesOn = false
    var turn = Turn.idle

    var isReplay: Bool { run > 0 }

    mutating func append(_ entry: Entry) {
        queue.append(entry)
        queuedBytes += entry.byteCount
    }

    /// Puts a frame back that a worker could not finish, before the younger ones.
    mutating func putBack(_ entry: Entry) {
        let offset = queue.firstIndex { $0.place > entry.place } ?? queue.count
        queue.insert(entry, at: offset)
        queuedBytes += entry.byteCount
    }

    mutating func popFirst() -> Entry? {
        guard let entry = queue.popFirst() else { return nil }
        queuedBytes -= entry.byteCount
        return entry
    }

    mutating func remove(place: Place) -> Entry? {
        guard let offset = queue.firstIndex(where: { $0.place == place }) else { return nil }
        let entry = queue.remove(at: offset)
        queuedBytes -= entry.byteCount
        return entry
    }
}
