import Capture
import Service
import Synchronization
import Wire
import ZeroMQ

/// The send window between the capture thread, which fills it, and the link's thread.
///
/// Nothing is copied or sent under its lock: payloads are shared by reference.
final class SharedWindow: Sendable {
    /// Rung when frames were freed: a file that waits for room may go on.
    let room: WakeUp

    private struct State {
        var window: SendWindow
        /// Payload bytes that the broker takes at most.
        var largestPayload = Limits.payloadByteCount
    }

    private let state: Mutex<State>

    init(_ window: SendWindow) throws {
        room = try WakeUp()
        state = Mutex(State(window: window))
    }

    /// Runs `body` on the window.
    func with<Value>(_ body: (inout sending SendWindow) -> sending Value) -> Value {
        state.withLock { body(&$0.window) }
    }

    /// Payload bytes that the broker takes at most.
    var largestPayload: Int {
        get { state.withLock { $0.largestPayload } }
        set { state.withLock { $0.largestPayload = newValue } }
    }
}
