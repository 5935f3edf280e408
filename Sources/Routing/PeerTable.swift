/// All sessions, found by the index in their name.
struct PeerTable {
    /// The session's name by its index, `nil` where there is none.
    private var ids: [PeerID?] = []
    private var peers: [Router.Peer] = []

    /// Whether there is a session of that name.
    func has(_ id: PeerID) -> Bool { id.index < ids.count && ids[id.index] == id }

    /// The session of that name, `nil` when there is none.
    subscript(id: PeerID) -> Router.Peer? {
        get { has(id) ? peers[id.index] : nil }
        set {
            guard let newValue else {
                if has(id) { ids[id.index] = nil }
                return
            }
            while ids.count <= id.index {
                ids.append(nil)
                peers.append(newValue)
            }
            ids[id.index] = id
            peers[id.index] = newValue
        }
    }

    /// Marks a sign of life; returns what the session is, `nil` when there is none.
    mutating func hear(_ id: PeerID, at now: Duration) -> Router.Role? {
        guard has(id) else { return nil }
        peers[id.index].lastHeard = now
        return peers[id.index].role
    }

    /// Ends a session; returns what it was.
    mutating func remove(_ id: PeerID) -> Router.Peer? {
        defer { self[id] = nil }
        return self[id]
    }

    /// The names of all, always in the same order.
    var all: [PeerID] { ids.compactMap(\.self) }
}
