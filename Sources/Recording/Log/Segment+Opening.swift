internal import Foundation
internal import LMDB
internal import Wire

// Opening segments that nobody writes to.

extension Segment {
    /// Opens a segment that nobody writes to, without locks.
    ///
    /// One whose pages are damaged is opened too, for what is left of it; see ``Records``.
    ///
    /// - Throws: ``RecordingError/Kind/damaged`` when nothing of it can be read;
    ///   ``RecordingError/Kind/failed`` for what may pass, such as too many open files.
    static func openSealed(first: UInt64, in directory: String) throws(RecordingError) -> Segment {
        let path = path(first, in: directory)
        do throws(LMDBError) {
            let file = try PageFile(path: path)
            let damage = file.check()
            let records: Records
            if damage.isEmpty {
                let (environment, log) = try openFile(path)
                if let index = try environment.table(named: indexTable) {
                    return Segment(
                        first: first,
                        records: .file(environment, log),
                        index: .table(index)
                    )
                }
                records = .file(environment, log)
            } else {
                let next = try? Log.segments(in: directory).first { $0 > first }
                let salvage = Salvage(file, damage, first: first, next: next)
                if salvage.positions.isEmpty { throw file.isCutShort ? .cutShort : .invalid }
                records = .salvage(salvage)
            }
            let memory = MemoryIndex()
            let segment = Segment(first: first, records: records, index: .memory(memory))
            try segment.fill(memory)
            return segment
        } catch {
            throw unreadable(path, error)
        }
    }

    /// Says so when a sealed segment cannot be opened as it is; its records are not read.
    static func check(first: UInt64, in directory: String) throws(RecordingError) {
        let path = path(first, in: directory)
        do throws(LMDBError) {
            let file = try PageFile(path: path)
            if file.isCutShort { throw .cutShort }
            if file.table(named: logTable) == nil { throw .invalid }
        } catch {
            throw unreadable(path, error)
        }
    }

    /// The position of the last record of a segment that nobody writes to; `nil` when it has none.
    ///
    /// - Throws: ``RecordingError/Kind/damaged`` when it is no segment; other kinds for what may pass.
    static func lastPosition(
        first: UInt64,
        in directory: String
    ) throws(RecordingError) -> UInt64? {
        let path = path(first, in: directory)
        do throws(LMDBError) {
            try requireWholePages(path)
            let (environment, log) = try openFile(path)
            return try environment.beginRead().withLast(in: log) { key, _ in key.keyNumber } ?? nil
        } catch {
            throw unreadable(path, error)
        }
    }

    /// Says so when LMDB may not open the file, because a number on one of its pages is wrong.
    static func requireWholePages(_ path: String) throws(LMDBError) {
        let file = try PageFile(path: path)
        if file.isCutShort { throw .cutShort }
        if !file.check().isEmpty { throw .invalid }
    }

    private static func openEnvironment(_ path: String) throws(LMDBError) -> Environment {
        var options = Environment.Options(mapByteCount: 1 << 20)  // Grows to the file's own.
        options.isReadOnly = true
        options.isLockFree = true
        return try Environment(path: path, options: options)
    }

    private static func openFile(_ path: String) throws(LMDBError) -> (Environment, log: Table) {
        let environment = try openEnvironment(path)
        guard let log = try environment.table(named: logTable) else { throw LMDBError.invalid }
        return (environment, log)
    }

    /// What a failed read means: damage stays, everything else may pass.
    static func unreadable(_ path: String, _ error: LMDBError) -> RecordingError {
        guard error.isDamage else {
            return RecordingError(.failed, "segment \(path) cannot be read: \(error)")
        }
        return RecordingError(
            .damaged,
            "segment \(path) is damaged: \(error); put a copy of it back if you have one, the archive"
                + " leaves it as it is"
        )
    }
}
