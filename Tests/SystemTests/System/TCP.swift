import Glibc

/// Plain TCP over IPv4, for what no ZeroMQ socket would do.
enum TCP {
    static func newSocket() -> Int32 {
        socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    }

    /// Listens without ever waiting in `accept`.
    static func listen(_ socket: Int32, _ host: String, _ port: UInt16) -> Bool {
        var on: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        unsafe setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, size)
        makeNonBlocking(socket)
        return unsafe withAddress(host, port) { unsafe bind(socket, $0, $1) } == 0
            && Glibc.listen(socket, 128) == 0
    }

    static func connect(_ socket: Int32, _ host: String, _ port: UInt16) -> Bool {
        unsafe withAddress(host, port) { unsafe Glibc.connect(socket, $0, $1) } == 0
    }

    static func makeNonBlocking(_ socket: Int32) {
        _ = fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK)
    }

    private static func withAddress(
        _ host: String,
        _ port: UInt16,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        unsafe inet_pton(AF_INET, host, &address.sin_addr)
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, size)
            }
        }
    }
}

/// A peer that knows TCP, and of ZeroMQ only the bytes that a test gives it.
final class TCPPeer {
    private let descriptor: Int32

    /// Connects to an endpoint such as `tcp://127.0.0.1:5550`; nil when nobody listens.
    init?(_ endpoint: String) {
        let parts = endpoint.dropFirst("tcp://".count).split(separator: ":")
        descriptor = TCP.newSocket()
        guard parts.count == 2, let port = UInt16(parts[1]),
            TCP.connect(descriptor, String(parts[0]), port)
        else { return nil }
        TCP.makeNonBlocking(descriptor)
    }

    deinit { close(descriptor) }

    /// Writes as much as the connection takes at once.
    ///
    /// - Returns: Bytes written; -1 when the other side has closed it.
    @discardableResult
    func write(_ bytes: [UInt8]) -> Int {
        let count = unsafe send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        return count < 0 && errno == EAGAIN ? 0 : count
    }

    /// Whether the other side has closed the connection; what it said before is thrown away.
    func isCutOff() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
            if count > 0 { continue }
            return count == 0 || (errno != EAGAIN && errno != EINTR)
        }
    }

    /// What a ZeroMQ socket without security says first: greeting, then READY of a DEALER.
    ///
    /// Source: ZMTP 3.0, https://rfc.zeromq.org/spec/23/.
    static let handshake: [UInt8] = {
        var greeting: [UInt8] = [0xff] + Array(repeating: 0, count: 8) + [0x7f, 3, 0]
        greeting += Array("NULL".utf8) + Array(repeating: 0, count: 48)
        let ready =
            [5] + Array("READY".utf8) + [11] + Array("Socket-Type".utf8) + [0, 0, 0, 6]
            + Array("DEALER".utf8)
        return greeting + [4, UInt8(ready.count)] + ready
    }()
}
