internal import Dispatch
internal import Foundation
internal import Logging
internal import Service
internal import Synchronization

/// The thread that takes what has expired, keeps room on the disk, and erases what people asked for.
final class Retention: Sendable {
    private struct State: Sendable {
        var isClosed = false
        /// Rounds asked for and done, so that somebody can wait for one.
        var asked: UInt64 = 0
        var done: UInt64 = 0
        var failure: RecordingError?
    }

    /// Between two looks at the clock and the disk.
    private static let interval: DispatchTimeInterval = .seconds(5)

    private let committer: Committer
    private let policy: RetentionPolicy
    private let directory: DataDirectory
    private let logger: Logger
    private let state = Mutex(State())
    private let bell = DispatchSemaphore(value: 0)
    private let thread = Mutex<ServiceThread?>(nil)

    init(
        _ committer: Committer,
        _ policy: RetentionPolicy,
        _ directory: DataDirectory,
        logger: Logger
    ) throws(Failure) {
        self.committer = committer
        self.policy = policy
        self.directory = directory
        self.logger = logger
        let started = try ServiceThread("retention") { [self] in run() }
        thread.withLock { $0 = started }
    }

    /// Has a round done now, and waits for it.
    func round() throws(RecordingError) {
        let number = state.withLock { state in
            state.asked += 1
            return state.asked
        }
        bell.signal()
        while true {
            let (isOver, failure) = state.withLock { state in
                (state.done >= number || state.isClosed, state.failure)
            }
            if isOver {
                if let failure { throw failure }
                return
            }
            usleep(2_000)
        }
    }

    /// Ends the thread after what it is doing.
    func close() {
        state.withLock { $0.isClosed = true }
        bell.signal()
        let thread = thread.withLock { $0.take() }
        try? thread?.join()
    }

    private func run() {
        var round = RetentionRound(committer, directory, logger)
        var said = ""
        while true {
            let (isClosed, asked) = state.withLock { ($0.isClosed, $0.asked) }
            if isClosed { return }
            var failure: RecordingError?
            var hasTaken = false
            do throws(RecordingError) {
                let result = try round.run(policy)
                hasTaken = result.hasTaken
                committer.holdBack(result.isOut ? outOfRoom : nil)
                said = ""
            } catch {
                failure = error
                if said != error.description { logger.error("retention: \(error)") }
                said = error.description
            }
            state.withLock { state in
                state.done = asked
                state.failure = failure
            }
            if hasTaken, failure == nil { continue }
            _ = bell.wait(timeout: .now() + Self.interval)
        }
    }

    private var outOfRoom: String {
        let disk = DiskSpace(at: directory.log)
        let least = policy.keepFree?.byteCount(of: disk.total) ?? 0
        return "the archive's disk has \(Readable.bytes(disk.free)) left of the"
            + " \(Readable.bytes(least)) that --keep-free asks for, and everything on it is to be kept;"
            + " no new frames are taken until there is room"
    }
}
