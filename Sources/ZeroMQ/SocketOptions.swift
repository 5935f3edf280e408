/// What a socket is set to before it is bound or connected.
///
/// The defaults are those every socket of this system wants; see zmq_setsockopt(3).
package struct SocketOptions: Sendable {
    /// How long messages not yet sent are kept after closing; 0 throws them away at once.
    package var linger: Duration = .zero
    /// A peer that sends a larger part is cut off, without a word; bytes, nil for no limit.
    package var largestPartByteCount: Int?
    /// Messages queued for one peer before a send would block; 0 for no limit.
    package var sendHighWater: Int = 1_000
    /// Messages received for us and not yet read, for each peer; 0 for no limit.
    package var receiveHighWater: Int = 1_000
    /// Queue only to connections that exist, instead of to those that may come to exist.
    package var immediate = true
    /// A router says so when it does not know a peer, instead of throwing the message away.
    package var routerMandatory = true
    /// Wait of libzmq's own reconnecting; nil leaves it to the owner, who opens a new socket.
    package var reconnectInterval: Duration? = .milliseconds(100)

    /// The defaults.
    package init() {}
}
