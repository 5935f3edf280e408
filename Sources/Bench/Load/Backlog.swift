import Synchronization
import ZeroMQ

/// What a camera has sent and no worker has done yet.
///
/// A camera that sends as fast as it can would otherwise measure how quickly a `queue` group sheds.
final class Backlog: Sendable {
    private struct State {
        var done = 0
        /// The camera is woken when so many are done.
        var wakesAt: Int?
        var wakeUp: WakeUp?
    }

    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: Frames at most, 1 or more.
    init(limit: Int) { self.limit = limit }

    /// Says whom to wake when there is room again.
    func attach(_ wakeUp: WakeUp) { state.withLock { $0.wakeUp = wakeUp } }

    /// How many more frames a camera may send that has sent so many; if none, it is woken later.
    func room(sent: Int) -> Int {
        state.withLock { state in
            let room = limit - (sent - state.done)
            if room > 0 { return room }
            // Not for each frame, or waking would be most of the work.
            state.wakesAt = sent - limit + max(1, limit / 2)
            return 0
        }
    }

    /// Counts frames that are done.
    func countDone(_ frames: Int) {
        let wakeUp = state.withLock { state -> WakeUp? in
            state.done += frames
            guard let wakesAt = state.wakesAt, state.done >= wakesAt else { return nil }
            state.wakesAt = nil
            return state.wakeUp
        }
        wakeUp?.signal()
    }
}
