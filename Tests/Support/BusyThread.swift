internal import Dispatch

/// One thread for what keeps a core busy for long, such as a simulation or a detector.
///
/// Tests share the few threads of Swift's pool: one that computes for seconds would keep tests of
/// processes waiting that only want to look at a clock.
package enum BusyThread {
    private static let queue = DispatchQueue(label: "busy")

    /// Does `work` there, after what others have asked for, and returns what it returns.
    package static func run<Value: Sendable>(
        _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Swift.Result(catching: work)) }
        }
    }
}
