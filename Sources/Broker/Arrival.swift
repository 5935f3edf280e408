import Wire
import ZeroMQ

/// What comes from the sockets, one message after the other: who sent it, and up to three parts.
struct Arrival: ~Copyable {
    private(set) var identity = Message()
    private var first = Message()
    private var second = Message()
    private var third = Message()
    /// Parts that came behind the identity, those that nothing is made of too.
    private(set) var partCount = 0

    /// Where the peer's connection comes from, as long as the first part is here.
    ///
    /// The identity does not always know.
    var address: String? { partCount > 0 ? first.peerAddress : nil }

    /// The first part.
    var header: RawSpan {
        @_lifetime(borrow self)
        get { partCount > 0 ? first.bytes : RawSpan() }
    }

    /// Whether it may be a bundle that holds messages.
    var isBundle: Bool { header.messageType == .bundle && partCount == 2 }

    /// Receives the next message; of parts that no message has, only their number is kept.
    ///
    /// - Parameter socket: A router.
    /// - Returns: Whether there was one.
    /// - Throws: ``ZeroMQError`` for what no peer can cause.
    mutating func receive(from socket: borrowing Socket) throws -> Bool {
        partCount = 0
        guard try socket.receive(into: &identity) else { return false }
        var hasMore = identity.hasMore
        while hasMore {
            switch partCount {
            case 0: hasMore = try socket.receive(into: &first) && first.hasMore
            case 1: hasMore = try socket.receive(into: &second) && second.hasMore
            case 2: hasMore = try socket.receive(into: &third) && third.hasMore
            default:
                var rest = Message()
                hasMore = try socket.receive(into: &rest) && rest.hasMore
            }
            partCount += 1
        }
        return true
    }

    /// Gives a part away, for an empty one of `pool`.
    ///
    /// - Parameters:
    ///   - index: Counted from 0.
    ///   - pool: Where empty ones are.
    /// - Returns: The part; `nil` when it did not come.
    mutating func take(_ index: Int, for pool: inout MessagePool) -> Message? {
        guard index < partCount else { return nil }
        var part = pool.take()
        switch index {
        case 0: swap(&part, &first)
        case 1: swap(&part, &second)
        default: swap(&part, &third)
        }
        return part
    }
}
