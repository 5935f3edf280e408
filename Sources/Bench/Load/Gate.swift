import Dispatch
import Service
import Synchronization

/// Lets all cameras and workers of a load begin in the same moment, when all of them are connected,
/// and tells the workers when to end.
final class Gate: Sendable {
    /// The moment in which all begin.
    struct Beginning: Sendable, Equatable {
        let instant: ContinuousClock.Instant
        /// The same by the wall clock, in nanoseconds since 1970.
        let wall: Int64
    }

    /// From the last arrival to the beginning, so that all have heard of it.
    static let lead = Duration.milliseconds(100)

    private struct State {
        var missing: Int
        var beginning: Beginning?
    }

    private let parties: Int
    private let state: Mutex<State>
    private let closed = Atomic(false)
    private let warned = Atomic(false)
    private let opened = DispatchSemaphore(value: 0)

    /// A gate that waits for so many.
    init(parties: Int) {
        self.parties = parties
        state = Mutex(State(missing: parties))
        if parties == 0 { opened.signal() }
    }

    /// Says that one more is connected.
    func arrive() {
        let isLast = state.withLock { state in
            // Who comes to help later is not waited for.
            guard state.missing > 0 else { return false }
            state.missing -= 1
            guard state.missing == 0 else { return false }
            state.beginning = Beginning(
                instant: .now + Self.lead,
                wall: WallClock.nanoseconds + Int64(Self.lead / .nanoseconds(1))
            )
            return true
        }
        if isLast { opened.signal() }
    }

    /// When all begin; `nil` while some are missing.
    var beginning: Beginning? { state.withLock { $0.beginning } }

    /// Waits until all are connected.
    ///
    /// - Throws: A ``Failure`` when they are not within `patience`.
    func wait(for patience: Duration) throws(Failure) {
        let nanoseconds = Int(patience / .nanoseconds(1))
        guard opened.wait(timeout: .now() + .nanoseconds(nanoseconds)) == .success else {
            let missing = state.withLock { $0.missing }
            throw Failure(
                .unreachable,
                "\(missing) of \(parties) cameras and workers were not let in within "
                    + "\(Readable.duration(patience)): is the broker there, and an archive?"
            )
        }
    }

    /// Whether nobody has asked this before: one warning does for all.
    var isFirstToWarn: Bool { !warned.exchange(true, ordering: .relaxed) }

    /// Whether the load is over.
    var isClosed: Bool { closed.load(ordering: .relaxed) }

    /// Ends the load.
    func close() { closed.store(true, ordering: .relaxed) }
}
