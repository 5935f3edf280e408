internal import Foundation
internal import GRDB
internal import Synchronization
internal import Wire

/// The SQL view of the log, for readers inside the archive; written by ``CatalogProjection``.
///
/// A SQLite file in WAL mode that anyone may open while the archive runs.
package final class Catalog: Sendable {
    let path: String
    private let current: Mutex<DatabasePool>
    private let isStopping = Atomic<Bool>(false)

    /// Opens the catalog at `path` for writing, creating it if missing.
    ///
    /// - Throws: ``RecordingError/Kind/damaged`` when the file is no catalog; other kinds when it
    ///   cannot be written.
    package convenience init(path: String) throws(RecordingError) {
        try self.init(path: path, isDraft: false)
    }

    /// Opens the catalog at `path`, or begins one that is for nothing until it is whole: a draft, for
    /// which nothing waits for the disk.
    init(path: String, isDraft: Bool) throws(RecordingError) {
        self.path = path
        current = Mutex(try Self.open(path, isDraft: isDraft))
    }

    /// The connections to the file.
    var pool: DatabasePool { current.withLock { $0 } }

    /// Ends the questions that ``frames(in:)`` and the like are asking, and all that come.
    func stopQuestions() { isStopping.store(true, ordering: .releasing) }

    /// A connection for questions, which ``stopQuestions()`` ends.
    func reader() throws(RecordingError) -> CatalogReader {
        try CatalogReader(path: path) { [self] in isStopping.load(ordering: .acquiring) }
    }

    /// Closes the file and opens what lies at its path now.
    func reopen() throws(RecordingError) {
        let pool = try Self.open(path, isDraft: false)
        let old = current.withLock { current in
            defer { current = pool }
            return current
        }
        try? old.close()
    }

    private static func open(
        _ path: String,
        isDraft: Bool
    ) throws(RecordingError) -> DatabasePool {
        do {
            var configuration = Configuration()
            configuration.label = "catalog"
            configuration.busyMode = .timeout(5)
            configuration.prepareDatabase { database in
                // After a loss of power the catalog is older, never wrong: it reads on from there.
                let waits = isDraft ? "OFF" : "NORMAL"
                try database.execute(sql: "PRAGMA synchronous = \(waits)")
                try database.execute(sql: "PRAGMA cache_size = -32000")
                // 16 MB: a page that changes often is written to the file less often.
                try database.execute(sql: "PRAGMA wal_autocheckpoint = 4000")
            }
            let pool = try DatabasePool(path: path, configuration: configuration)
            try CatalogSchema.migrator.migrate(pool)
            return pool
        } catch {
            throw RecordingError(
                isDamage(error) ? .damaged : .failed,
                "the catalog \(path) cannot be opened: \(reason(error))"
                    + (isDamage(error) ? "; archive reindex writes it anew from the log" : "")
            )
        }
    }

    /// The position up to which the log has been read into the catalog.
    package func position() throws(RecordingError) -> UInt64 {
        let position = try reading { database in
            try Int64.fetchOne(database, sql: "SELECT position FROM projection")
        }
        return UInt64(bitPattern: position ?? 0)
    }

    /// Up to which position an archive's catalog says that it has read the log; 0 when there is none,
    /// or it cannot be read.
    static func known(in directory: DataDirectory) -> UInt64 {
        guard unsafe access(directory.catalog, F_OK) == 0,
            let position = try? Catalog(path: directory.catalog).position(),
            position < Log.reservedPositions << 16
        else { return 0 }
        return position
    }

    /// Forgets everything, so that the log is read from its beginning.
    func erase() throws(RecordingError) {
        do {
            try pool.write { database in
                for table in CatalogSchema.tableNames {
                    try database.execute(sql: "DELETE FROM \(table)")
                }
                try database.execute(sql: "UPDATE projection SET position = 0")
            }
        } catch {
            throw RecordingError(.failed, "emptying the catalog failed: \(Self.reason(error))")
        }
    }

    /// Those of `all` that a name or pattern covers; none is a mistake.
    static func matching(_ pattern: String, of all: [String]) throws(RecordingError) -> [String] {
        let names = all.filter { Names.matches(pattern: pattern, name: $0) }
        guard names.isEmpty else { return names }
        let more = all.count > 10 ? ", ..." : ""
        let known =
            all.isEmpty
            ? "it has none yet" : "it has \(all.prefix(10).joined(separator: ", "))\(more)"
        guard pattern != "*" else {
            throw RecordingError(.invalid, "the archive has no streams yet")
        }
        throw RecordingError(.invalid, "the archive has no stream \(pattern); \(known)")
    }

    /// How many frames a run has completed, how many of them failed, and how many it has given up.
    func counts(
        of run: Run
    ) throws(RecordingError) -> (completed: UInt64, failed: UInt64, dead: UInt64)? {
        try reading { database in
            let row = try Row.fetchOne(
                database,
                sql: "SELECT completed, failed, dead FROM runs WHERE group_name = ? AND run = ?",
                arguments: [run.group, run.number]
            )
            return row.map { ($0[0], $0[1], $0[2]) }
        }
    }

    func reading<Value>(
        _ body: (Database) throws -> Value
    ) throws(RecordingError) -> Value {
        do { return try pool.read(body) } catch {
            throw RecordingError(.failed, "reading the catalog failed: \(Self.reason(error))")
        }
    }

    /// Whether an error says that the file is not what SQLite wrote.
    static func isDamage(_ error: any Error) -> Bool {
        let code = (error as? DatabaseError)?.resultCode
        return code == .SQLITE_CORRUPT || code == .SQLITE_NOTADB
    }

    /// What SQLite says of an error.
    static func reason(_ error: any Error) -> String {
        (error as? DatabaseError)?.message ?? "\(error)"
    }
}
