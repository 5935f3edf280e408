internal import Dispatch
internal import GRDB
package import Logging
package import Service
internal import Synchronization
internal import Wire
package import ZeroMQ

/// The thread that reads the log into the catalog, never past the promised head.
///
/// Each transaction also writes the position reached, so that after a crash it goes on where it was.
package final class CatalogProjection: Sendable {
    /// Rung when the log has grown; give it to the ``Committer``.
    package let wakeUp: WakeUp

    let catalog: Catalog
    let log: Log
    let logger: Logger
    private let reached: Atomic<UInt64>
    /// Held while the catalog is written.
    private let writing = Mutex(())
    private let isClosing = Atomic<Bool>(false)
    private let thread = Mutex<ServiceThread?>(nil)
    private let troubleBox = Mutex<String?>(nil)
    private let closing = DispatchSemaphore(value: 0)

    /// How long records are gathered before the next transaction, each of which costs as much as some
    /// dozens of records.
    private static let gathering: DispatchTimeInterval = .milliseconds(50)
    /// Records of one transaction at most; their payloads are not read.
    private static let batchLimit = 4_096

    /// A projection of `log` into `catalog`; see ``start()``.
    package init(
        of log: Log,
        into catalog: Catalog,
        wakeUp: WakeUp,
        logger: Logger
    ) throws(RecordingError) {
        self.log = log
        self.catalog = catalog
        self.wakeUp = wakeUp
        self.logger = logger
        var position = try catalog.position()
        if position > log.promised {
            // After a loss of power under `--sync none`, or when it belongs to another log.
            logger.warning("the catalog is ahead of the log, so it is written anew")
            try catalog.erase()
            position = 0
        }
        if position == 0 { position = log.oldest }
        reached = Atomic(position)
    }

    /// Up to which position the catalog is complete.
    package var position: UInt64 { reached.load(ordering: .acquiring) }

    /// Why the catalog does not follow now, in a sentence; `nil` while it does.
    package var trouble: String? { troubleBox.withLock { $0 } }

    /// Begins to read along, on a thread of its own.
    package func start() throws(Failure) {
        let started = try ServiceThread("catalog") { [self] in run() }
        thread.withLock { $0 = started }
    }

    /// Reads what is promised now, as far as that takes a second at most, and ends the thread.
    package func close() {
        isClosing.store(true, ordering: .releasing)
        wakeUp.signal()
        closing.signal()
        let thread = thread.withLock { $0.take() }
        try? thread?.join()
    }

    /// Reads everything promised now, on the caller's thread; for tests and for ``start()``.
    package func catchUp() throws(RecordingError) {
        let clock = ContinuousClock()
        var deadline: ContinuousClock.Instant?
        while position < log.promised {
            try step()
            guard isClosing.load(ordering: .acquiring) else { continue }
            let end = deadline ?? clock.now + .seconds(1)
            if clock.now >= end { return }
            deadline = end
        }
    }

    /// Brings a catalog up to date on the caller's thread.
    package static func catchUp(_ catalog: Catalog, with log: Log) throws {
        let silent = Logger(label: "catalog") { _ in SwiftLogNoOpLogHandler() }
        let projection = try CatalogProjection(
            of: log,
            into: catalog,
            wakeUp: try WakeUp(),
            logger: silent
        )
        try projection.catchUp()
    }

    private func run() {
        var poller = Poller()
        _ = poller.add(fileDescriptor: wakeUp.fileDescriptor)
        var failures = 0
        while true {
            wakeUp.drain()
            let isLast = isClosing.load(ordering: .acquiring)
            do throws(RecordingError) {
                try catchUp()
                failures = 0
                troubleBox.withLock { $0 = nil }
            } catch {
                troubleBox.withLock { $0 = error.description }
                if failures == 0 { logger.error("\(error); the log goes on without it") }
                failures += 1
            }
            if isLast { return }
            _ = closing.wait(timeout: .now() + Self.gathering)
            // A failed catalog is tried again from time to time, even when nothing comes in.
            let pause: Duration? = failures == 0 ? nil : .seconds(min(30, failures))
            _ = try? poller.wait(for: pause)
        }
    }

    /// Has nobody else write to the catalog while `body` does, which says how far it is then.
    func replace(_ body: () throws(RecordingError) -> UInt64) throws(RecordingError) {
        try writing.withLock { _ throws(RecordingError) in
            reached.store(try body(), ordering: .releasing)
        }
    }

    /// Reads the next batch into the catalog.
    func step() throws(RecordingError) {
        try writing.withLock { _ throws(RecordingError) in try writeBatch() }
    }

    private func writeBatch() throws(RecordingError) {
        guard position < log.promised else { return }
        var batch: [LogRecord] = []
        var damaged: [(UInt64, String)] = []
        let next: UInt64
        do throws(RecordingError) {
            next = try log.scan(from: position) { position, bytes in
                do throws(WireError) {
                    try Self.collect(bytes, into: &batch)
                } catch {
                    damaged.append((position, error.description))
                }
                return batch.count < Self.batchLimit
            }
        } catch {
            // Waiting would not mend it, and what lies behind it can be read.
            guard error.kind == .damaged else { throw error }
            logger.error("the catalog goes on without the rest of a segment: \(error)")
            next = log.end(ofSegmentWith: position)
        }
        for (position, reason) in damaged {
            logger.error("the record at position \(position) is damaged: \(reason); it is skipped")
        }
        do {
            try catalog.pool.write { database in
                var writer = try CatalogWriter(database)
                for record in batch { try writer.write(record) }
                try writer.finish(at: next)
            }
        } catch {
            let advice = Catalog.isDamage(error) ? "; archive reindex writes it anew" : ""
            throw RecordingError(
                .failed,
                "writing the catalog failed: \(Catalog.reason(error))\(advice)"
            )
        }
        reached.store(next, ordering: .releasing)
    }

    /// Adds a record; of a checkpoint what a catalog begun here would otherwise not know.
    static func collect(_ bytes: RawSpan, into batch: inout [LogRecord]) throws(WireError) {
        let record = try LogRecord(decoding: bytes)
        guard case .checkpoint = record else { return batch.append(record) }
        guard case .good(_, let header) = CheckedRecord(bytes) else { throw .badChecksum }
        var state = LogState()
        try Checkpoints.apply(bytes, headerByteCount: header, to: &state)
        batch += state.groups.values.map(LogRecord.group)
        batch += state.jobs.values.map(LogRecord.job)
    }
}
