import Routing
import Service
import Wire

/// Small messages for peers, gathered so that those for one peer leave together.
///
/// Only for peers that have said that they read bundles; one thread uses it, the loop's, which hands
/// over what was gathered whenever it has dealt with what came.
struct Outboxes {
    /// What is gathered for one peer.
    struct Outbox {
        fileprivate(set) var peer: PeerID
        fileprivate(set) var body = BundleBody()
        /// The leases in it.
        fileprivate(set) var tokens: [UInt64] = []
    }

    private struct Reader {
        let peer: PeerID
        /// Its place among those that are open; `nil` when nothing is gathered.
        var outbox: Int?
    }

    /// By the session's index.
    private var readers: [Reader?] = []
    /// Those in use first, each used again.
    private var outboxes: [Outbox] = []
    private var openCount = 0

    /// Whether nothing is gathered for anybody.
    var isEmpty: Bool { openCount == 0 }

    /// Whether the peer reads bundles.
    func reads(_ peer: PeerID) -> Bool {
        peer.index < readers.count && readers[peer.index]?.peer == peer
    }

    /// A peer reads bundles from now on.
    mutating func admit(_ peer: PeerID) {
        guard !reads(peer) else { return }
        while readers.count <= peer.index { readers.append(nil) }
        readers[peer.index] = Reader(peer: peer)
    }

    /// A peer is gone, or begins anew; take what was gathered for it first.
    mutating func forget(_ peer: PeerID) {
        if reads(peer) { readers[peer.index] = nil }
    }

    /// Whether a message of so many bytes can be gathered for the peer without handing over first.
    func hasRoom(for byteCount: Int, to peer: PeerID) -> Bool {
        guard let index = readers[peer.index]?.outbox else { return true }
        return outboxes[index].body.hasRoom(for: byteCount)
    }

    /// Lends the body for a message to a peer that reads bundles, once there is room.
    mutating func gather(
        for peer: PeerID,
        token: UInt64? = nil,
        _ body: (inout BundleBody) -> Void
    ) {
        let index: Int
        if let open = readers[peer.index]?.outbox {
            index = open
        } else {
            index = openCount
            openCount += 1
            if index == outboxes.count { outboxes.append(Outbox(peer: peer)) }
            outboxes[index].peer = peer
            readers[peer.index]?.outbox = index
        }
        if let token { outboxes[index].tokens.append(token) }
        body(&outboxes[index].body)
    }

    /// Lends what is gathered for a peer, if anything is, and forgets it.
    mutating func take(for peer: PeerID, _ body: (borrowing Outbox) throws -> Void) rethrows {
        guard reads(peer), let index = readers[peer.index]?.outbox else { return }
        try close(index, body)
    }

    /// Lends the latest of what is gathered, if anything is, and forgets it.
    mutating func takeLast(_ body: (borrowing Outbox) throws -> Void) rethrows {
        guard openCount > 0 else { return }
        try close(openCount - 1, body)
    }

    private mutating func close(
        _ index: Int,
        _ body: (borrowing Outbox) throws -> Void
    ) rethrows {
        defer {
            readers[outboxes[index].peer.index]?.outbox = nil
            outboxes[index].body.removeAll()
            outboxes[index].tokens.removeAll(keepingCapacity: true)
            openCount -= 1
            if index < openCount {
                outboxes.swapAt(index, openCount)
                readers[outboxes[index].peer.index]?.outbox = index
            }
        }
        try body(outboxes[index])
    }
}
