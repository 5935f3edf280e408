internal import Foundation
internal import Logging
package import Wire
internal import ZeroMQ

/// An archive for commands that only read: through the serving one, or, when nobody serves, by
/// opening the log itself.
package struct ArchiveReader: ~Copyable {
    /// The SQL side.
    package let catalog: CatalogReader
    private var client: ControlClient?
    /// The log, when nobody serves; the writing end is kept for its lock.
    private let writer: LogWriter?

    private init(
        _ catalog: CatalogReader,
        client: consuming ControlClient?,
        writer: consuming LogWriter?
    ) {
        self.catalog = catalog
        self.client = client
        self.writer = writer
    }

    /// Opens the archive in `directory`, with its catalog up to date.
    ///
    /// - Parameters:
    ///   - directory: Where it is.
    ///   - patience: How long a serving archive may take to answer.
    /// - Returns: The archive.
    /// - Throws: ``RecordingError``, such as ``RecordingError/Kind/missing``.
    package static func open(
        _ directory: DataDirectory,
        patience: Duration
    ) throws -> ArchiveReader {
        try directory.mustExist()
        let clock = ContinuousClock()
        let deadline = clock.now + patience
        while directory.isServed {
            // Whoever has the lock may also be a command like this one, and gone in a moment.
            do throws(RecordingError) {
                let slice = min(.seconds(1), max(.zero, deadline - clock.now))
                var client = try ControlClient(directory, patience: slice)
                _ = try client.ask(.catchUp)
                client.patience = patience
                return ArchiveReader(try CatalogReader(directory), client: client, writer: nil)
            } catch {
                guard error.kind == .notServing, clock.now < deadline else { throw error }
            }
        }
        do {
            let opened = try LogWriter.open(
                directory,
                options: Log.Options(),
                patience: .seconds(3)
            )
            let writer = opened.takeWriter()
            let catalog = try Catalog(path: directory.catalog)
            try CatalogProjection.catchUp(catalog, with: writer.log)
            return ArchiveReader(try CatalogReader(directory), client: nil, writer: writer)
        } catch let error as RecordingError where error.kind == .unwritable {
            // A copy on a read-only disk still has its catalog.
            return ArchiveReader(try CatalogReader(directory), client: nil, writer: nil)
        }
    }

    /// How the archive is; `nil` when nobody serves it.
    package mutating func status() throws(RecordingError) -> ArchiveStatus? {
        guard let reply = try client?.ask(.status) else { return nil }
        return reply.status
    }

    /// A frame's header and payload, as the camera wrote them.
    package mutating func frame(
        _ id: FrameID
    ) throws(RecordingError) -> (header: [UInt8], payload: [UInt8]) {
        if let parts = try client?.frame(id) { return parts }
        switch writer {
        case .some(let writer):
            let record = try StoredFrame.record(id, from: writer.log)
            return (record.header, record.withPayload { $0.copyBytes() })
        case .none:
            throw RecordingError(.unwritable, "the log can only be read where it can be written")
        }
    }
}

extension DataDirectory {
    /// Whether another process writes here now.
    package var isServed: Bool {
        let descriptor = unsafe Foundation.open(lock, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_SH | LOCK_NB) == 0 else { return true }
        return false
    }
}
