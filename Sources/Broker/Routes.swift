import Routing
import ZeroMQ

/// Which connection each session is on.
struct Routes {
    /// The two sockets that peers connect to.
    enum Door: Hashable {
        case ingest, work
    }

    struct Route: Hashable {
        let door: Door
        let routingID: RoutingID
    }

    private var peers: [Route: PeerID] = [:]
    /// By the session's index; `nil` where there is none now.
    private var sessions: [(peer: PeerID, route: Route, address: String?)?] = []
    private var generations: [UInt32] = []
    private var free: [Int] = []

    /// The session on a connection; a new one when there is none.
    mutating func peer(on route: Route) -> PeerID {
        if let peer = peers[route] { return peer }
        let index = free.popLast() ?? sessions.count
        if index == sessions.count {
            sessions.append(nil)
            generations.append(0)
        }
        let peer = PeerID(index: index, generation: generations[index])
        peers[route] = peer
        sessions[index] = (peer, route, nil)
        return peer
    }

    subscript(peer: PeerID) -> Route? { has(peer) ? sessions[peer.index]?.route : nil }

    /// Whether there is such a session.
    func has(_ peer: PeerID) -> Bool {
        peer.index < sessions.count && sessions[peer.index]?.peer == peer
    }

    /// Notes where a peer's connection comes from.
    mutating func setAddress(_ address: String?, of peer: PeerID) {
        guard has(peer) else { return }
        sessions[peer.index]?.address = address
    }

    /// Where a peer's connection comes from, if it was noted.
    func address(of peer: PeerID) -> String? {
        has(peer) ? sessions[peer.index]?.address : nil
    }

    mutating func forget(_ peer: PeerID) {
        guard let route = self[peer] else { return }
        peers[route] = nil
        sessions[peer.index] = nil
        generations[peer.index] += 1
        free.append(peer.index)
    }

    /// All sessions.
    var all: [PeerID] { sessions.compactMap { $0?.peer } }
}
