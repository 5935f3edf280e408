internal import DequeModule
internal import Dispatch
internal import Synchronization
internal import Wire

/// What waits to be committed: filled by several threads, emptied by the committing one.
final class Inbox: Sendable {
    /// One thing to commit.
    enum Item: Sendable {
        /// A message of a broker's session; one that says nothing is counted only.
        case message(LogEntry?, session: UInt64)
        /// Records of the archive's own, kept together, and who waits for them.
        case own([LogRecord], Receipt?)
        /// Records of another archive, kept together.
        case transfer(Transfer)
        /// Begin a new segment, and who waits for it.
        case roll(Receipt)

        var byteCount: Int {
            switch self {
            case .message(let entry, _): entry?.byteCount ?? 0
            case .transfer(let transfer): transfer.byteCount
            case .own, .roll: 0
            }
        }

        /// Whether it comes from a broker.
        var isMessage: Bool { if case .message = self { true } else { false } }

        /// How many frames, results and other records these are: `2 frames and 1 result were`.
        static func words(for items: [Item]) -> String {
            var (frames, results, others) = (0, 0, 0)
            for item in items {
                switch item {
                case .message(let entry, _):
                    switch entry?.record {
                    case .frame: frames += 1
                    case .result: results += 1
                    default: others += 1
                    }
                case .own(let records, _): others += records.count
                case .transfer(let transfer): others += transfer.records.count
                case .roll: break
                }
            }
            let counts = [(frames, "frame"), (results, "result"), (others, "other record")]
            let parts = counts.filter { $0.0 > 0 }.map { "\($0) \($1)\($0 == 1 ? "" : "s")" }
            let list =
                parts.count < 2
                ? parts.joined()
                : parts.dropLast().joined(separator: ", ") + " and " + (parts.last ?? "")
            let total = frames + results + others
            return "\(list.isEmpty ? "nothing" : list) \(total > 1 ? "were" : "was")"
        }
    }

    private struct Waiting: Sendable {
        var items: Deque<Item> = []
        var arriving: Set<String> = []
        var isClosed = false
        var hasSleeper = false
        /// Whether messages are not given out for now.
        var isHeld = false
    }

    private let limit: Int
    private let waiting = Mutex(Waiting())
    private let bell = DispatchSemaphore(value: 0)

    /// An inbox of `limit` items at most.
    init(limit: Int) { self.limit = limit }

    /// Puts an item at the end; returns whether there was room, and the inbox is not closed.
    func offer(_ item: Item) -> Bool {
        let (isTaken, rings) = waiting.withLock { waiting in
            guard !waiting.isClosed, waiting.items.count < limit else {
                return (false, false)
            }
            waiting.items.append(item)
            if case .message(let entry?, _) = item, case .frame(let frame) = entry.record {
                waiting.arriving.insert(frame.id.stream)
            }
            defer { waiting.hasSleeper = false }
            return (true, waiting.hasSleeper)
        }
        if rings { bell.signal() }
        return isTaken
    }

    /// The streams of which a broker has sent frames so far.
    var arriving: Set<String> { waiting.withLock { $0.arriving } }

    /// Throws away the messages of sessions before `session`; their broker sends them again.
    func forget(before session: UInt64) {
        waiting.withLock { waiting in
            waiting.items.removeAll { item in
                if case .message(_, let other) = item { other < session } else { false }
            }
        }
    }

    /// Gives out no messages of brokers until it is told otherwise; the archive's own records go on.
    func hold(_ isHeld: Bool) {
        waiting.withLock { $0.isHeld = isHeld }
        bell.signal()
    }

    /// Takes no more in; what is there is still given out.
    func close() {
        waiting.withLock { $0.isClosed = true }
        bell.signal()
    }

    /// Waits for items and moves up to `byteLimit` bytes of them, but one at least, into `batch`.
    ///
    /// - Returns: `false` when the inbox is closed and empty.
    func take(into batch: inout [Item], byteLimit: Int) -> Bool {
        while true {
            let hasEnded: Bool? = waiting.withLock { waiting in
                if waiting.isHeld {
                    let own = waiting.items.filter { !$0.isMessage }
                    if !own.isEmpty {
                        waiting.items.removeAll { !$0.isMessage }
                        batch += own
                        return false
                    }
                } else if !waiting.items.isEmpty {
                    move(from: &waiting, into: &batch, byteLimit: byteLimit)
                    return false
                }
                if waiting.isClosed { return true }
                waiting.hasSleeper = true
                return nil
            }
            if let hasEnded { return !hasEnded }
            bell.wait()
        }
    }

    /// Waits, but no longer than until the inbox is closed; returns whether it is.
    func wait(for time: DispatchTimeInterval) -> Bool {
        let deadline = DispatchTime.now() + time
        repeat {
            if waiting.withLock({ $0.isClosed }) { return true }
        } while bell.wait(timeout: deadline) == .success
        return false
    }

    private func move(
        from waiting: inout Waiting,
        into batch: inout [Item],
        byteLimit: Int
    ) {
        var byteCount = 0
        while let item = waiting.items.first {
            byteCount += item.byteCount
            guard batch.isEmpty || byteCount <= byteLimit else { break }
            // At once, or what is committed would stay in memory.
            batch.append(waiting.items.removeFirst())
        }
    }
}

/// Lets one thread wait for records of the archive's own to be committed.
final class Receipt: Sendable {
    private let failure = Mutex<RecordingError?>(nil)
    private let bell = DispatchSemaphore(value: 0)

    /// Tells the waiting thread that they are committed, or why not.
    func settle(_ failure: RecordingError?) {
        self.failure.withLock { $0 = $0 ?? failure }  // The first word counts.
        bell.signal()
    }

    /// Waits so long for them to be committed; returns whether they are.
    func wait(for time: DispatchTimeInterval) throws(RecordingError) -> Bool {
        guard bell.wait(timeout: .now() + time) == .success else { return false }
        if let failure = failure.withLock({ $0 }) { throw failure }
        return true
    }

    /// Waits until they are committed.
    func wait() throws(RecordingError) {
        bell.wait()
        if let failure = failure.withLock({ $0 }) { throw failure }
    }
}
