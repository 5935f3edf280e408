import CZeroMQ

/// A ZeroMQ context; share one per process.
///
/// Every ``Socket`` retains its context, so it ends after its last socket.
@safe
package final class Context: Sendable {
    nonisolated(unsafe) let raw: UnsafeMutableRawPointer  // Thread-safe: see zmq(7).

    /// Creates a context.
    ///
    /// - Parameters:
    ///   - ioThreadCount: Threads that libzmq moves bytes with, at least 1; one carries about a gigabyte
    ///     a second.
    ///   - socketCount: Sockets at a time at most; one whose connections are watched counts as three.
    /// - Throws: `EMFILE` when the process has no file descriptors left.
    package init(ioThreadCount: Int32 = 1, socketCount: Int32 = 1_023) throws(ZeroMQError) {
        precondition(ioThreadCount >= 1, "a ZeroMQ context needs a thread to move bytes with")
        guard let raw = unsafe zmq_ctx_new() else { throw .last("zmq_ctx_new") }
        unsafe self.raw = raw
        try unsafe ZeroMQError.check(
            zmq_ctx_set(raw, ZMQ_IO_THREADS, ioThreadCount),
            "zmq_ctx_set"
        )
        try unsafe ZeroMQError.check(zmq_ctx_set(raw, ZMQ_MAX_SOCKETS, socketCount), "zmq_ctx_set")
    }

    deinit {
        // No socket is open, so this waits at most for the linger of those that were closed.
        while unsafe zmq_ctx_term(raw) != 0 {
            let error = ZeroMQError.last("zmq_ctx_term")
            precondition(error.isInterruption, "a ZeroMQ context was ended twice")
        }
    }
}

extension Context {
    /// The version of libzmq that is in use, such as `4.3.4`.
    package static var libraryVersion: String {
        var (major, minor, patch) = (Int32(0), Int32(0), Int32(0))
        unsafe zmq_version(&major, &minor, &patch)
        return "\(major).\(minor).\(patch)"
    }
}
