internal import CLMDB

/// The one open write transaction of an environment; aborts unless committed.
///
/// Stays on the thread that began it, because LMDB's writer lock belongs to that thread.
@safe
package struct WriteTransaction: ~Copyable {
    let raw: OpaquePointer
    private let owner: Unmanaged<Environment>  // Trivial, as `discard self` requires.

    init(_ environment: Environment) throws(LMDBError) {
        var begun: OpaquePointer?
        try unsafe LMDBError.check(mdb_txn_begin(environment.raw, nil, 0, &begun), "mdb_txn_begin")
        guard let begun = unsafe begun else {
            preconditionFailure("mdb_txn_begin broke its contract")
        }
        unsafe raw = begun
        unsafe owner = .passRetained(environment)
    }

    deinit {
        unsafe mdb_txn_abort(raw)
        unsafe owner.release()
    }

    /// Makes every change durable; the transaction is over whatever comes back.
    package consuming func commit() throws(LMDBError) -> WriteOutcome {
        let code = unsafe mdb_txn_commit(raw)
        unsafe owner.release()
        discard self  // `mdb_txn_commit` freed the handle, so `deinit` must not abort it.
        return try WriteOutcome(code, "mdb_txn_commit")
    }

    /// Opens a named table, creating it if missing; it lives on only if this is committed.
    package borrowing func createTable(named name: String) throws(LMDBError) -> Table {
        var id: MDB_dbi = 0
        let code = unsafe mdb_dbi_open(raw, name, UInt32(MDB_CREATE), &id)
        try LMDBError.check(code, "mdb_dbi_open")
        return Table(id: id)
    }

    /// Stores `value` under `key`, replacing any earlier value.
    package mutating func put(
        _ value: RawSpan,
        for key: Key,
        in table: Table
    ) throws(LMDBError) -> WriteOutcome {
        try reserve(value.byteCount, for: key, in: table, flags: 0) { $0.copy(value, at: 0) }
    }

    /// Stores `value` behind the last key of the table, which `key` must follow.
    ///
    /// - Throws: ``LMDBError`` when `key` does not sort behind the last one.
    package mutating func append(
        _ value: RawSpan,
        for key: Key,
        in table: Table
    ) throws(LMDBError) -> WriteOutcome {
        try append(value.byteCount, for: key, in: table) { $0.copy(value, at: 0) }
    }

    /// Makes room behind the last key of the table and lends it to `fill`, so that a value made of
    /// several parts is copied once.
    ///
    /// - Parameters:
    ///   - byteCount: Bytes of the value.
    ///   - key: Must sort behind the last key.
    ///   - table: The table to store into.
    ///   - fill: Must write all `byteCount` bytes: they hold anything before. Not called when the
    ///     map is full.
    /// - Returns: Whether there was room.
    /// - Throws: ``LMDBError`` when `key` does not sort behind the last one.
    package mutating func append(
        _ byteCount: Int,
        for key: Key,
        in table: Table,
        fill: (inout MutableRawSpan) -> Void
    ) throws(LMDBError) -> WriteOutcome {
        try reserve(byteCount, for: key, in: table, flags: MDB_APPEND, fill: fill)
    }

    private mutating func reserve(
        _ byteCount: Int,
        for key: Key,
        in table: Table,
        flags: Int32,
        fill: (inout MutableRawSpan) -> Void
    ) throws(LMDBError) -> WriteOutcome {
        var place = unsafe MDB_val(mv_size: byteCount, mv_data: nil)
        let code = unsafe key.withView { view in
            unsafe mdb_put(raw, table.id, &view, &place, UInt32(flags | MDB_RESERVE))
        }
        let outcome = try WriteOutcome(code, "mdb_put")
        guard outcome == .done else { return outcome }
        let room = unsafe UnsafeMutableRawBufferPointer(start: place.mv_data, count: byteCount)
        var span = unsafe MutableRawSpan(_unsafeBytes: room)
        fill(&span)
        return .done
    }
}

extension MutableRawSpan {
    /// Copies `source` here, from `offset` on, where it must fit.
    package mutating func copy(_ source: RawSpan, at offset: Int) {
        precondition(offset >= 0 && offset + source.byteCount <= byteCount)
        guard source.byteCount > 0 else { return }
        unsafe withUnsafeMutableBytes { target in
            unsafe source.withUnsafeBytes { bytes in
                let room = unsafe UnsafeMutableRawBufferPointer(rebasing: target[offset...])
                unsafe room.copyMemory(from: bytes)
            }
        }
    }
}
