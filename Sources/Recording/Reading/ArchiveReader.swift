internal import Foundation
internal import Logging
package import Wire
internal import ZeroMQ

/// An archive for commands that only read: through the serving one, or, when nobody serves, by
/// reading its files.
package struct ArchiveReader: ~Copyable {
    /// What of an archive is read.
    package enum Extent: Sendable {
        /// The catalog alone.
        case catalog
        /// The catalog and the frames themselves; while nobody serves, nobody can begin to.
        case frames
    }

    /// The SQL side.
    package let catalog: CatalogReader
    /// What cannot be read of this archive at all, in a sentence, if that is so.
    package let remark: String?
    var client: ControlClient?
    /// The log, when nobody serves and frames are read.
    let log: Log?
    let lock: WriterLock?

    private init(
        _ catalog: CatalogReader,
        client: consuming ControlClient? = nil,
        log: Log? = nil,
        lock: WriterLock? = nil,
        remark: String? = nil
    ) {
        self.catalog = catalog
        self.client = client
        self.log = log
        self.lock = lock
        self.remark = remark
    }

    /// Opens the archive in `directory`, with its catalog up to date.
    ///
    /// - Parameters:
    ///   - directory: Where it is.
    ///   - extent: What of it is read.
    ///   - patience: How long a serving archive may take to answer, or another command to bring the
    ///     catalog up to date.
    ///   - command: Who reads, such as `archive sql`, for whoever has to wait for it.
    /// - Returns: The archive.
    /// - Throws: ``RecordingError``, such as ``RecordingError/Kind/missing``.
    package static func open(
        _ directory: DataDirectory,
        _ extent: Extent,
        patience: Duration,
        command: String
    ) throws -> ArchiveReader {
        try directory.mustExist()
        let clock = ContinuousClock()
        let deadline = clock.now + patience
        while true {
            if let archive = try unserved(directory, extent, command) { return archive }
            let rest = max(.zero, deadline - clock.now)
            let holder = LockHolder(of: directory)
            if holder.isServing {
                // Whoever has just taken the lock may have had no time to say who it is.
                let slice = min(.seconds(1), rest)
                if let archive = try served(directory, slice, patience) { return archive }
            } else {
                usleep(20_000)
            }
            if clock.now >= deadline { throw holder.silence }
        }
    }

    /// Reads through the serving archive, or returns `nil` when it does not answer in time.
    private static func served(
        _ directory: DataDirectory,
        _ slice: Duration,
        _ patience: Duration
    ) throws -> ArchiveReader? {
        do throws(RecordingError) {
            var client = try ControlClient(directory, patience: slice)
            let behind = try client.ask(.catchUp).behind
            client.patience = patience
            let remark = behind.map { "\($0): what is newest is not among this" }
            return ArchiveReader(try CatalogReader(directory), client: client, remark: remark)
        } catch {
            guard error.kind == .notServing else { throw error }
            return nil
        }
    }

    /// Reads the files themselves, or returns `nil` when somebody writes to them.
    private static func unserved(
        _ directory: DataDirectory,
        _ extent: Extent,
        _ command: String
    ) throws -> ArchiveReader? {
        let opened: (log: Log, damage: RecordingError?)
        var lock: WriterLock?
        var lost: String?
        if directory.isWritable,
            let own = try WriterLock.take(directory, .exclusive, as: command)
        {
            opened = try Log.openReadOnly(in: directory.log)
            lost = try bringUp(directory, opened.log, isWhole: opened.damage == nil)
            if extent == .frames {
                guard own.share() else { return nil }
                lock = own
            }
        } else {
            // Others that read have brought the catalog up to date; nobody can on a read-only disk,
            // and there may be no lock either.
            if unsafe access(directory.lock, F_OK) == 0 {
                lock = try WriterLock.take(directory, .shared, as: command)
                if lock == nil { return nil }
            }
            opened = try Log.openReadOnly(in: directory.log)
        }
        let remark =
            opened.damage.map { "\($0); what the catalog has, and older segments, are read" }
            ?? lost
        return ArchiveReader(
            try CatalogReader(directory),
            log: extent == .frames ? opened.log : nil,
            lock: extent == .frames ? lock : nil,
            remark: remark
        )
    }

    /// Brings the catalog up to date; one that is ahead of what is left of the log stays as it is, as
    /// it is all that knows what is missing.
    ///
    /// - Returns: What is missing of a log that is otherwise whole, in a sentence.
    private static func bringUp(
        _ directory: DataDirectory,
        _ log: Log,
        isWhole: Bool
    ) throws -> String? {
        let catalog = try Catalog(path: directory.catalog)
        let position = try catalog.position()
        guard position > log.promised else {
            try CatalogProjection.catchUp(catalog, with: log)
            return nil
        }
        guard isWhole else { return nil }
        return "the log in \(directory.log) ends at position \(log.promised), and the catalog has"
            + " had records up to \(position): the newest files of the log are gone. Put them back if"
            + " you have them; archive serve goes on without them"
    }

    /// What people have ordered and whom the archive knows, also when nobody serves it.
    ///
    /// Then the archive must have been opened for ``Extent/frames``.
    package mutating func ledger() throws(RecordingError) -> ArchiveStatus {
        if let status = try status() { return status }
        guard let log else { preconditionFailure("the archive was opened for its catalog alone") }
        let state = try Recovery.state(in: log.path)
        return ArchiveStatus(
            state,
            segments: log.segmentCount,
            promised: log.promised,
            cataloged: log.promised
        )
    }

    /// How the archive is; `nil` when nobody serves it.
    package mutating func status() throws(RecordingError) -> ArchiveStatus? {
        guard let reply = try client?.ask(.status) else { return nil }
        return reply.status
    }

    /// A frame's header and payload, as the camera wrote them.
    ///
    /// The archive must have been opened for ``Extent/frames``.
    package mutating func frame(
        _ id: FrameID
    ) throws(RecordingError) -> (header: [UInt8], payload: [UInt8]) {
        if let parts = try client?.frame(id) { return parts }
        guard let log else { preconditionFailure("the archive was opened for its catalog alone") }
        let record = try StoredFrame.record(id, from: log)
        return (record.header, record.withPayload { $0.copyBytes() })
    }
}
