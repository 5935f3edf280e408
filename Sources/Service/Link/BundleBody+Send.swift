package import Wire
package import ZeroMQ

extension BundleBody {
    /// Sends what was gathered, in a bundle if it is more than one message; to a router's peer, address it
    /// first.
    ///
    /// - Returns: What became of it; only the first part can be refused.
    /// - Throws: ``ZeroMQError`` for what no peer can cause.
    package borrowing func send(
        through socket: borrowing Socket
    ) throws(ZeroMQError) -> Socket.SendOutcome {
        guard count == 1 else {
            let outcome = try socket.send(copying: Bundle(count: count).encoded(), more: true)
            guard outcome == .sent else { return outcome }
            return try socket.send(copying: bytes)
        }
        var reader = BundleReader(Bundle(count: 1))
        let all = unsafe bytes.span.bytes
        guard let parts = try? reader.next(in: all) else {
            preconditionFailure("a body holds what was put into it")
        }
        for index in 0..<parts.count {
            let part = all.extracting(parts[index])
            let outcome = try socket.send(copying: part, more: index < parts.count - 1)
            guard outcome == .sent else { return outcome }
        }
        return .sent
    }
}
