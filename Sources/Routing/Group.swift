internal import Wire

/// A consumer group: it sees each frame of its streams once.
struct Group {
    /// Where the live feeds are in ``rotations``.
    static let live = 0
    /// Where the feeds of replays are in ``rotations``.
    static let replays = 1

    /// A frame that was tried twice already, and so goes alone to a worker that holds nothing.
    struct Suspect {
        let feed: Int
        let entry: Entry
    }

    struct FeedKey: Hashable {
        let run: UInt32
        let stream: Int
    }

    let name: String
    /// How it works; `nil` while no worker has said and the archive knows nothing.
    var definition: GroupDefinition? {
        didSet {
            isLatest = definition?.policy == .latest
            isDurable = definition?.policy == .durable
            isOrdered = definition?.order == .stream
        }
    }
    // What of that is asked for each frame.
    private(set) var isLatest = false
    private(set) var isDurable = false
    private(set) var isOrdered = false
    /// Whether the archive has recorded the definition.
    var isRecorded = false
    /// How many records of the definition are on their way to the archive.
    var recordsUnderWay = 0
    /// Whether the archive of this session has said that it has the definition.
    var isConfirmed = false
    /// Whether it is a viewer's: its results are nobody else's business.
    var isViewer = false
    var workers: [Int] = []
    /// Frames that all of them may hold.
    var creditFrames = 0
    /// The workers that may get a frame, by the share of their credit that is out.
    var load = Ladder()
    /// All workers, by the number of feeds that they own; under order `stream`.
    var owners = Ladder()
    /// No worker had room for a frame of so many bytes, and none has got any since.
    var refusedBytes = Int.max
    var feeds: [Feed] = []
    var feedIndices: [FeedKey: Int] = [:]
    /// Feeds that may be used again.
    var freeFeeds: [Int] = []
    /// Feeds that have frames, in turn: the live ones, and those of replays.
    var rotations = [Queue<Int>(), Queue<Int>()]
    /// Feeds of pushed frames, by the bytes that wait in them.
    var fullest = LargestFirst()
    /// The same, by the frames that wait in them.
    var longest = LargestFirst()
    /// Feeds that frames are to be asked for, in turn: the live ones, and those of replays.
    var hungry = [Queue<Int>(), Queue<Int>()]
    /// Which of these two lines comes first the next time.
    var lineToFetch = Group.live
    /// Frames that may be poison, oldest first.
    var suspects = Queue<Suspect>()
    /// The worker that gets nothing new until it holds nothing and can take the first suspect.
    var reservedWorker: Int?
    /// The number of the newest assignment; 0 under order `any`.
    var lastAssignment: UInt64 = 0
    /// Live frames leased since the last one of a replay.
    var liveSinceReplay = 0
    /// Frames and payload bytes that wait in feeds of pushed frames.
    var queuedFrames = 0
    var queuedBytes = 0
    /// Payload bytes that workers hold, and of frames that may be poison.
    var heldBytes = 0
    /// Payload bytes fetched or asked for, and not yet leased: of live feeds, and of replays.
    private(set) var fetchedBytes = (live: 0, replays: 0)

    var published: UInt64 = 0
    var completed: UInt64 = 0
    var failed: UInt64 = 0
    var shed: UInt64 = 0
    var superseded: UInt64 = 0
    var dead: UInt64 = 0
    var replayCompleted: UInt64 = 0

    init(name: String) { self.name = name }

    /// Puts a frame that may be poison behind the others, but before the younger ones of its feed.
    mutating func appendSuspect(_ suspect: Suspect) {
        let offset = suspects.firstIndex {
            $0.feed == suspect.feed && $0.entry.place > suspect.entry.place
        }
        suspects.insert(suspect, at: offset ?? suspects.count)
    }

    /// The first frame that may be poison and whose turn it is.
    ///
    /// Under order `stream` that is when the older frames of its stream are done.
    func offsetOfNextSuspect() -> Int? {
        guard isOrdered else { return suspects.isEmpty ? nil : 0 }
        return suspects.firstIndex { suspect in
            let feed = feeds[suspect.feed]
            guard feed.leased == 0, let head = feed.queue.first else { return feed.leased == 0 }
            return head.place > suspect.entry.place
        }
    }

