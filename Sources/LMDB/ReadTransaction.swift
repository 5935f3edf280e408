internal import CLMDB

/// A view of what was committed when it began; keep it short, it holds old pages in the file.
///
/// Bytes are lent for the time of a call only.
@safe
package struct ReadTransaction: ~Copyable {
    /// Whether a scan goes on.
    package enum Step: Sendable {
        case next, stop
    }

    private let raw: OpaquePointer
    private let owner: Environment

    init(_ environment: Environment) throws(LMDBError) {
        var begun: OpaquePointer?
        let code = unsafe mdb_txn_begin(environment.raw, nil, UInt32(MDB_RDONLY), &begun)
        try LMDBError.check(code, "mdb_txn_begin")
        guard let begun = unsafe begun else {
            preconditionFailure("mdb_txn_begin broke its contract")
        }
        unsafe raw = begun
        owner = environment
    }

    deinit { unsafe mdb_txn_abort(raw) }

    /// Lends the value stored under `key` to `body`, or returns `nil`.
    package borrowing func withValue<Result>(
        for key: Key,
        in table: Table,
        _ body: (RawSpan) -> Result
    ) throws(LMDBError) -> Result? {
        var value = unsafe MDB_val()
        let code = unsafe key.withView { view in unsafe mdb_get(raw, table.id, &view, &value) }
        if code == MDB_NOTFOUND { return nil }
        try LMDBError.check(code, "mdb_get")
        return unsafe body(RawSpan(_unsafeBytes: value.buffer))
    }

    /// Lends each key and its value to `body`, ascending, until it says stop.
    ///
    /// - Parameters:
    ///   - start: The first key, which need not exist; `nil` for the smallest.
    ///   - table: The table to read.
    ///   - body: Called with a key and its value.
    /// - Throws: ``LMDBError`` from `mdb_cursor_get`.
    package borrowing func scan(
        from start: Key?,
        in table: Table,
        _ body: (_ key: RawSpan, _ value: RawSpan) -> Step
    ) throws(LMDBError) {
        var cursor: OpaquePointer?
        try unsafe LMDBError.check(mdb_cursor_open(raw, table.id, &cursor), "mdb_cursor_open")
        defer { unsafe mdb_cursor_close(cursor) }
        var key = unsafe MDB_val()
        var value = unsafe MDB_val()
        var code: Int32
        if let start {
            code = unsafe start.withView { view in
                unsafe key = view
                return unsafe mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE)
            }
        } else {
            code = unsafe mdb_cursor_get(cursor, &key, &value, MDB_FIRST)
        }
        while code == 0 {
            let step = unsafe body(
                RawSpan(_unsafeBytes: key.buffer),
                RawSpan(_unsafeBytes: value.buffer)
            )
            guard step == .next else { return }
            code = unsafe mdb_cursor_get(cursor, &key, &value, MDB_NEXT)
        }
        if code != MDB_NOTFOUND { try LMDBError.check(code, "mdb_cursor_get") }
    }

    /// Lends the largest key and its value to `body`, or returns `nil` when the table is empty.
    package borrowing func withLast<Result>(
        in table: Table,
        _ body: (_ key: RawSpan, _ value: RawSpan) -> Result
    ) throws(LMDBError) -> Result? {
        var cursor: OpaquePointer?
        try unsafe LMDBError.check(mdb_cursor_open(raw, table.id, &cursor), "mdb_cursor_open")
        defer { unsafe mdb_cursor_close(cursor) }
        var key = unsafe MDB_val()
        var value = unsafe MDB_val()
        let code = unsafe mdb_cursor_get(cursor, &key, &value, MDB_LAST)
        if code == MDB_NOTFOUND { return nil }
        try LMDBError.check(code, "mdb_cursor_get")
        return unsafe body(RawSpan(_unsafeBytes: key.buffer), RawSpan(_unsafeBytes: value.buffer))
    }

    /// How many keys the table has.
    package borrowing func count(in table: Table) throws(LMDBError) -> Int {
        var statistics = MDB_stat()
        try unsafe LMDBError.check(mdb_stat(raw, table.id, &statistics), "mdb_stat")
        return statistics.ms_entries
    }
}
