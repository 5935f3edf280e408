internal import Wire

/// The one first-in-first-out way of frames, results and records to the archive.
///
/// An item stays until the archive has committed it; a new session of the archive begins again with
/// the first one.
struct ArchiveLane {
    struct Item {
        enum Kind {
            case frame(Slot, stream: Int, Place, camera: PeerID)
            case result(Slot, group: Int, run: UInt32, stream: Int, isFailure: Bool)
            indirect case record(Record)
        }

        let kind: Kind
        let byteCount: Int
    }

    struct Session {
        let peer: PeerID
        let creditMessages: Int
        let creditBytes: Int
        /// Whether it has told everything it knows.
        var isReady = false
        /// Items at the front that were sent in this session.
        var sent = 0
        var sentBytes = 0
        /// Items of this session that are committed.
        var committed: UInt64 = 0
        /// Items at the front that may have been sent in a session before this one.
        var resent = 0
        /// Why it commits nothing for now; empty while it does.
        var trouble = ""
    }

    /// What a result in memory costs beside its bytes.
    let overhead: Int
    private(set) var items = Queue<Item>()
    /// Bytes of the results here, with what they cost beside.
    private(set) var resultBytes = 0
    var session: Session?
    /// Whether an archive has ever been ready.
    var wasReady = false

    /// The way to an archive that has not come yet.
    init(overhead: Int) { self.overhead = overhead }

    var isReady: Bool { session?.isReady ?? false }

    /// Whether the first item may have been committed in a session before this one.
    var isResent: Bool { (session?.resent ?? 0) > 0 }

    /// The archive has told everything: what waits goes on its way, again or for the first time.
    mutating func begin() {
        wasReady = true
        session?.isReady = true
        session?.resent = items.count
    }

    mutating func append(_ item: Item) {
        items.append(item)
        if case .result = item.kind { resultBytes += item.byteCount + overhead }
    }

    /// The next item to send, if the archive has credit for it; counts it as sent.
    mutating func takeForSending() -> (peer: PeerID, item: Item)? {
        guard var session, session.isReady, session.sent < items.count,
            session.sent < session.creditMessages
        else { return nil }
        let item = items[session.sent]
        // One item larger than the whole credit goes when nothing else is under way.
        let fits = session.sentBytes + item.byteCount <= session.creditBytes
        guard fits || session.sent == 0 else { return nil }
        session.sent += 1
        session.sentBytes += item.byteCount
        self.session = session
        return (session.peer, item)
    }

    /// How many items `count` commits anew, or `nil` when it says what cannot be.
    func newlyCommitted(through count: UInt64) -> Int? {
        guard let session, count >= session.committed else { return nil }
        let fresh = count - session.committed
        return fresh <= UInt64(session.sent) ? Int(fresh) : nil
    }

    /// What ``resultBytes`` has to be.
    var countedResultBytes: Int {
        (0..<items.count).reduce(0) {
            if case .result = items[$1].kind { $0 + items[$1].byteCount + overhead } else { $0 }
        }
    }

    /// Takes the first item out: it is on disk.
    mutating func popCommitted() -> Item? {
        guard let item = items.popFirst() else { return nil }
        session?.committed += 1
        session?.sent -= 1
        if isResent { session?.resent -= 1 }
        session?.sentBytes -= item.byteCount
        if case .result = item.kind { resultBytes -= item.byteCount + overhead }
        return item
    }
}