    /// Whether a frame of the feed that may be poison comes before all that wait in its queue.
    func suspectIsNext(of feed: Int) -> Bool {
        guard feeds[feed].suspected > 0,
            let offset = suspects.firstIndex(where: { $0.feed == feed })
        else { return false }
        guard let head = feeds[feed].queue.first else { return true }
        return suspects[offset].entry.place < head.place
    }

    /// Whether any feed has frames and waits for nobody else.
    var hasTurns: Bool { rotations[Self.live].count > 0 || rotations[Self.replays].count > 0 }

    /// Whether frames are to be asked for.
    var hasHungry: Bool { hungry[Self.live].count > 0 || hungry[Self.replays].count > 0 }

    /// Takes a feed out of the line of those that frames are to be asked for.
    mutating func forgetHunger(of feed: Int) {
        guard feeds[feed].isHungry else { return }
        feeds[feed].isHungry = false
        let kind = feeds[feed].isReplay ? Self.replays : Self.live
        guard let offset = hungry[kind].firstIndex(of: feed) else { return }
        hungry[kind].remove(at: offset)
    }

    /// The feed whose turn it is in a rotation.
    ///
    /// Mutating, as are others on the way of a frame that change nothing: the group is not copied.
    mutating func head(of kind: Int) -> Int? { rotations[kind].first }

    /// Puts a feed that has frames into its rotation, unless it waits for its turn already.
    mutating func activate(_ feed: Int) {
        guard feeds[feed].turn == .idle else { return }
        feeds[feed].turn = .inRotation
        feeds[feed].deficit = 0
        feeds[feed].isFresh = true
        feeds[feed].goesOn = false
        rotations[feeds[feed].isReplay ? Self.replays : Self.live].append(feed)
    }

    /// Takes a feed out of its rotation, if it is there.
    mutating func deactivate(_ feed: Int) {
        guard feeds[feed].turn == .inRotation else { return }
        feeds[feed].turn = .idle
        let rotation = feeds[feed].isReplay ? Self.replays : Self.live
        guard let offset = rotations[rotation].firstIndex(of: feed) else { return }
        rotations[rotation].remove(at: offset)
    }

    /// The feed that gives way when too much waits: the one that holds most of it.
    ///
    /// Most frames when there are too many frames, and most bytes when there are too many bytes: a
    /// stream of large frames does not give way to many small ones.
    ///
    /// Under `latest`, where each holds one frame at most, the one that has given way least often since
    /// it last had its turn, and of those the one whose turn comes last: so each stream is spared in the
    /// end, one of large frames too.
    func feedToGiveWay(hasTooManyFrames: Bool) -> Int? {
        guard isLatest else { return hasTooManyFrames ? longest.largest : fullest.largest }
        let rotation = rotations[Self.live]
        var found: Int?
        for offset in stride(from: rotation.count - 1, through: 0, by: -1) {
            let feed = rotation[offset]
            guard !feeds[feed].queue.isEmpty else { continue }
            if let other = found, feeds[other].gaveWay <= feeds[feed].gaveWay { continue }
            found = feed
        }
        return found ?? fullest.largest
    }

    /// Counts from nothing.
    mutating func forgetLedger() {
        (published, completed, failed) = (0, 0, 0)
        (shed, superseded, dead) = (0, 0, 0)
    }

    /// Puts a feed that was parked to the front of its rotation; one that `goesOn` with its turn
    /// comes before those that are parked behind it.
    mutating func resume(_ feed: Int, goesOn: Bool) {
        feeds[feed].turn = .inRotation
        feeds[feed].goesOn = goesOn
        rotations[feeds[feed].isReplay ? Self.replays : Self.live].prepend(feed)
    }

    /// Keeps the sums right when a frame enters (1) or leaves (-1) a feed's queue.
    mutating func countQueued(_ byteCount: Int, by sign: Int, feed: Int) {
        if feeds[feed].source == .pushed {
            queuedFrames += sign
            queuedBytes += sign * byteCount
            fullest.set(feed, to: feeds[feed].queuedBytes)
            longest.set(feed, to: feeds[feed].queue.count)
        } else {
            countFetched(sign * byteCount, replay: feeds[feed].isReplay)
        }
    }

    /// Keeps the sums right when frames of so many bytes are asked for, come or are leased.
    mutating func countFetched(_ byteCount: Int, replay: Bool) {
        if replay { fetchedBytes.replays += byteCount } else { fetchedBytes.live += byteCount }
    }
}
