import Routing
import SharedMemory
import Wire
import ZeroMQ

/// The memory that the broker shares with peers of its host, so that payloads need not go through their
/// connections.
///
/// Each camera has an arena of its own, which the broker makes and the camera fills; workers and archives
/// read it. A peer takes part when it could open memory that the broker named, and not otherwise: then its
/// payloads go as they always do.
struct Sharing {
    /// A camera's memory, as long as the camera or a payload needs it.
    final class Arena {
        let memory: SharedMemory
        /// Payloads in it that slots hold.
        fileprivate(set) var payloads = 0
        /// Whether the camera's session is over.
        fileprivate(set) var isOrphan = false

        fileprivate init(_ memory: SharedMemory) { self.memory = memory }
    }

    /// Where a payload lies.
    struct Place {
        let arena: Arena
        let offset: UInt64
        let byteCount: Int
    }

    private struct Peer {
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
    private var peers: [PeerID: Peer] = [:]
    /// What readers open to show that they can.
    private let probe: SharedMemory?
    private var arenas: [UInt64: Arena] = [:]
    /// Arenas that nobody needs any more, and whose readers are to be told.
    private var ended: [UInt64] = []

    init(isOn: Bool) {
        probe = isOn ? SharedMemory(creating: 4_096, key: Self.newKey()) : nil
        self.isOn = isOn && probe != nil
    }

    // MARK: Peers

    /// A peer was welcomed.
    mutating func welcome(_ peer: PeerID, at address: String?, isCamera: Bool) {
        guard isOn, peers[peer] == nil, Self.isThisHost(address) else { return }
        peers[peer] = Peer(isCamera: isCamera)
    }

    /// A peer asks for memory, or says that it could open it.
    ///
    /// - Returns: What to tell it.
    mutating func handle(_ message: Memory, from peer: PeerID) -> Memory? {
        guard var known = peers[peer] else { return nil }
        defer { peers[peer] = known }
        guard message.key == 0 else {
            if message.key == probe?.key { known.reads = true }
            return nil
        }
        guard !known.hasAsked else { return nil }
        known.hasAsked = true
        guard known.isCamera else { return probe.map { Memory(key: $0.key, path: $0.path) } }
        let made = SharedMemory(creating: SharedArena.byteCount, key: Self.newKey())
        guard let memory = made else { return nil }
        let arena = Arena(memory)
        known.arena = arena
        arenas[memory.key] = arena
        return Memory(key: memory.key, path: memory.path)
    }

    mutating func forget(_ peer: PeerID) {
        guard let known = peers.removeValue(forKey: peer), let arena = known.arena else { return }
        arena.isOrphan = true
        endIfUnused(arena)
    }

    // MARK: Payloads

    /// Where the payload lies that a camera has put into its memory.
    ///
    /// - Returns: `nil` when that is not in its memory.
    func place(_ payload: SharedPayload, byteCount: Int, from peer: PeerID) -> Place? {
        guard let arena = peers[peer]?.arena, arena.memory.key == payload.key,
            payload.offset >= UInt64(SharedArena.blockByteCount),
            arena.memory.holds(byteCount, at: payload.offset)
        else { return nil }
        return Place(arena: arena, offset: payload.offset, byteCount: byteCount)
    }

    /// A slot holds the payload from now on.
    func hold(_ place: Place) { place.arena.payloads += 1 }

    /// No slot holds the payload any more.
    mutating func release(_ place: Place) {
        place.arena.payloads -= 1
        giveBack(place)
        endIfUnused(place.arena)
    }

    /// The payload was never held.
    func giveBack(_ place: Place) {
        SharedArena.giveBack(place.offset, in: place.arena.memory)
    }

    private mutating func endIfUnused(_ arena: Arena) {
        guard arena.isOrphan, arena.payloads == 0 else { return }
        arenas[arena.memory.key] = nil
        ended.append(arena.memory.key)
    }

    // MARK: Readers

    /// Whether a peer reads payloads where they lie.
    func reads(_ peer: PeerID) -> Bool { peers[peer]?.reads ?? false }

    /// What a reader has to know before it is sent the place of a payload; `nil` when it does.
    mutating func introduction(of place: Place, to peer: PeerID) -> Memory? {
        let memory = place.arena.memory
        guard peers[peer]?.told.insert(memory.key).inserted == true else { return nil }
        return Memory(key: memory.key, path: memory.path)
    }

    /// The arenas that are gone since the last time, each with a reader that knows it.
    mutating func takeEnded() -> [(peer: PeerID, key: UInt64)] {
        guard !ended.isEmpty else { return [] }
        var news: [(peer: PeerID, key: UInt64)] = []
        for peer in peers.keys where peers[peer]?.reads == true {
            for key in ended where peers[peer]?.told.remove(key) != nil {
                news.append((peer, key))
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
