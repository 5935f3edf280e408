internal import Wire

/// One member of one group.
struct Worker {
    let peer: PeerID
    let name: String
    let model: String
    let group: Int
    /// Whether it has left; its place may be used again.
    var isGone = false
    let creditFrames: Int
    let creditBytes: Int
    /// How many of its leases are started: the first so many.
    let slots: Int
    /// Its unanswered leases, oldest first; expired ones too, since their credit is still out.
    var leases = Queue<UInt64>()
    var leasedBytes = 0
    var answered: UInt64 = 0
    /// Its number in both ladders of its group.
    var rung = 0
    /// Under order `stream`: how many feeds it owns.
    var ownedFeeds = 0
    /// Under order `stream`: feeds whose next frame waits for its credit, in turn.
    var parked = Queue<Int>()
    /// Whether it holds a suspect, and therefore gets nothing beside it.
    var isAlone = false
    /// Whether it was told to wait, as its group is not recorded yet.
    var waits = false
    /// Whether a lease could not be sent to it: it gets nothing more.
    var isUnreachable = false
    /// Whether the deadlines of all it has started have passed: it gets nothing until it answers.
    var hangs = false

    /// Whether it may get a frame, if that is small enough; kept by ``Router/place(_:hasMoreRoom:)``.
    var mayTake = false

    /// Whether its leases leave room for another one, if that is small enough.
    var hasRoom: Bool {
        leases.count < creditFrames && !isAlone && !hangs && !isGone && !isUnreachable
            && (leases.isEmpty || leasedBytes < creditBytes)
    }
}

/// A frame in a worker's hands.
struct Lease {
    let worker: Int
    let group: Int
    let feed: Int
    let run: UInt32
    let stream: Int
    var entry: Entry
    let grantedAt: Duration
    /// When the worker was free to start it; `nil` while it is only prefetched.
    var startedAt: Duration?
    /// Whether the frame is not this lease's any more, as its deadline has passed or an earlier
    /// lease of it was answered late; the credit is still out.
    var isExpired = false

    mutating func start(at now: Duration) {
        if startedAt == nil { startedAt = now }
    }
}

/// All leases, each under a token that is never used again.
struct LeaseTable {
    private var leases: [Lease?] = []
    private var generations: [UInt32] = []
    private var free: [Int] = []

    mutating func insert(_ lease: Lease) -> UInt64 {
        let index: Int
        if let last = free.popLast() {
            index = last
            leases[index] = lease
        } else {
            index = leases.count
            leases.append(lease)
            generations.append(1)
        }
        return UInt64(generations[index]) << 32 | UInt64(index)
    }

    /// All leases, expired ones too.
    var all: [Lease] { leases.compactMap(\.self) }

    private func index(of token: UInt64) -> Int? {
        let index = Int(token & 0xFFFF_FFFF)
        guard index < leases.count, UInt64(generations[index]) == token >> 32 else { return nil }
        return index
    }

    subscript(token: UInt64) -> Lease? {
        get { index(of: token).flatMap { leases[$0] } }
        set {
            guard let index = index(of: token) else { return }
            leases[index] = newValue
        }
    }

    /// The worker is free to start the lease now.
    mutating func start(_ token: UInt64, at now: Duration) {
        guard let index = index(of: token) else { return }
        leases[index]?.start(at: now)
    }

    /// Ends a lease; its token names none any more.
    mutating func remove(_ token: UInt64) {
        guard let index = index(of: token) else { return }
        leases[index] = nil
        generations[index] &+= 1
        free.append(index)
    }
}
