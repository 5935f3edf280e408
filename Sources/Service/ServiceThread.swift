import CLinux
import Synchronization
package import ZeroMQ

#if canImport(Glibc)
import Glibc
#endif

/// A thread with a name, which is waited for and whose error is not lost.
///
/// For loops that own a socket or wait: never Swift's cooperative pool.
@safe
package final class ServiceThread: Sendable {
    private final class Body: Sendable {
        let name: String
        let ended: WakeUp?
        let run: @Sendable () throws -> Void
        let outcome = Mutex<Swift.Result<Void, any Error>?>(nil)

        init(name: String, ended: WakeUp?, run: @escaping @Sendable () throws -> Void) {
            self.name = name
            self.ended = ended
            self.run = run
        }
    }

    private static let stackByteCount = 8 << 20

    private let body: Body
    private let handle: Mutex<pthread_t?>

    /// Starts a thread.
    ///
    /// - Parameters:
    ///   - name: Shown by `top -H` and debuggers; its first 15 bytes.
    ///   - ended: Rung when `run` has returned or thrown.
    ///   - run: What it does; what it throws comes out of ``join()``.
    /// - Throws: A ``Failure`` when the system starts no more threads.
    package init(
        _ name: String,
        ended: WakeUp? = nil,
        run: @escaping @Sendable () throws -> Void
    ) throws(Failure) {
        body = Body(name: name, ended: ended, run: run)
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        unsafe pthread_attr_setstacksize(&attributes, Self.stackByteCount)
        var started = pthread_t()
        let argument = unsafe Unmanaged.passRetained(body)
        let code = unsafe pthread_create(
            &started,
            &attributes,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let body = unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                unsafe linux_name_this_thread(body.name)
                let outcome = Swift.Result { try body.run() }
                body.outcome.withLock { $0 = outcome }
                body.ended?.signal()
                return nil
            },
            argument.toOpaque()
        )
        unsafe pthread_attr_destroy(&attributes)
        handle = Mutex(code == 0 ? started : nil)
        guard code == 0 else {
            unsafe argument.release()
            throw Failure(.general, "cannot start the thread \(name): too many threads are running")
        }
    }

    deinit {
        handle.withLock { handle in
            if let thread = handle { pthread_detach(thread) }
        }
    }

    /// Whether the body has returned or thrown; ``join()`` then does not wait.
    package var hasEnded: Bool { body.outcome.withLock { $0 != nil } }

    /// Waits for the end.
    ///
    /// Call it from one thread; more calls give the same outcome.
    ///
    /// - Throws: What the body threw.
    package func join() throws {
        let thread = handle.withLock { handle in
            defer { handle = nil }
            return handle
        }
        if let thread { pthread_join(thread, nil) }
        if let outcome = body.outcome.withLock({ $0 }) { try outcome.get() }
    }
}
