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
    private var routes: [PeerID: Route] = [:]
    private var lastPeer: UInt64 = 0

    /// The session on a connection; a new one when there is none.
    mutating func peer(on route: Route) -> PeerID {
        if let peer = peers[route] { return peer }
        lastPeer += 1
        let peer = PeerID(lastPeer)
        peers[route] = peer
        routes[peer] = route
        return peer
    }

    subscript(peer: PeerID) -> Route? { routes[peer] }

    mutating func forget(_ peer: PeerID) {
        guard let route = routes.removeValue(forKey: peer) else { return }
        peers[route] = nil
    }

    /// All sessions, in the order begun.
    var all: [PeerID] { routes.keys.sorted { $0.value < $1.value } }
}
