import CLinux

#if canImport(Glibc)
import Glibc
#endif

/// A bell that any thread can ring and one thread waits for among its sockets: an `eventfd`.
package final class WakeUp: Sendable {
    /// For ``Poller/add(fileDescriptor:_:)``: readable from a ring until ``drain()``.
    package let fileDescriptor: Int32

    /// A silent bell.
    ///
    /// - Throws: `EMFILE` when the process has no file descriptors left.
    package init() throws(ZeroMQError) {
        let descriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        guard descriptor >= 0 else { throw ZeroMQError(code: errno, operation: "eventfd") }
        fileDescriptor = descriptor
    }

    deinit { close(fileDescriptor) }

    /// Rings, without waiting.
    ///
    /// Many rings before a ``drain()`` are one.
    package func signal() {
        // Fails only when 2^64 - 2 rings are pending, and then it is readable anyway.
        eventfd_write(fileDescriptor, 1)
    }

    /// Silences the bell; call it before looking at what the ringer left.
    ///
    /// - Returns: Whether it had been rung.
    @discardableResult
    package func drain() -> Bool {
        var count: eventfd_t = 0
        return unsafe eventfd_read(fileDescriptor, &count) == 0
    }
}
