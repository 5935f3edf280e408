internal import Logging
internal import Service
internal import Synchronization

/// Does the long works that commands ask for, one at a time, on a thread of its own.
final class WorkBench: Sendable {
    private struct State: Sendable {
        var status: WorkStatus?
        var thread: ServiceThread?
        var isClosed = false
    }

    private let steward: Steward
    private let state = Mutex(State())

    init(_ steward: Steward) { self.steward = steward }

    /// Begins a work.
    ///
    /// - Throws: ``RecordingError/Kind/failed`` while another one is under way.
    func begin(_ request: WorkRequest) throws(RecordingError) -> WorkStatus {
        let status = try state.withLock { state throws(RecordingError) in
            if let status = state.status, !status.isOver || state.isClosed {
                throw RecordingError(
                    .failed,
                    "the archive is at another long work; try again when that is done"
                )
            }
            let status = WorkStatus(number: 1 + (state.status?.number ?? 0))
            state.status = status
            return status
        }
        do {
            let thread = try ServiceThread("work") { [self] in perform(request) }
            let before = state.withLock { state in
                defer { state.thread = thread }
                return state.thread
            }
            try? before?.join()  // It is over.
        } catch {
            let failure = RecordingError(.failed, "the archive cannot begin the work: \(error)")
            state.withLock { $0.status?.failure = .init(failure) }
            throw failure
        }
        return status
    }

    /// How far a work is; `nil` when it is not known any more.
    func status(of number: UInt64) -> WorkStatus? {
        state.withLock { state in state.status?.number == number ? state.status : nil }
    }

    /// Waits for what is under way.
    func close() {
        let thread = state.withLock { state in
            state.isClosed = true
            return state.thread
        }
        try? thread?.join()
    }

    private func perform(_ request: WorkRequest) {
        do throws(RecordingError) {
            let outcome = try steward.perform(request) { done, total in
                state.withLock { state in
                    state.status?.done = done
                    state.status?.total = total
                }
            }
            steward.logger.info("\(outcome)")
            state.withLock { $0.status?.outcome = outcome }
        } catch {
            steward.logger.error("\(error)")
            state.withLock { $0.status?.failure = .init(error) }
        }
    }
}
