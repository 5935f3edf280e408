internal import Dispatch
internal import Synchronization
internal import Wire
internal import ZeroMQ

/// What the fetching thread has ready for the broker, bounded in bytes.
final class Outbox: Sendable {
    /// One message for the broker.
    struct Item: Sendable {
        /// What it says: ``Fetched``, ``End``, or a ``Debt`` of which a frame is due now.
        enum Content: Sendable {
            case fetched(Fetched, Record)
            case end(End)
            case due(Debt)
        }

        let content: Content

        var byteCount: Int {
            switch content {
            case .fetched(_, let record): record.byteCount
            case .end, .due: 0
            }
        }
    }

    /// A frame's two parts, to be sent once.
    final class Record: Sendable {
        let header: [UInt8]
        let byteCount: Int
        private let payload: Mutex<Message>

        init(header: [UInt8], payload: consuming Message) {
            self.header = header
            byteCount = payload.byteCount
            self.payload = Mutex(payload)
        }

        /// Lends the payload to be sent, which empties it, or is refused and leaves it.
        func withPayload<Value, Failure: Error>(
            _ body: (inout Message) throws(Failure) -> Value
        ) throws(Failure) -> Value {
            try payload.withLock { (payload) throws(Failure) in try body(&payload) }
        }
    }

    private struct Content: Sendable {
        var session: UInt64 = 0
        var items: [Item] = []
        var taken = 0
        var byteCount = 0
        var isClosed = false
        var hasSleeper = false
    }

    private let byteLimit: Int
    private let content = Mutex(Content())
    private let room = DispatchSemaphore(value: 0)

    /// An outbox of about `byteLimit` payload bytes.
    init(byteLimit: Int) { self.byteLimit = byteLimit }

    /// Whether nothing is waiting to be sent.
    var isEmpty: Bool { content.withLock { $0.taken == $0.items.count } }

    /// Throws everything away and takes items of `session` only from now on.
    func begin(session: UInt64) {
        content.withLock { content in
            content.session = session
            content.items.removeAll()
            content.taken = 0
            content.byteCount = 0
            content.hasSleeper = false
        }
        room.signal()
    }

    /// Takes nothing any more.
    func close() {
        content.withLock { $0.isClosed = true }
        room.signal()
    }

    /// Waits for room and puts an item at the end; returns `false` when its session is over.
    func put(_ item: Item, session: UInt64) -> Bool {
        while true {
            let outcome: Bool? = content.withLock { content in
                guard !content.isClosed, content.session == session else { return false }
                guard content.byteCount == 0 || content.byteCount + item.byteCount <= byteLimit
                else {
                    content.hasSleeper = true
                    return nil
                }
                content.items.append(item)
                content.byteCount += item.byteCount
                return true
            }
            if let outcome { return outcome }
            room.wait()
        }
    }

    /// The next item, which stays until ``removeFirst()``.
    func first() -> Item? {
        content.withLock { $0.taken < $0.items.count ? $0.items[$0.taken] : nil }
    }

    /// Takes the next item out: it is on its way.
    func removeFirst() {
        let rings = content.withLock { content in
            guard content.taken < content.items.count else { return false }
            content.byteCount -= content.items[content.taken].byteCount
            content.taken += 1
            if content.taken == content.items.count {
                content.items.removeAll(keepingCapacity: true)
                content.taken = 0
            }
            defer { content.hasSleeper = false }
            return content.hasSleeper
        }
        if rings { room.signal() }
    }
}
