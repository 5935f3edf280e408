import CZeroMQ

/// One part of a ZeroMQ message; owns a `zmq_msg_t` and closes it exactly once.
///
/// The `zmq_msg_t` lives on the heap because libzmq stores small payloads inside it: were the
/// struct moved, a pointer into its bytes would dangle (libzmq issue 4136). Use one message on one
/// thread at a time; handing it to another thread is fine, and so is using a ``reference()`` there.
@safe
package struct Message: ~Copyable, Sendable {
    // Owned by one thread at a time: zmq_msg_init(3).
    nonisolated(unsafe) let raw: UnsafeMutablePointer<zmq_msg_t>

    /// An empty part, ready to be received into.
    package init() {
        unsafe raw = .allocate(capacity: 1)
        unsafe zmq_msg_init(raw)  // Documented never to fail.
    }

    /// Takes over initialised storage.
    init(adopting raw: UnsafeMutablePointer<zmq_msg_t>) { unsafe self.raw = raw }

    /// A part of `byteCount` bytes of undefined content; fill it by ``withMutableBytes(_:)``.
    ///
    /// - Parameter byteCount: Size in bytes, 0 or more.
    /// - Throws: `ENOMEM` when libzmq cannot allocate them.
    package init(byteCount: Int) throws(ZeroMQError) {
        precondition(byteCount >= 0, "a message cannot have \(byteCount) bytes")
        let raw = UnsafeMutablePointer<zmq_msg_t>.allocate(capacity: 1)
        guard unsafe zmq_msg_init_size(raw, byteCount) == 0 else {
            let error = ZeroMQError.last("zmq_msg_init_size")
            unsafe raw.deallocate()
            throw error
        }
        unsafe self.raw = raw
    }

    /// A part holding a copy of `bytes`.
    ///
    /// - Throws: `ENOMEM` when libzmq cannot allocate them.
    package init(copying bytes: RawSpan) throws(ZeroMQError) {
        try self.init(byteCount: bytes.byteCount)
        unsafe bytes.withUnsafeBytes { unsafe Self.fill(raw, from: $0) }
    }

    /// A part holding a copy of `bytes`.
    ///
    /// - Throws: `ENOMEM` when libzmq cannot allocate them.
    package init(copying bytes: [UInt8]) throws(ZeroMQError) {
        try unsafe self.init(copying: bytes.span.bytes)
    }

    /// A part that takes `bytes` over where they lie, and deallocates them when nobody needs them.
    ///
    /// - Throws: `ENOMEM` when libzmq cannot allocate what goes with them; they are deallocated then.
    package init(adopting bytes: UnsafeMutableRawBufferPointer) throws(ZeroMQError) {
        let raw = UnsafeMutablePointer<zmq_msg_t>.allocate(capacity: 1)
        let result = unsafe zmq_msg_init_data(
            raw,
            bytes.baseAddress,
            bytes.count,
            { bytes, _ in unsafe bytes?.deallocate() },
            nil
        )
        guard result == 0 else {
            let error = ZeroMQError.last("zmq_msg_init_data")
            unsafe raw.deallocate()
            unsafe bytes.deallocate()
            throw error
        }
        unsafe self.raw = raw
    }

    deinit {
        unsafe zmq_msg_close(raw)
        unsafe raw.deallocate()
    }

    /// Size in bytes.
    package var byteCount: Int { unsafe zmq_msg_size(raw) }

    /// Whether another part of the same message follows the one received here.
    package var hasMore: Bool { unsafe zmq_msg_more(raw) != 0 }

    /// The address of the peer that a received part came from, such as `10.0.0.7`; `nil` when the
    /// transport has none, or the part was not received.
    package var peerAddress: String? {
        guard let address = unsafe zmq_msg_gets(raw, "Peer-Address") else { return nil }
        let text = unsafe String(cString: address)
        return text.isEmpty ? nil : text
    }

    /// The bytes, where they lie.
    package var bytes: RawSpan {
        @_lifetime(borrow self)
        borrowing get {
            let bytes = unsafe UnsafeRawBufferPointer(start: zmq_msg_data(raw), count: byteCount)
            return unsafe _overrideLifetime(RawSpan(_unsafeBytes: bytes), borrowing: self)
        }
    }

    /// Lends the bytes to `body` without copying them.
    package borrowing func withBytes<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let bytes = unsafe UnsafeRawBufferPointer(start: zmq_msg_data(raw), count: byteCount)
        return try unsafe body(RawSpan(_unsafeBytes: bytes))
    }

    /// Lends the bytes to `body` to be written.
    ///
    /// Only for a message that was not sent, received or referenced yet: references share bytes.
    package mutating func withMutableBytes<Result, Failure: Error>(
        _ body: (inout MutableRawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let bytes = unsafe UnsafeMutableRawBufferPointer(
            start: zmq_msg_data(raw),
            count: byteCount
        )
        var span = unsafe MutableRawSpan(_unsafeBytes: bytes)
        return try body(&span)
    }

    /// Copies the bytes out.
    package borrowing func copyBytes() -> [UInt8] {
        unsafe [UInt8](UnsafeRawBufferPointer(start: zmq_msg_data(raw), count: byteCount))
    }

    /// Another message with the same bytes, which live until the last of the two is gone.
    ///
    /// Costs one small allocation, whatever the size.
    package borrowing func reference() -> Message {
        let other = Message()
        other.share(self)
        return other
    }

    /// Lets go of the content; the message is then empty and may be received into.
    package mutating func clear() {
        unsafe zmq_msg_close(raw)
        unsafe zmq_msg_init(raw)
    }

    /// Gives a small message received from a socket memory of its own.
    ///
    /// libzmq does not copy a part that fits into its 8 KiB receive buffer: it keeps the whole
    /// buffer alive. Call this before keeping such a part for long, and after reading ``hasMore``,
    /// which is false from then on.
    ///
    /// - Parameter limit: Parts of this many bytes or more have memory of their own already.
    /// - Throws: `ENOMEM` when libzmq cannot allocate the copy.
    package mutating func detach(below limit: Int = 8_192) throws(ZeroMQError) {
        guard byteCount < limit else { return }
        var copy = zmq_msg_t()
        guard unsafe zmq_msg_init_size(&copy, byteCount) == 0 else {
            throw .last("zmq_msg_init_size")
        }
        unsafe Self.fill(
            &copy,
            from: UnsafeRawBufferPointer(start: zmq_msg_data(raw), count: byteCount)
        )
        unsafe zmq_msg_move(raw, &copy)  // Fails only for an invalid message, and both are valid.
        unsafe zmq_msg_close(&copy)
    }

    /// Makes this message share the bytes of `source`, letting go of its own.
    borrowing func share(_ source: borrowing Message) {
        let result = unsafe zmq_msg_copy(raw, source.raw)
        precondition(result == 0, "zmq_msg_copy refuses a valid message")
    }

    /// Gives the storage away without closing it.
    consuming func surrender() -> UnsafeMutablePointer<zmq_msg_t> {
        let raw = unsafe raw
        discard self
        return unsafe raw
    }

    private static func fill(
        _ message: UnsafeMutablePointer<zmq_msg_t>,
        from source: UnsafeRawBufferPointer
    ) {
        guard let start = source.baseAddress, unsafe !source.isEmpty else { return }
        unsafe zmq_msg_data(message).copyMemory(from: start, byteCount: source.count)
    }
}
