internal import Foundation
internal import GRDB
internal import Logging
internal import Service
internal import Wire
internal import ZeroMQ

extension Catalog {
    /// What stands behind the name of a catalog that was found damaged and put aside.
    private static let asideSuffix = ".damaged"

    /// What stands behind the name of a catalog that is being written anew.
    private static let draftSuffix = ".new"

    /// Opens the catalog at `path`; one that is damaged is put aside and begun anew, never deleted.
    ///
    /// - Parameters:
    ///   - path: Where it is.
    ///   - tell: Told what was put aside, and where, in a sentence.
    /// - Returns: The catalog.
    /// - Throws: ``RecordingError`` when it cannot be written.
    static func openOrBegin(
        _ path: String,
        tell: (String) -> Void
    ) throws(RecordingError) -> Catalog {
        do throws(RecordingError) { return try Catalog(path: path) } catch {
            guard error.kind == .damaged else { throw error }
            let aside = try putAside(path)
            tell(
                "the catalog \(path) is damaged and was moved to \(aside); it is written anew from the"
                    + " log"
            )
            return try Catalog(path: path)
        }
    }

    /// Gives a catalog and what SQLite keeps beside it another name, which is returned.
    private static func putAside(_ path: String) throws(RecordingError) -> String {
        let aside = freeName(path)
        for suffix in ["-wal", "-shm", ""] where unsafe access(path + suffix, F_OK) == 0 {
            try DataDirectory.rename(path + suffix, to: aside + suffix)
        }
        return aside
    }

    private static func freeName(_ path: String) -> String {
        var aside = path + asideSuffix
        var number = 2
        while unsafe access(aside, F_OK) == 0 {
            aside = "\(path)\(asideSuffix)-\(number)"
            number += 1
        }
        return aside
    }

    /// A catalog beside this one, to be written anew.
    func beginDraft() throws(RecordingError) -> Catalog {
        removeDraft()
        return try Catalog(path: path + Self.draftSuffix, isDraft: true)
    }

    /// Writes the file anew without the pages of rows that are gone.
    func vacuum() throws(RecordingError) {
        do {
            try pool.vacuum()
            _ = try pool.writeWithoutTransaction { try $0.checkpoint(.truncate) }
        } catch {
            // Readers may hold the old pages; they go with the next checkpoint.
            guard !Self.isBusy(error) else { return }
            throw RecordingError(.failed, "writing the catalog failed: \(Self.reason(error))")
        }
    }

    private static func isBusy(_ error: any Error) -> Bool {
        (error as? DatabaseError)?.resultCode == .SQLITE_BUSY
    }

    /// Removes what a rebuilding has left.
    func removeDraft() {
        for suffix in ["", "-wal", "-shm"] { unsafe unlink(path + Self.draftSuffix + suffix) }
    }

    /// Whether the file at the path is whole, as far as SQLite can tell.
    func isWhole() -> Bool {
        guard unsafe access(path, F_OK) == 0 else { return false }
        do {
            let queue = try DatabaseQueue(path: path)
            defer { try? queue.close() }
            return try queue.read { database in
                try String.fetchAll(database, sql: "PRAGMA integrity_check(1)") == ["ok"]
            }
        } catch {
            return false
        }
    }

    /// Takes over what `draft` says.
    ///
    /// A whole catalog gets it in one transaction: whoever reads it sees either the old or the new one,
    /// and nobody has to open it again. In place of one that is damaged, or gone, comes the file.
    ///
    /// - Parameters:
    ///   - draft: The catalog to become.
    ///   - isWhole: Whether this one is whole.
    /// - Returns: Where a damaged one was put.
    /// - Throws: ``RecordingError/Kind/failed`` when that cannot be written.
    func take(over draft: Catalog, isWhole: Bool) throws(RecordingError) -> String? {
        do {
            if isWhole {
                try draft.pool.backup(to: pool)
                return nil
            }
            _ = try draft.pool.writeWithoutTransaction { try $0.checkpoint(.truncate) }
            try draft.pool.close()
        } catch {
            throw RecordingError(.failed, "writing the catalog failed: \(Self.reason(error))")
        }
        let isThere = unsafe access(path, F_OK) == 0
        let aside = isThere ? try Self.putAside(path) : nil
        // A catalog that is gone may have left these, and they would be taken for the new one's.
        for suffix in ["-wal", "-shm"] { unsafe unlink(path + suffix) }
        try DataDirectory.sync(file: draft.path)
        try DataDirectory.rename(draft.path, to: path)
        try DataDirectory.sync(directory: (path as NSString).deletingLastPathComponent)
        try reopen()
        return aside
    }
}

extension CatalogProjection {
    /// Records that may be left to read when the catalog is taken over, about.
    private static let rest: UInt64 = 8_192

    /// Writes the catalog anew from the log alone; whoever reads it meanwhile reads the old one.
    ///
    /// - Parameter progress: Told how many positions have been read, of how many.
    /// - Returns: What was done, in a sentence.
    /// - Throws: ``RecordingError`` when the log cannot be read or the catalog not be written.
    func rebuild(
        progress: (_ done: UInt64, _ total: UInt64) -> Void
    ) throws(RecordingError) -> String {
        let draft = try catalog.beginDraft()
        defer { catalog.removeDraft() }
        let fresh = try Self.of(log, into: draft, logger)
        let oldest = log.oldest
        func advance(to end: UInt64) throws(RecordingError) {
            while fresh.position < end {
                try fresh.step()
                progress(fresh.position - oldest, max(end, log.promised) - oldest)
            }
        }
        // What comes in meanwhile is less each time.
        for _ in 0..<8 {
            let end = log.promised
            try advance(to: end)
            if log.promised - end <= Self.rest { break }
        }
        let isWhole = catalog.isWhole()
        var aside: String?
        try replace { () throws(RecordingError) in
            try advance(to: log.promised)
            aside = try catalog.take(over: draft, isWhole: isWhole)
            return fresh.position
        }
        wakeUp.signal()
        let records = "the catalog was written anew from the log, up to position \(position)"
        return aside.map { "\(records); the old one was damaged and was moved to \($0)" } ?? records
    }

    private static func of(
        _ log: Log,
        into catalog: Catalog,
        _ logger: Logger
    ) throws(RecordingError) -> CatalogProjection {
        let wakeUp: WakeUp
        do { wakeUp = try WakeUp() } catch {
            throw RecordingError(.failed, "the system gives no more descriptors: \(error)")
        }
        return try CatalogProjection(of: log, into: catalog, wakeUp: wakeUp, logger: logger)
    }
}
