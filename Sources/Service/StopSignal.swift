import CLinux

#if canImport(Glibc)
import Glibc
#endif

/// SIGINT and SIGTERM as something to wait for: a `signalfd` that nobody reads.
///
/// Once raised it stays raised, so every thread that has ``fileDescriptor`` among what it polls
/// wakes up. Create it in `main` before the first thread: a thread keeps the mask it was born with.
package final class StopSignal: Sendable {
    /// Readable from the first signal on, for ever; never read it.
    package let fileDescriptor: Int32

    /// Holds back the signals for this thread and all it will start, and ignores SIGPIPE.
    ///
    /// - Parameter signals: Which ones.
    /// - Throws: A ``Failure`` when the process has no file descriptors left.
    package init(_ signals: [Int32] = [SIGINT, SIGTERM]) throws(Failure) {
        // A reader of our output that went away is an error of that write, not our end.
        signal(SIGPIPE, SIG_IGN)
        var mask = sigset_t()
        unsafe sigemptyset(&mask)
        for number in signals { unsafe sigaddset(&mask, number) }
        unsafe pthread_sigmask(SIG_BLOCK, &mask, nil)
        fileDescriptor = unsafe signalfd(-1, &mask, Int32(SFD_NONBLOCK | SFD_CLOEXEC))
        guard fileDescriptor >= 0 else {
            throw Failure(.general, "cannot wait for signals: too many files are open")
        }
    }

    deinit { close(fileDescriptor) }

    /// Whether a signal has come.
    package var isRaised: Bool { wait(for: .zero) }

    /// Waits for a signal.
    ///
    /// - Parameter timeout: How long at most; nil for ever.
    /// - Returns: Whether one has come.
    @discardableResult
    package func wait(for timeout: Duration?) -> Bool {
        let deadline = timeout.map { ContinuousClock.now + $0 }
        while true {
            var item = pollfd(fd: fileDescriptor, events: Int16(POLLIN), revents: 0)
            let remaining = deadline.map { max(.zero, $0 - .now) }
            let milliseconds = remaining.map { min(Int32.max / 2, Int32(clamping: ceil($0))) } ?? -1
            let count = unsafe poll(&item, 1, milliseconds)
            if count > 0 { return true }
            if count == 0 && (remaining ?? .zero) <= .milliseconds(Int64(milliseconds)) {
                return false
            }
        }
    }

    private func ceil(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        let part = attoseconds / 1_000_000_000_000_000
        return min(seconds, 1_000_000_000) * 1_000 + part
            + (attoseconds % 1_000_000_000_000_000 > 0 ? 1 : 0)
    }
}
