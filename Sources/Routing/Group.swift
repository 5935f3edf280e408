internal import Wire

/// A consumer group: it sees each frame of its streams once.
struct Group {
    /// Which feeds have frames, and whose turn it is: deficit round robin by bytes.
    ///
    /// Source: Shreedhar and Varghese, "Efficient Fair Queuing Using Deficit Round Robin", 1995.
    struct Rotation {
        /// What a feed may send more with each turn, in bytes.
        static let quantum = 64 << 10
        var feeds = Queue<Int>()
    }

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
    var definition: GroupDefinition?
    /// Whether the archive has recorded the definition.
    var isRecorded = false
    /// How many records of the definition are on their way to the archive.
    var recordsUnderWay = 0
    /// Whether the archive of this session has said that it has the definition.
    var isConfirmed = false
    /// Whether it is a viewer's: its results are nobody else's business.
    var isViewer = false
    var workers: [Int] = []
    var feeds: [Feed] = []
    var feedIndices: [FeedKey: Int] = [:]
    /// Feeds that may be used again.
    var freeFeeds: [Int] = []
    var live = Rotation()
    var replay = Rotation()
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
    /// Payload bytes fetched or asked for, and not yet leased.
    var fetchedBytes = 0

    var published: UInt64 = 0
    var completed: UInt64 = 0
    var failed: UInt64 = 0
    var shed: UInt64 = 0
    var superseded: UInt64 = 0
    var dead: UInt64 = 0
    var replayCompleted: UInt64 = 0

    init(name: String) { self.name = name }

    var isDurable: Bool { definition?.policy == .durable }

    /// Puts a frame that may be poison behind the others, but before the younger ones of its feed.
    mutating func appendSuspect(_ suspect: Suspect) {
        let offset = suspects.firstOffset {
            $0.feed == suspect.feed && $0.entry.place > suspect.entry.place
        }
        suspects.insert(suspect, at: offset ?? suspects.count)
    }

    /// The first frame that may be poison and whose turn it is.
    ///
    /// Under order `stream` that is when the older frames of its stream are done.
    func offsetOfNextSuspect() -> Int? {
        guard definition?.order == .stream else { return suspects.isEmpty ? nil : 0 }
        return suspects.firstOffset { suspect in
            let feed = feeds[suspect.feed]
            guard feed.leased == 0, let head = feed.queue.first else { return feed.leased == 0 }
            return head.place > suspect.entry.place
        }
    }

    /// Whether a frame of the feed that may be poison comes before all that wait in its queue.
    func suspectIsNext(of feed: Int) -> Bool {
        guard feeds[feed].suspected > 0,
            let offset = suspects.firstOffset(where: { $0.feed == feed })
        else { return false }
        guard let head = feeds[feed].queue.first else { return true }
        return suspects[offset].entry.place < head.place
    }

    /// Puts a feed that has frames into its rotation, once.
    mutating func activate(_ feed: Int) {
        guard !feeds[feed].isActive else { return }
        feeds[feed].isActive = true
        feeds[feed].deficit = 0
        if feeds[feed].isReplay { replay.feeds.append(feed) } else { live.feeds.append(feed) }
    }
}
