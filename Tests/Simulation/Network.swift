internal import Routing
internal import Wire

/// What a peer sends to the broker; it gets a slot when it arrives.
enum Upstream {
    case event(Event)
    case frame(PeerID, Frame)
    case result(PeerID, Result)
    case fetched(PeerID, Fetched, Frame)
}

/// What the broker sends to a peer, with what the slot held when it was sent.
enum Downstream {
    case welcome(Welcome)
    case refuse(ErrorMessage)
    case ack(Ack)
    case lease(Deliver, Frame)
    case frame(Frame)
    case result(Result)
    case record(Record)
    case fetch(Fetch)
}

/// One queue for each peer and direction: messages of one peer stay in order, those of different
/// peers overtake each other.
struct Network {
    struct Connection {
        let peer: PeerID
        var up: [Upstream] = []
        var down: [Downstream] = []
        /// Whether the peer has left: what it sent before still comes, and nothing reaches it.
        var hasLeft = false
    }

    private(set) var connections: [Connection] = []

    mutating func connect(_ peer: PeerID) { connections.append(Connection(peer: peer)) }

    /// Cuts a peer off; what was under way is lost.
    mutating func cut(_ peer: PeerID) { connections.removeAll { $0.peer == peer } }

    mutating func cutAll() { connections.removeAll() }

    private func index(of peer: PeerID) -> Int? { connections.firstIndex { $0.peer == peer } }

    func isConnected(_ peer: PeerID) -> Bool { index(of: peer) != nil }

    mutating func send(_ message: Upstream, from peer: PeerID) {
        guard let index = index(of: peer) else { return }
        connections[index].up.append(message)
    }

    mutating func send(_ message: Downstream, to peer: PeerID) {
        guard let index = index(of: peer) else { return }
        connections[index].down.append(message)
    }

    /// The peer sends nothing more, and hears nothing.
    mutating func leave(_ peer: PeerID) {
        guard let index = index(of: peer) else { return }
        connections[index].hasLeft = true
        connections[index].down = []
    }

    /// Whether what is sent to the peer arrives.
    func reaches(_ peer: PeerID) -> Bool {
        index(of: peer).map { !connections[$0].hasLeft } ?? false
    }

    var isEmpty: Bool { connections.allSatisfy { $0.up.isEmpty && $0.down.isEmpty } }

    /// How many messages wait for the broker of this peer.
    func waiting(from peer: PeerID) -> Int { index(of: peer).map { connections[$0].up.count } ?? 0 }

    mutating func takeUp(_ index: Int) -> Upstream? {
        connections[index].up.isEmpty ? nil : connections[index].up.removeFirst()
    }

    mutating func takeDown(_ index: Int) -> (peer: PeerID, message: Downstream)? {
        guard !connections[index].down.isEmpty else { return nil }
        return (connections[index].peer, connections[index].down.removeFirst())
    }
}
