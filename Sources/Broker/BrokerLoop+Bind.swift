import Service
import ZeroMQ

extension BrokerLoop {
    /// Binds one of the sockets.
    ///
    /// - Parameters:
    ///   - socket: The socket.
    ///   - endpoint: Where.
    ///   - peers: Who connects there, for people.
    ///   - option: What chooses the endpoint.
    /// - Throws: A ``Failure`` that names all of them; of the kind usage when the endpoint is none.
    static func bind(
        _ socket: borrowing Socket,
        to endpoint: String,
        _ peers: String,
        option: String
    ) throws {
        do {
            try socket.bind(to: endpoint)
        } catch {
            let hint =
                error.isAddressInUse
                ? "another program uses it: stop that one, or choose another \(option)"
                : "\(error.reason.lowercased()): choose another \(option)"
            throw Failure(
                error.isNoEndpoint ? .usage : .general,
                "cannot listen for \(peers) on \(endpoint): \(hint)"
            )
        }
    }
}
