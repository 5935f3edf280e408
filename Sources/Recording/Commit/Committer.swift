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

    private let inbox: Inbox
    private let limits: Limits
    private let logger: Logger
    private let wakeUps: [WakeUp]
    private let published: Mutex<Published>
    private let failureBox = Mutex<RecordingError?>(nil)
    private let leftBox = Mutex<String?>(nil)
    private let troubleBox = Mutex<Trouble>(Trouble())
    private let thread = Mutex<ServiceThread?>(nil)
    /// The streams of which a broker has sent frames since the archive was opened.
    private let arriving = Mutex<Set<String>>([])

    /// Why nothing more is committed for now.
    private struct Trouble: Sendable {
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
    ///   - record: What it says; `nil` when it cannot be kept and is counted only.
    ///   - bytes: The message itself; `nil` writes `record` anew.
    ///   - session: Counts up with each session.
    /// - Returns: Whether there was room. A broker that keeps to its credit always finds room.
    package func offer(_ record: LogRecord?, bytes: (any RecordBytes)?, session: UInt64) -> Bool {
        if case .frame(let frame)? = record { arriving.withLock { _ = $0.insert(frame.id.stream) } }
        return inbox.offer(.message(record, bytes: bytes, session: session))
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

// On the committing thread.

extension Committer {
    private func run(_ writer: consuming LogWriter, ahead: LogState) {
        var writer = writer
        var ahead = ahead
        var items: [Inbox.Item] = []
        do throws(RecordingError) {
            while inbox.take(into: &items, byteLimit: limits.batchByteCount) {
                guard try commit(&items, &writer, &ahead) else { return leave(&items) }
                items.removeAll(keepingCapacity: true)
            }
            inbox.hold(false)
            if inbox.take(into: &items, byteLimit: .max) { return leave(&items) }
            try writer.sync()
        } catch {
            logger.critical("\(error)")
            failureBox.withLock { $0 = error }
            inbox.close()
            settle(items, error)
            while inbox.take(into: &items, byteLimit: .max) { settle(items, error) }
            for wakeUp in wakeUps { wakeUp.signal() }
        }
    }

    /// Ends without what is left, as there is no room for it and nobody is told that it is committed.
    private func leave(_ items: inout [Inbox.Item]) {
        let full = RecordingError(.diskFull, "the disk is full, and the archive is stopping")
        while inbox.take(into: &items, byteLimit: .max) {}
        settle(items, full)
        leftBox.withLock { $0 = Inbox.Item.words(for: items) }
    }

    /// Commits a batch; returns whether that was possible before the archive was ended.
    ///
    /// When it was not, `items` has what is not committed.
    private func commit(
        _ items: inout [Inbox.Item],
        _ writer: inout LogWriter,
        _ ahead: inout LogState
    ) throws(RecordingError) -> Bool {
        var entries: [LogEntry] = []
        entries.reserveCapacity(items.count)
        var counted = items.startIndex
        for (index, item) in items.enumerated() {
            switch item {
            case .message(nil, _, _): break
            case .message(let record?, let bytes, _):
                if ahead.beginsAtTheBeginning(record) {
                    // What it owes is read from the log, so that must be complete.
                    guard try write(&entries, items[counted..<index], &writer) else {
                        items.removeFirst(counted)
                        return false
                    }
                    counted = index
                    try admit(record, bytes, &ahead, &entries)
                    try oweEverything(record, &ahead, &entries)
                } else {
                    try admit(record, bytes, &ahead, &entries)
                }
            case .own(let records, _):
                for record in records { try admit(record, nil, &ahead, &entries) }
            case .transfer(let transfer):
                let live = arriving.withLock { $0 }
                entries += transfer.admit(into: &ahead, arriving: live)
            case .roll(let receipt):
                guard try write(&entries, items[counted...index], &writer) else {
                    items.removeFirst(counted)
                    return false
                }
                counted = index + 1
                try roll(&writer, receipt)
            }
        }
        guard try write(&entries, items[counted...], &writer) else {
            items.removeFirst(counted)
            return false
        }
        settle(items, nil)
        for wakeUp in wakeUps { wakeUp.signal() }
        return true
    }

    /// Begins a new segment; without room for it nothing is lost, and who asked is told.
    private func roll(
        _ writer: inout LogWriter,
        _ receipt: Receipt
    ) throws(RecordingError) {
        do throws(RecordingError) { try writer.roll(published.withLock { $0.state }) } catch {
            guard error.kind == .diskFull else { throw error }
            receipt.settle(error)
        }
    }

    private func admit(
        _ record: LogRecord,
        _ bytes: (any RecordBytes)?,
        _ ahead: inout LogState,
        _ entries: inout [LogEntry]
    ) throws(RecordingError) {
        let admission = ahead.admit(record)
        entries += admission.before.map { LogEntry($0) }
        if admission.isAdmitted {
            entries.append(bytes.map { LogEntry(record, bytes: $0) } ?? LogEntry(record))
        }
        entries += admission.after.map { LogEntry($0) }
    }

    /// Adds what a durable group owes that asked for everything in the archive.
    private func oweEverything(
        _ record: LogRecord,
        _ ahead: inout LogState,
        _ entries: inout [LogEntry]
    ) throws(RecordingError) {
        guard case .group(let group) = record else { return }
        let run = Run(group: group.name, number: 0)
        let frames = try log.frames(covering: group.covers(stream:)) { damage in
            logger.error("group \(group.name) does not get the frames of a segment: \(damage)")
        }
        for (stream, epochs) in frames {
            for (epoch, set) in epochs {
                for owed in Owed.records(set, epoch: epoch, stream: stream, run: run) {
                    try admit(.owed(owed), nil, &ahead, &entries)
                }
            }
        }
    }

    /// Writes the entries, and publishes at once what they change and which messages they were.
    ///
    /// - Returns: Whether they were written before the archive was ended.
    private func write(
        _ entries: inout [LogEntry],
        _ items: ArraySlice<Inbox.Item>,
        _ writer: inout LogWriter
    ) throws(RecordingError) -> Bool {
        if !entries.isEmpty {
            guard try append(entries, &writer) else { return false }
        }
        published.withLock { published in
            for entry in entries { published.state.apply(entry.record) }
            published.count(items)
        }
        entries.removeAll(keepingCapacity: true)
        return true
    }

    /// Puts the entries on disk, waiting for room on a full one until the archive is ended.
    private func append(
        _ entries: [LogEntry],
        _ writer: inout LogWriter
    ) throws(RecordingError) -> Bool {
        var hasWaited = false
        while true {
            do throws(RecordingError) {
                // Copied only when a segment begins, which is rare.
                let state = published.withLock { $0.state }
                _ = try writer.append(entries, state: state)
                break
            } catch {
                guard error.kind == .diskFull else { throw error }
                if !hasWaited {
                    logger.error("\(error)")
                    say(full: "the archive's disk is full; nothing is kept until there is room")
                }
                hasWaited = true
                if inbox.wait(for: .seconds(1)) { return false }
            }
        }
        if hasWaited {
            logger.notice("there is room on the disk again")
            say(full: nil)
        }
        return true
    }

    private func say(full reason: String?) {
        troubleBox.withLock { $0.diskFull = reason }
        for wakeUp in wakeUps { wakeUp.signal() }
    }

    private func settle(_ items: [Inbox.Item], _ failure: RecordingError?) {
        for item in items {
            switch item {
            case .own(_, let receipt?), .roll(let receipt): receipt.settle(failure)
            case .transfer(let transfer): transfer.receipt.settle(failure)
            case .own, .message: break
            }
        }
    }
}

extension LogState {
    /// Whether `record` defines a new durable group that wants everything in the archive.
    fileprivate func beginsAtTheBeginning(_ record: LogRecord) -> Bool {
        guard case .group(let group) = record else { return false }
        return group.policy == .durable && group.start == .beginning && groups[group.name] == nil
    }
}
