import Routing
import Wire

/// Small messages for peers, gathered so that those for one peer leave together.
///
/// Only for peers that have said that they read bundles; one thread uses it, the loop's, which hands
/// over what was gathered whenever it has dealt with what came.
struct Outboxes: ~Copyable {
    /// What is gathered for one peer; an object, as an array holds nothing that cannot be copied.
    final class Outbox {
        fileprivate(set) var peer: PeerID
        var body = BundleBody()
        /// The leases in it.
        fileprivate(set) var tokens: [UInt64] = []

        fileprivate init(peer: PeerID) { self.peer = peer }
    }

    private struct Reader {
        let peer: PeerID
        var room = BundleRoom()
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
        guard let reader = readers[peer.index], let index = reader.outbox else { return true }
        return outboxes[index].body.hasRoom(for: byteCount, in: reader.room)
    }

    /// What was gathered for the peer was full.
    mutating func growRoom(of peer: PeerID) { readers[peer.index]?.room.grow() }

    /// Begins a message for a peer that reads bundles, once there is room.
    ///
    /// - Parameters:
    ///   - peer: Whom it is for.
    ///   - parts: How many follow.
    ///   - token: The lease in it, if it is one.
    /// - Returns: Its place among those that are open, good until the next one is closed.
    mutating func open(for peer: PeerID, parts: Int, token: UInt64? = nil) -> Int {
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
        outboxes[index].body.begin(parts: parts)
        return index
    }

    /// What is gathered for one peer.
    subscript(index: Int) -> Outbox { outboxes[index] }

    /// Where something is gathered for a peer, if anything is.
    func place(of peer: PeerID) -> Int? {
        reads(peer) ? readers[peer.index]?.outbox : nil
    }

    /// The latest place where something is gathered, if anything is.
    var last: Int? { openCount > 0 ? openCount - 1 : nil }

    /// Forgets what was gathered in a place, once it was handed over.
    mutating func close(_ index: Int) {
        readers[outboxes[index].peer.index]?.outbox = nil
        outboxes[index].body.removeAll()
        outboxes[index].tokens.removeAll(keepingCapacity: true)
        openCount -= 1
        if index < openCount {
            outboxes.swapAt(index, openCount)
            readers[outboxes[index].peer.index]?.outbox = index
        }
    }
}
