import Foundation
import Glibc
import Synchronization
import TestSupport

/// A bad link: it carries TCP connections to another address, slowly, and breaks them.
///
/// One thread carries everything; it ends, and with it every connection, when ``close()`` is called.
final class Proxy: Sendable {
    /// How bad the link is.
    struct Behaviour: Sendable {
        /// Bytes a second from the client on, over all connections; nil for no limit.
        var bytesPerSecond: Int?
        /// Each connection is cut once so many bytes have come from its client; nil for never.
        var cutsAfter: Int?
        /// Whether connections are closed as soon as they are there, and open ones too.
        var refuses = false
    }

    /// What has happened so far.
    struct Record: Sendable {
        /// Connections carried on.
        var carried = 0
        /// Connections closed at once.
        var refused = 0
        /// Connections cut after ``Behaviour/cutsAfter`` bytes.
        var cut = 0
        /// Bytes from clients.
        var byteCount = 0
    }

    private struct State {
        var behaviour: Behaviour
        var record = Record()
        var isClosed = false
    }

    /// The proxy's own address cannot be had.
    struct CannotListen: Error {
        let endpoint: String
        let code: Int32
    }

    /// Where clients connect.
    let endpoint: String
    private let state: Mutex<State>

    /// Listens beside `target`, on the same address.
    ///
    /// - Parameters:
    ///   - target: Where connections go, such as `tcp://127.0.0.1:15550`.
    ///   - port: Where this one listens.
    ///   - behaviour: How bad the link is at first.
    /// - Throws: ``CannotListen``.
    init(to target: String, port: UInt16, _ behaviour: Behaviour) throws {
        let parts = target.dropFirst("tcp://".count).split(separator: ":")
        guard parts.count == 2, let targetPort = UInt16(parts[1]) else {
            throw CannotListen(endpoint: target, code: EINVAL)
        }
        let host = String(parts[0])
        endpoint = "tcp://\(host):\(port)"
        state = Mutex(State(behaviour: behaviour))
        let listener = TCP.newSocket()
        guard TCP.listen(listener, host, port) else {
            defer { Glibc.close(listener) }
            throw CannotListen(endpoint: endpoint, code: errno)
        }
        Thread.detachNewThread { [self] in carry(from: listener, to: host, targetPort) }
    }

    /// What has happened so far.
    var record: Record { state.withLock { $0.record } }

    /// Makes the link better or worse.
    func change(_ body: @Sendable (inout Behaviour) -> Void) {
        state.withLock { body(&$0.behaviour) }
    }

    /// Ends everything.
    func close() { state.withLock { $0.isClosed = true } }

    // MARK: The thread

    /// How long it waits at most before it looks at its settings again, in milliseconds.
    private static let interval: Int32 = 5

    private func carry(from listener: Int32, to host: String, _ port: UInt16) {
        var connections: [Connection] = []
        var allowance = 0.0
        var last = ContinuousClock.now
        defer {
            Glibc.close(listener)
            for connection in connections { connection.close() }
        }
        while true {
            let (behaviour, isClosed) = state.withLock { ($0.behaviour, $0.isClosed) }
            if isClosed { return }
            let now = ContinuousClock.now
            if let rate = behaviour.bytesPerSecond {
                // A tenth of a second's worth at most, so that it stays slow after a pause.
                let fresh = Double(rate) * ((now - last) / .seconds(1))
                allowance = min(allowance + fresh, max(1, Double(rate) / 10))
            } else {
                allowance = Double(Int32.max)
            }
            last = now
            var items = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
            for connection in connections { items += connection.items(mayRead: allowance >= 1) }
            _ = unsafe poll(&items, nfds_t(items.count), Self.interval)
            for index in connections.indices {
                let read = connections[index].move(atMost: Int(allowance))
                allowance -= Double(read)
                state.withLock { $0.record.byteCount += read }
                if let limit = behaviour.cutsAfter, connections[index].byteCount >= limit {
                    connections[index].isOver = true
                    state.withLock { $0.record.cut += 1 }
                }
                if behaviour.refuses { connections[index].isOver = true }
            }
            for connection in connections where connection.isOver { connection.close() }
            connections.removeAll(where: \.isOver)
            if let connection = accept(listener, host, port, refuses: behaviour.refuses) {
                connections.append(connection)
            }
        }
    }

    private func accept(
        _ listener: Int32,
        _ host: String,
        _ port: UInt16,
        refuses: Bool
    ) -> Connection? {
        let client = Glibc.accept(listener, nil, nil)
        guard client >= 0 else { return nil }
        _ = fcntl(client, F_SETFD, FD_CLOEXEC)
        TCP.makeNonBlocking(client)
        let server = TCP.newSocket()
        guard !refuses, TCP.connect(server, host, port) else {
            Glibc.close(client)
            Glibc.close(server)
            state.withLock { $0.record.refused += 1 }
            return nil
        }
        TCP.makeNonBlocking(server)
        state.withLock { $0.record.carried += 1 }
        return Connection(client: client, server: server)
    }
}

/// One connection, and the bytes on their way in both directions.
private struct Connection {
    let client: Int32
    let server: Int32
    /// Bytes that have come from the client.
    private(set) var byteCount = 0
    var isOver = false
    private var up: [UInt8] = []
    private var down: [UInt8] = []

    private static let room = 64 << 10

    init(client: Int32, server: Int32) {
        self.client = client
        self.server = server
    }

    func close() {
        for descriptor in [client, server] {
            // Whoever else may have inherited it: the connection ends now.
            shutdown(descriptor, Int32(SHUT_RDWR))
            Glibc.close(descriptor)
        }
    }

    /// What to wait for.
    func items(mayRead: Bool) -> [pollfd] {
        let readsClient = mayRead && up.count < Self.room
        let fromClient = (readsClient ? POLLIN : 0) | (down.isEmpty ? 0 : POLLOUT)
        let fromServer = (down.count < Self.room ? POLLIN : 0) | (up.isEmpty ? 0 : POLLOUT)
        return [
            pollfd(fd: client, events: Int16(fromClient), revents: 0),
            pollfd(fd: server, events: Int16(fromServer), revents: 0),
        ]
    }

    /// Moves what can be moved.
    ///
    /// - Returns: Bytes read from the client, `limit` at most.
    mutating func move(atMost limit: Int) -> Int {
        let fresh = read(client, atMost: min(limit, Self.room - up.count))
        byteCount += fresh.count
        up += fresh
        down += read(server, atMost: Self.room - down.count)
        up.removeFirst(write(up, to: server))
        down.removeFirst(write(down, to: client))
        return fresh.count
    }

    private mutating func read(_ descriptor: Int32, atMost limit: Int) -> [UInt8] {
        guard limit > 0 else { return [] }
        var buffer = [UInt8](repeating: 0, count: limit)
        let count = unsafe recv(descriptor, &buffer, limit, Int32(MSG_DONTWAIT))
        if count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR) { isOver = true }
        return Array(buffer.prefix(max(0, count)))
    }

    private mutating func write(_ bytes: [UInt8], to descriptor: Int32) -> Int {
        guard !bytes.isEmpty else { return 0 }
        let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
        let count = unsafe send(descriptor, bytes, bytes.count, flags)
        if count < 0 && errno != EAGAIN && errno != EINTR { isOver = true }
        return max(0, count)
    }
}
