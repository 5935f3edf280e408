import Logging
import Routing
import Service
import Wire
import ZeroMQ

/// The three sockets of the broker, bound; one thread uses them, the loop's.
final class Sockets {
    /// Where they listen.
    struct Endpoints {
        var ingest: String
        var work: String
        var events: String
    }

    static let eventsHighWater = 65_536

    private let ingest: Socket
    private let work: Socket
    let events: Socket
    /// Handles for references to what is sent on.
    var pool = MessagePool()

    /// Binds all three.
    ///
    /// - Throws: A ``Failure`` that names the endpoint which cannot be bound.
    init(_ endpoints: Endpoints, credit: UInt32, logger: Logger) throws {
        let context = try Context()
        var options = SocketOptions()
        options.largestPartByteCount = Limits.payloadByteCount
        // So long the process waits at its end for GOODBYE to leave.
        options.linger = .milliseconds(200)
        // Twice the largest credit: libzmq hears only from half a queue to half a queue that a peer
        // has read, so up to half of the mark may be taken by what has long been committed.
        options.sendHighWater = 2 * Int(credit) + 256
        options.receiveHighWater = Int(credit) + 64
        ingest = try Socket(.router, in: context, options: options)
        work = try Socket(.router, in: context, options: options)
        var publishing = SocketOptions()
        // One status of everything that the broker may know of has to fit.
        publishing.sendHighWater = Self.eventsHighWater
        events = try Socket(.publish, in: context, options: publishing)
        try events.watchConnections()
        try Self.bind(ingest, to: endpoints.ingest, "cameras", option: "--ingest")
        try Self.bind(work, to: endpoints.work, "workers and the archive", option: "--work")
        try Self.bind(events, to: endpoints.events, "listeners", option: "--events")
        let places = try (ingest.lastEndpoint(), work.lastEndpoint(), events.lastEndpoint())
        logger.info("cameras: \(places.0)  workers and archive: \(places.1)  events: \(places.2)")
    }

    /// Lends the socket behind a door.
    func with<Value>(
        _ door: Routes.Door,
        _ body: (borrowing Socket) throws -> Value
    ) rethrows -> Value {
        switch door {
        case .ingest: try body(ingest)
        case .work: try body(work)
        }
    }

    /// Binds one of the sockets.
    ///
    /// - Parameters:
    ///   - socket: The socket.
    ///   - endpoint: Where.
    ///   - peers: Who connects there, for people.
    ///   - option: What chooses the endpoint.
    /// - Throws: A ``Failure`` that names all of them; of the kind usage when the endpoint is none.
    private static func bind(
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
