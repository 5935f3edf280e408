import Routing
import SharedMemory
import Wire
import ZeroMQ

/// The memory that the broker shares with peers of its host, so that payloads need not go through their
/// connections.
///
/// Each camera has an arena of its own, which the broker makes and the camera fills; workers and archives
/// read it. A peer takes part when it could open memory that the broker named, and not otherwise: then its
/// payloads go as they always do. One thread uses it, the loop's.
final class Sharing {
    /// A camera's memory, as long as the camera or a payload needs it.
    final class Arena {
        let memory: SharedMemory
        /// By block: the bytes of the payload that begins there and that a slot holds, 0 where none does.
        private var held: [Int32]
        private var count = 0
        /// Whether the camera's session is over.
        private var isOrphan = false

        fileprivate init(_ memory: SharedMemory) {
            self.memory = memory
            held = Array(repeating: 0, count: memory.byteCount / SharedArena.blockByteCount)
        }

        fileprivate var isUnused: Bool { isOrphan && count == 0 }

        fileprivate func hold(_ place: Place) {
            if held[place.block] == 0 { count += 1 }
            held[place.block] = Int32(clamping: place.byteCount)
        }

        fileprivate func release(_ place: Place) {
            if held[place.block] > 0 { count -= 1 }
            held[place.block] = 0
            if isOrphan { tidy() }
        }

        /// Keeps only what slots hold: the camera, which would give the rest back, has gone.
        fileprivate func abandon() {
            isOrphan = true
            tidy()
        }

        private func tidy() {
            var places: [UInt64: Int] = [:]
            for (block, byteCount) in held.enumerated() where byteCount > 0 {
                places[UInt64(block * SharedArena.blockByteCount)] = Int(byteCount)
            }
            SharedArena.abandon(memory, but: places)
        }
    }

    /// Where a payload lies.
    struct Place {
        let arena: Arena
        let offset: UInt64
        let byteCount: Int

        fileprivate var block: Int { Int(offset) / SharedArena.blockByteCount }
    }

    private struct Peer {
        let id: PeerID
        let isCamera: Bool
        var hasAsked = false
        /// Whether it could open what the broker named.
        var reads = false
        var arena: Arena?
        /// The arenas that it was told of.
        var told: Set<UInt64> = []
    }

    /// Whether anything is shared at all.
    private let isOn: Bool
    /// Workers, viewers and archives that get payloads as bytes.
    private var outsiders: Set<PeerID> = []
    /// By the session's index.
    private var peers: [Peer?] = []
    /// What readers open to show that they can.
    private let probe: SharedMemory?
    /// Arenas that nobody needs any more, and whose readers are to be told.
    private var ended: [UInt64] = []

    init(isOn: Bool) {
        probe = isOn ? SharedMemory(creating: 4_096, key: Self.newKey()) : nil
        self.isOn = isOn && probe != nil
    }

    // MARK: Peers

    /// A peer was welcomed.
    func welcome(_ peer: PeerID, at address: String?, isCamera: Bool) {
        guard isOn, !knows(peer) else { return }
        // Until it has shown that it is none.
        if !isCamera { outsiders.insert(peer) }
        guard Self.isThisHost(address) else { return }
        while peers.count <= peer.index { peers.append(nil) }
        peers[peer.index] = Peer(id: peer, isCamera: isCamera)
    }

    /// Whether every worker and archive with a session reads payloads where they lie, so that none has to be
    /// copied out for one that does not.
    var hasReadersOnly: Bool { outsiders.isEmpty }

    /// Whether the peer has a session and is of this host.
    func knows(_ peer: PeerID) -> Bool {
        peer.index < peers.count && peers[peer.index]?.id == peer
    }

    /// A peer asks for memory, or says that it could open it.
    ///
    /// - Returns: What to tell it.
    func handle(_ message: Memory, from peer: PeerID) -> Memory? {
        guard knows(peer), let known = peers[peer.index] else { return nil }
        guard message.key == 0 else {
            if message.key == probe?.key {
                peers[peer.index]?.reads = true
                outsiders.remove(peer)
            }
            return nil
        }
        guard !known.hasAsked else { return nil }
        peers[peer.index]?.hasAsked = true
        guard known.isCamera else { return probe.map { Memory(key: $0.key, path: $0.path) } }
        let made = SharedMemory(creating: SharedArena.byteCount, key: Self.newKey())
        guard let memory = made else { return nil }
        peers[peer.index]?.arena = Arena(memory)
        return Memory(key: memory.key, path: memory.path)
    }

    func forget(_ peer: PeerID) {
        outsiders.remove(peer)
        guard knows(peer) else { return }
        let arena = peers[peer.index]?.arena
        peers[peer.index] = nil
        guard let arena else { return }
        arena.abandon()
        if arena.isUnused { ended.append(arena.memory.key) }
    }

    // MARK: Payloads

    /// Where the payload lies that a camera has put into its memory.
    ///
    /// - Returns: `nil` when that is not in its memory.
    func place(_ payload: SharedPayload, byteCount: Int, from peer: PeerID) -> Place? {
        guard knows(peer), let arena = peers[peer.index]?.arena, arena.memory.key == payload.key,
            payload.offset >= UInt64(SharedArena.blockByteCount),
            payload.offset % UInt64(SharedArena.blockByteCount) == 0,
            arena.memory.holds(byteCount, at: payload.offset)
        else { return nil }
        return Place(arena: arena, offset: payload.offset, byteCount: byteCount)
    }

    /// A slot holds the payload from now on.
    func hold(_ place: Place) { place.arena.hold(place) }

    /// No slot holds the payload any more.
    func release(_ place: Place) {
        giveBack(place)
        place.arena.release(place)
        if place.arena.isUnused { ended.append(place.arena.memory.key) }
    }

    /// The payload was never held.
    func giveBack(_ place: Place) {
        SharedArena.giveBack(place.offset, in: place.arena.memory)
    }

    // MARK: Readers

    /// Whether a peer reads payloads where they lie.
    func reads(_ peer: PeerID) -> Bool { knows(peer) && peers[peer.index]?.reads == true }

    /// What a reader has to know before it is sent the place of a payload; `nil` when it does.
    func introduction(of place: Place, to peer: PeerID) -> Memory? {
        let memory = place.arena.memory
        guard knows(peer), peers[peer.index]?.told.contains(memory.key) == false else { return nil }
        return Memory(key: memory.key, path: memory.path)
    }

    /// A reader was told of the memory.
    func noteIntroduction(of place: Place, to peer: PeerID) {
        guard knows(peer) else { return }
        peers[peer.index]?.told.insert(place.arena.memory.key)
    }

    /// The arenas that are gone since the last time, each with a reader that knows it.
    func takeEnded() -> [(peer: PeerID, key: UInt64)] {
        guard !ended.isEmpty else { return [] }
        var news: [(peer: PeerID, key: UInt64)] = []
        for index in peers.indices {
            for key in ended where peers[index]?.told.remove(key) != nil {
                if let peer = peers[index]?.id { news.append((peer, key)) }
            }
        }
        ended.removeAll()
        return news
    }

    // MARK: Parts

    private static func newKey() -> UInt64 { .random(in: 1 ... .max) }

    /// Whether an address is one of this host; that of a Unix socket is `localhost:UID:GID:PID`.
    private static func isThisHost(_ address: String?) -> Bool {
        guard let address else { return false }
        return ["127.", "::ffff:127.", "localhost:"].contains { address.hasPrefix($0) }
            || address == "::1"
    }
}
