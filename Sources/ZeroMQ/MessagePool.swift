import CZeroMQ

/// Empty messages kept for later, so that a busy thread allocates no handle a frame.
///
/// Owned by one thread; the messages may come back from anywhere as long as that thread gives them.
@safe
package struct MessagePool: ~Copyable {
    /// Handles kept at most; more are freed.
    package let capacity: Int
    private var free: [UnsafeMutablePointer<zmq_msg_t>] = unsafe []

    /// An empty pool.
    ///
    /// - Parameter capacity: Handles kept at most, 64 bytes each.
    package init(capacity: Int = 1_024) {
        precondition(capacity >= 0, "a pool cannot hold \(capacity) messages")
        self.capacity = capacity
        unsafe free.reserveCapacity(capacity)
    }

    deinit {
        unsafe free.forEach { unsafe $0.deallocate() }
    }

    /// How many empty messages are at hand.
    package var count: Int { unsafe free.count }

    /// An empty message, new only when none is at hand.
    package mutating func take() -> Message {
        guard let raw = unsafe free.popLast() else { return Message() }
        unsafe zmq_msg_init(raw)
        return unsafe Message(adopting: raw)
    }

    /// A message that shares the bytes of `message`, in storage from the pool.
    package mutating func takeReference(to message: borrowing Message) -> Message {
        let other = take()
        other.share(message)
        return other
    }

    /// Lets go of the content of `message` and keeps its storage.
    package mutating func give(_ message: consuming Message) {
        guard unsafe free.count < capacity else { return }
        let raw = unsafe message.surrender()
        unsafe zmq_msg_close(raw)
        unsafe free.append(raw)
    }
}
