import Foundation
import Glibc
import Synchronization

/// A network camera: JPEG files over HTTP, one behind the other at a steady pace, to one client at a
/// time and whether it keeps up or not.
final class LivePictures: Sendable {
    /// What a camera is given as its source.
    let address: String

    private let files: [Data]
    private let framesPerSecond: Int
    private let isClosed = Mutex(false)

    /// Serves `files`, over and over, at the host of `endpoint`.
    ///
    /// - Throws: ``Proxy/CannotListen``.
    init(_ files: [Data], framesPerSecond: Int, beside endpoint: String, port: UInt16) throws {
        self.files = files
        self.framesPerSecond = framesPerSecond
        let host = endpoint.dropFirst("tcp://".count).prefix { $0 != ":" }
        address = "http://\(host):\(port)/live.mjpg"
        let listener = TCP.newSocket()
        guard TCP.listen(listener, String(host), port) else {
            defer { Glibc.close(listener) }
            throw Proxy.CannotListen(endpoint: address, code: errno)
        }
        Thread.detachNewThread { [self] in
            while !isOver {
                var item = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
                guard unsafe poll(&item, 1, 20) > 0 else { continue }
                let client = Glibc.accept(listener, nil, nil)
                guard client >= 0 else { continue }
                _ = fcntl(client, F_SETFD, FD_CLOEXEC)
                serve(client)
                shutdown(client, Int32(SHUT_RDWR))
                Glibc.close(client)
            }
            Glibc.close(listener)
        }
    }

    /// Ends it.
    func close() { isClosed.withLock { $0 = true } }

    private var isOver: Bool { isClosed.withLock { $0 } }

    private func serve(_ client: Int32) {
        let type = "multipart/x-mixed-replace; boundary=frame"
        guard write("HTTP/1.0 200 OK\r\nContent-Type: \(type)\r\n\r\n", to: client) else { return }
        let begin = ContinuousClock.now
        for number in 0... where !isOver {
            let file = files[number % files.count]
            let fields = "Content-Type: image/jpeg\r\nContent-Length: \(file.count)\r\n"
            let head = Data("--frame\r\n\(fields)\r\n".utf8)
            guard write(head + file + Data("\r\n".utf8), to: client) else { return }
            let due = begin + .seconds(1) * (number + 1) / framesPerSecond
            Thread.sleep(forTimeInterval: max(0, (due - .now) / .seconds(1)))
            if isOver { return }
        }
    }

    private func write(_ text: String, to client: Int32) -> Bool {
        write(Data(text.utf8), to: client)
    }

    private func write(_ data: Data, to client: Int32) -> Bool {
        var rest = [UInt8](data)
        while !rest.isEmpty {
            let count = unsafe send(client, rest, rest.count, Int32(MSG_NOSIGNAL))
            guard count > 0 else { return false }
            rest.removeFirst(count)
        }
        return true
    }
}
