internal import CLMDB
private import Synchronization

#if canImport(Glibc)
private import Glibc
#endif

/// One LMDB file, mapped into memory; safe to share between threads.
///
/// LMDB's locks belong to the process, so a file may be open once per process; a second try throws
/// ``LMDBError/isAlreadyOpen``. Files opened without locks are free of that rule.
@safe
package final class Environment: Sendable {
    /// How an environment is opened.
    package struct Options: Sendable {
        /// Upper bound of the file, in bytes; a multiple of the page size.
        package var mapByteCount: Int
        /// Whether nobody may write through this handle.
        package var isReadOnly = false
        /// Without locks: only for files that nobody writes to any more.
        package var isLockFree = false
        /// Whether commits leave the data in the page cache until ``Environment/sync()``.
        package var leavesSyncToCaller = false
        /// Most read transactions at a time.
        package var readerLimit: UInt32 = 126

        /// The defaults: read and write, with locks, on disk at each commit.
        package init(mapByteCount: Int) { self.mapByteCount = mapByteCount }
    }

    /// How full the map is, as of the last commit.
    package struct Usage: Sendable {
        /// Bytes of a page.
        package let pageByteCount: Int
        /// Pages in use at the start of the file, holes included.
        package let pageCount: Int
        /// Upper bound of the file, in bytes.
        package let mapByteCount: Int

        /// Bytes in use at the start of the file, holes included.
        package var usedByteCount: Int { pageCount * pageByteCount }
    }

    nonisolated(unsafe) let raw: OpaquePointer  // Thread-safe: see lmdb.h, "Caveats".
    private let claim: String?

    /// Opens the single file at `path`, creating it unless it is read-only.
    ///
    /// Beside it LMDB keeps `path` + `-lock`, unless the environment is lock-free.
    ///
    /// A file that has lost its end is refused and left as it is: reading behind the end of a mapped
    /// file kills the process with SIGBUS. LMDB itself never looks at the file's size.
    ///
    /// - Throws: ``LMDBError`` from `mdb_env_open`; ``LMDBError/isCutShort`` when the file has lost
    ///   its end; ``LMDBError/isAlreadyOpen`` when this process has it open already.
    package init(path: String, options: Options) throws(LMDBError) {
        claim = options.isLockFree ? nil : path
        if let claim { try OpenFiles.shared.claim(claim) }
        do throws(LMDBError) {
            unsafe raw = try Self.open(path: path, options: options)
        } catch {
            if let claim { OpenFiles.shared.release(claim) }
            throw error
        }
    }

    deinit {
        unsafe mdb_env_close(raw)
        if let claim { OpenFiles.shared.release(claim) }
    }

    private static func open(path: String, options: Options) throws(LMDBError) -> OpaquePointer {
        var created: OpaquePointer?
        try unsafe LMDBError.check(mdb_env_create(&created), "mdb_env_create")
        guard let raw = unsafe created else {
            preconditionFailure("mdb_env_create broke its contract")
        }
        var flags = MDB_NOTLS | MDB_NOSUBDIR
        if options.isReadOnly { flags |= MDB_RDONLY }
        if options.isLockFree { flags |= MDB_NOLOCK }
        if options.leavesSyncToCaller { flags |= MDB_NOSYNC }
        do throws(LMDBError) {
            let size = options.mapByteCount
            try unsafe LMDBError.check(mdb_env_set_mapsize(raw, size), "mdb_env_set_mapsize")
            try unsafe LMDBError.check(mdb_env_set_maxdbs(raw, 8), "mdb_env_set_maxdbs")
            let readers = options.readerLimit
            try unsafe LMDBError.check(
                mdb_env_set_maxreaders(raw, readers),
                "mdb_env_set_maxreaders"
            )
            if options.isReadOnly { try requireContent(path) }
            let code = unsafe mdb_env_open(raw, path, UInt32(flags), 0o644)
            try LMDBError.check(code, "mdb_env_open")
            try unsafe requireEveryPage(raw)
        } catch {
            unsafe mdb_env_close(raw)  // Required after a failed open, says lmdb.h.
            throw error
        }
        return unsafe raw
    }

    /// Says so when the file at `path` is empty, which LMDB takes for new and tries to write to.
    private static func requireContent(_ path: String) throws(LMDBError) {
        var file = stat()
        guard unsafe stat(path, &file) == 0 else { return }  // `mdb_env_open` says why.
        if file.st_size == 0 { throw .cutShort }
    }

    /// Says so when the file ends before the last page that its newest commit uses.
    ///
    /// A commit writes its pages before the meta page that names the last of them, so a whole file is
    /// never shorter, a new one included: that has its two meta pages. The exception are pages at the
    /// very end that were taken and given back within one transaction: no key can be deleted here, so
    /// that only putting a large value twice in one transaction would do that.
    private static func requireEveryPage(_ raw: OpaquePointer) throws(LMDBError) {
        var descriptor: mdb_filehandle_t = -1
        let code = unsafe mdb_env_get_fd(raw, &descriptor)
        try LMDBError.check(code, "mdb_env_get_fd")
        // In this order: somebody else may be writing to it.
        let used = unsafe usage(of: raw).usedByteCount
        var file = stat()
        guard unsafe fstat(descriptor, &file) == 0 else {
            throw LMDBError(code: errno, operation: "fstat")
        }
        if Int(file.st_size) < used { throw .cutShort }
    }

    /// Begins the one write transaction; waits while another is open.
    package func beginWrite() throws(LMDBError) -> WriteTransaction {
        try WriteTransaction(self)
    }

    /// Begins a read transaction, which sees what is committed now until it ends.
    package func beginRead() throws(LMDBError) -> ReadTransaction {
        try ReadTransaction(self)
    }

    /// Opens a named table, or returns `nil` when it does not exist.
    package func table(named name: String) throws(LMDBError) -> Table? {
        // A handle lives on only when the transaction that opened it commits.
        var begun: OpaquePointer?
        let flags = UInt32(MDB_RDONLY)
        try unsafe LMDBError.check(mdb_txn_begin(raw, nil, flags, &begun), "mdb_txn_begin")
        var id: MDB_dbi = 0
        let code = unsafe mdb_dbi_open(begun, name, 0, &id)
        try unsafe LMDBError.check(mdb_txn_commit(begun), "mdb_txn_commit")
        if code == MDB_NOTFOUND { return nil }
        try LMDBError.check(code, "mdb_dbi_open")
        return Table(id: id)
    }

    /// Opens a named table, creating it if missing.
    package func createTable(named name: String) throws(LMDBError) -> Table {
        let transaction = try beginWrite()
        let table = try transaction.createTable(named: name)
        guard try transaction.commit() == .done else {
            throw LMDBError(code: MDB_MAP_FULL, operation: "mdb_txn_commit")
        }
        return table
    }

    /// How full the map is.
    package var usage: Usage { unsafe Self.usage(of: raw) }

    private static func usage(of raw: OpaquePointer) -> Usage {
        var info = unsafe MDB_envinfo()
        var statistics = MDB_stat()
        unsafe mdb_env_info(raw, &info)
        unsafe mdb_env_stat(raw, &statistics)
        return unsafe Usage(
            pageByteCount: Int(statistics.ms_psize),
            pageCount: info.me_last_pgno + 1,
            mapByteCount: info.me_mapsize
        )
    }

    /// Writes everything committed to the device and waits for it.
    package func sync() throws(LMDBError) {
        try unsafe LMDBError.check(mdb_env_sync(raw, 1), "mdb_env_sync")
    }
}

/// A named table of an ``Environment``.
package struct Table: Sendable {
    let id: MDB_dbi
}

/// The files that this process has open with locks.
private final class OpenFiles: Sendable {
    static let shared = OpenFiles()
    private let paths = Mutex<Set<String>>([])

    func claim(_ path: String) throws(LMDBError) {
        let isNew = paths.withLock { $0.insert(path).inserted }
        if !isNew { throw .alreadyOpen }
    }

    func release(_ path: String) { paths.withLock { _ = $0.remove(path) } }
}
