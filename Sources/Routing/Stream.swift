internal import Wire

/// One camera's ordered frames, as far as the broker knows them.
struct Stream {
    /// Who is read by which feed of the live run.
    struct Subscription {
        let group: Int
        let feed: Int
    }

    let name: String
    var camera: Camera?
    /// The newest epoch, and the sequence that comes next in it.
    var next = Place(epoch: 0, sequence: 0)
    /// The first sequence of the newest epoch that the archive has not committed.
    var archivedNext: UInt64 = 0
    /// The newest place that the archive has committed of what was sent to it.
    var committedThrough: Place?
    var ring = Ring()
    var subscriptions: [Subscription] = []
    /// How many of the subscriptions are of durable groups.
    var durableSubscriptions = 0
    /// Frames that nobody will get, not yet on the way to the archive, as more may follow.
    var openGap: Gap?
    /// Whether ``Router/flush()`` has to look at the stream.
    var isDirty = false
    /// Whether its camera wants a larger window than there was room for.
    var isHungry = false

    /// Frames put on the way to the archive, and those of them that it has committed.
    var keptFrames: UInt64 = 0
    var committedFrames: UInt64 = 0
    /// Frames on their way again that the archive has already, by what it said at the beginning.
    var resentFrames: UInt64 = 0
    /// What the archive said when its session began: the place that comes next there.
    var archiveNext: Place?

    var frameCount: UInt64 = 0
    var byteCount: UInt64 = 0
    /// Frames that the camera announced as shed; ends at the largest number of the protocol.
    private(set) var shedCount: UInt64 = 0
    /// Frames missing without an announcement; ends at the largest number of the protocol.
    private(set) var lostCount: UInt64 = 0

    init(name: String) { self.name = name }

    /// How many of the kept frames the archive's word on a group takes in, if it comes now.
    var countedFrames: UInt64 { committedFrames + resentFrames }

    /// Whether frames of the stream must not flow on while the archive is away.
    var needsArchive: Bool {
        durableSubscriptions > 0 || camera?.acknowledgement == .archive
    }

    /// Notes that its camera has sent so many bytes; returns how many of them were granted to nobody.
    mutating func receive(_ byteCount: Int) -> Int {
        guard var camera else { return 0 }
        let before = max(camera.limit, camera.received)
        camera.received += byteCount
        camera.frameCount += 1
        self.camera = camera
        return max(camera.limit, camera.received) - before
    }

    /// Notes that so many bytes of one of its cameras need not be kept any more.
    mutating func free(_ byteCount: Int, sentBy peer: PeerID) {
        guard var camera, camera.peer == peer else { return }
        camera.freed += byteCount
        self.camera = camera
    }

    /// Makes the open gap longer, if the missing frames are its neighbours.
    ///
    /// - Parameters:
    ///   - missing: Their sequences.
    ///   - epoch: That of the sequences.
    ///   - reason: The gap's, if it matters.
    /// - Returns: Whether they are.
    mutating func extendGap(
        _ missing: ClosedRange<UInt64>,
        _ epoch: UInt64,
        _ reason: Gap.Reason?
    ) -> Bool {
        guard var gap = openGap.take() else { return false }
        let isNeighbour =
            gap.epoch == epoch && gap.last + 1 == missing.lowerBound
            && (reason == nil || gap.reason == reason)
        if isNeighbour { gap.last = missing.upperBound }
        openGap = gap
        return isNeighbour
    }

    mutating func countShed(_ frames: UInt64) { shedCount = Self.sum(shedCount, frames) }
    mutating func countLost(_ frames: UInt64) { lostCount = Self.sum(lostCount, frames) }

    /// Both are at most ``Limits/number``, but a camera may announce as much as it likes.
    private static func sum(_ left: UInt64, _ right: UInt64) -> UInt64 {
        min(left + right, Limits.number)
    }

    /// Marks everything before `next` of the newest epoch as archived.
    mutating func markArchived(before next: Place) {
        guard next.epoch == self.next.epoch else { return }
        archivedNext = max(archivedNext, next.sequence)
    }
}

/// The session of a stream's camera: what it may send, and what of that it has got back.
///
/// All numbers count payload bytes of this session and never go back.
struct Camera {
    let peer: PeerID
    let acknowledgement: CameraWishes.Acknowledgement
    var epoch: UInt64
    /// What it may have under way or uncommitted at a time, as far as there is room.
    var window = 0
    /// What it may have sent.
    var limit = 0
    /// What has come.
    var received = 0
    /// The number of frames that it came in.
    var frameCount = 0
    /// What of that the broker need not keep any more.
    var freed = 0
    /// What was last told, but for the stream's name.
    var lastTold: Told?

    /// What an acknowledgement says.
    struct Told: Equatable {
        let epoch: UInt64
        let receivedNext: UInt64
        let archivedNext: UInt64
        let limit: Int
    }

    /// The payload bytes that fit into `bytes` of memory, if its frames go on as they were so far.
    func share(of bytes: Int, slotBytes: Int) -> Int {
        guard frameCount > 0 else { return bytes }
        let mean = max(1, received / frameCount)
        return max(1, bytes * mean / (mean + slotBytes))
    }

    /// Bytes that the broker keeps until they are committed.
    var held: Int { received - freed }
}
