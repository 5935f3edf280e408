internal import Dispatch
internal import Foundation
internal import Logging
internal import Service
internal import Synchronization

/// The thread that takes what has expired, keeps room on the disk, and erases what people asked for.
final class Retention: Sendable {
    private struct State: Sendable {
        var isClosed = false
        /// Who waits for a round that has not begun.
        var waiting: [Receipt] = []
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
        // With each file that is full there may be too much.
        committer.log.onRoll { [bell] in bell.signal() }
        let started = try ServiceThread("retention") { [self] in run() }
        thread.withLock { $0 = started }
    }

    /// Has a round done now, and waits for it.
    func round() throws(RecordingError) {
        let receipt = Receipt()
        let isClosed = state.withLock { state in
            if !state.isClosed { state.waiting.append(receipt) }
            return state.isClosed
        }
        guard !isClosed else { throw Self.isStopping }
        bell.signal()
        try receipt.wait()
    }

    private static var isStopping: RecordingError {
        RecordingError(.failed, "the archive is stopping")
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
            let (isClosed, waiting) = state.withLock { state in
                defer { state.waiting.removeAll() }
                return (state.isClosed, state.waiting)
            }
            if isClosed { return waiting.forEach { $0.settle(Self.isStopping) } }
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
            waiting.forEach { $0.settle(failure) }
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
