internal import Dispatch
package import Logging
package import Service
internal import Synchronization
internal import Wire
package import ZeroMQ

/// The committing thread: writes what has come in, batch by batch, and says what is on disk.
///
/// A batch is what arrived while the one before it was written, so that a commit costs the disk one
/// wait, however many records it covers.
package final class Committer: Sendable {
    /// What may wait and be written at once.
    package struct Limits: Sendable {
        /// Messages waiting at most.
        package var waitingMessages = 4 * RecentAnswers.limit
        /// Bytes of one commit at most; one larger record is committed alone.
        package var batchByteCount = 16 << 20

        /// The design's defaults.
        package init() {}
    }

    /// How many messages of a broker's session are committed.
    package struct Progress: Sendable, Equatable {
        /// The session, as ``Committer/offer(_:bytes:session:)`` was told.
        package var session: UInt64
        /// Messages of it, in order.
        package var count: UInt64
    }

    /// The log for readers.
    package let log: Log

    let inbox: Inbox
    let limits: Limits
    let logger: Logger
    let wakeUps: [WakeUp]
    let published: Mutex<Published>
    let failureBox = Mutex<RecordingError?>(nil)
    let leftBox = Mutex<String?>(nil)
    let troubleBox = Mutex<Trouble>(Trouble())
    private let thread = Mutex<ServiceThread?>(nil)

    /// Why nothing more is committed for now.
    struct Trouble: Sendable {
        var heldBack: String?
        var diskFull: String?
    }

    /// Begins to commit, on a thread of its own.
    ///
    /// - Parameters:
    ///   - opened: The log; written by this committer alone from now on.
    ///   - limits: What may wait.
    ///   - logger: Told about full disks and failures.
    ///   - wakeUps: Rung after each commit.
    /// - Throws: A `Failure` when the system starts no more threads.
    package init(
        _ opened: consuming OpenedLog,
        limits: Limits = Limits(),
        logger: Logger,
        wakeUps: [WakeUp]
    ) throws(Failure) {
        self.limits = limits
        self.logger = logger
        self.wakeUps = wakeUps
        inbox = Inbox(limit: limits.waitingMessages)
        let state = opened.state
        published = Mutex(Published(state: state))
        let writer = opened.takeWriter()
        log = writer.log
        let handover = WriterHandover(writer)
        let thread = try ServiceThread("commit") { [self] in
            if let writer = handover.take() { run(writer, ahead: state) }
        }
        self.thread.withLock { $0 = thread }
    }

    /// Offers a message of a broker's session; it is counted once it is committed.
    ///
    /// - Parameters:
    ///   - entry: What it says; `nil` when it cannot be kept and is counted only.
    ///   - session: Counts up with each session.
    /// - Returns: Whether there was room. A broker that keeps to its credit always finds room.
    package func offer(_ entry: LogEntry?, session: UInt64) -> Bool {
        inbox.offer(.message(entry, session: session))
    }

    /// Throws away what waits of sessions before `session`; their broker sends it again.
    package func forget(before session: UInt64) { inbox.forget(before: session) }

    /// Commits records of the archive's own, together, and waits for it.
    package func commit(_ records: [LogRecord]) throws(RecordingError) {
        let receipt = Receipt()
        guard inbox.offer(.own(records, receipt)) else {
            throw RecordingError(.failed, "the archive is stopping, or has too much to do")
        }
        try receipt.wait()
    }

    /// Commits records of another archive, together, and waits for it.
    ///
    /// - Throws: ``RecordingError/Kind/diskFull`` when there is no room for them now; they are then
    ///   committed once there is.
    func commit(_ transfer: Transfer) throws(RecordingError) {
        if let trouble { throw RecordingError(.diskFull, trouble) }
        guard inbox.offer(.transfer(transfer)) else {
            throw RecordingError(.failed, "the archive is stopping, or has too much to do")
        }
        while try !transfer.receipt.wait(for: .milliseconds(200)) {
            if let trouble { throw RecordingError(.diskFull, trouble) }
        }
    }

    /// Commits a record of the archive's own some time soon; returns whether there was room for it.
    package func commitLater(_ record: LogRecord) -> Bool { inbox.offer(.own([record], nil)) }

    /// Begins a new segment, so that everything committed until now is sealed, and waits for it.
    package func roll() throws(RecordingError) {
        let receipt = Receipt()
        guard inbox.offer(.roll(receipt)) else {
            throw RecordingError(.failed, "the archive is stopping, or has too much to do")
        }
        try receipt.wait()
    }

    /// Commits nothing more of what brokers send, for a reason that they are told; `nil` goes on.
    package func holdBack(_ reason: String?) {
        let before = troubleBox.withLock { trouble in
            defer { trouble.heldBack = reason }
            return trouble.heldBack
        }
        guard (before == nil) != (reason == nil) else { return }
        if let reason {
            logger.error("\(reason)")
        } else {
            logger.notice("new frames are taken again")
        }
        inbox.hold(reason != nil)
        for wakeUp in wakeUps { wakeUp.signal() }
    }

    /// Why nothing more is committed for now, in a sentence; `nil` while it is.
    package var trouble: String? { troubleBox.withLock { $0.heldBack ?? $0.diskFull } }

    /// Lends what the committed records add up to; keep it short.
    package func withState<Result>(_ body: (borrowing LogState) -> Result) -> Result {
        published.withLock { body($0.state) }
    }

    /// Lends what the committed records add up to, and how far the newest session was then.
    package func withStateAndProgress<Result>(
        _ body: (borrowing LogState, Progress) -> Result
    ) -> Result {
        published.withLock { body($0.state, $0.progress) }
    }

    /// How far the newest session has come.
    package var committed: Progress { published.withLock { $0.progress } }

    /// Why the committing thread has given up, if it has.
    package var failure: RecordingError? { failureBox.withLock { $0 } }

    /// What was not committed when the archive was ended while the disk was full, in words such as
    /// `12 frames and 1 result were`; none of it was acknowledged.
    package var leftBehind: String? { leftBox.withLock { $0 } }

    /// Commits what is waiting, writes everything to the device and ends the thread.
    package func close() {
        inbox.close()
        let thread = thread.withLock { $0.take() }
        try? thread?.join()
    }
}
