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

    subscript(peer: PeerID) -> Route? {
        guard peer.index < sessions.count, let session = sessions[peer.index],
            session.peer == peer
        else { return nil }
        return session.route
    }

    /// Notes where a peer's connection comes from.
    mutating func setAddress(_ address: String?, of peer: PeerID) {
        guard self[peer] != nil else { return }
        sessions[peer.index]?.address = address
    }

    /// Where a peer's connection comes from, if it was noted.
    func address(of peer: PeerID) -> String? {
        self[peer] == nil ? nil : sessions[peer.index]?.address
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
