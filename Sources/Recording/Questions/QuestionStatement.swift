internal import GRDBSQLite

/// A compiled question; used by the thread of its connection, which outlives it.
@safe
struct QuestionStatement: ~Copyable {
    private let raw: OpaquePointer
    private let guardian: QuestionGuard

    /// Whether nothing follows it in the question.
    let isAlone: Bool

    init(_ raw: OpaquePointer, _ guardian: QuestionGuard, isAlone: Bool) {
        unsafe self.raw = raw
        self.guardian = guardian
        self.isAlone = isAlone
    }

    deinit { unsafe sqlite3_finalize(raw) }

    /// Whether it writes nothing.
    var isReadOnly: Bool { unsafe sqlite3_stmt_readonly(raw) != 0 }

    /// How many `?` it has.
    var parameterCount: Int { Int(unsafe sqlite3_bind_parameter_count(raw)) }

    /// The names of the columns of its answer; empty when it has none.
    var columnNames: [String] {
        let count = unsafe sqlite3_column_count(raw)
        return (0..<count).map { column in
            unsafe sqlite3_column_name(raw, column).map { unsafe String(cString: $0) } ?? ""
        }
    }

    /// Says what its `?` stand for, in order.
    borrowing func bind(_ values: [SQLValue]) -> Int32 {
        // SQLite is to copy the bytes: SQLITE_TRANSIENT, which is a cast in C.
        let copied = unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        for (index, value) in values.enumerated() {
            let place = Int32(index + 1)
            let code: Int32
            switch value {
            case .null: code = unsafe sqlite3_bind_null(raw, place)
            case .integer(let integer): code = unsafe sqlite3_bind_int64(raw, place, integer)
            case .real(let real): code = unsafe sqlite3_bind_double(raw, place, real)
            case .text(let text):
                let count = Int32(clamping: text.utf8.count)
                code = unsafe sqlite3_bind_text(raw, place, text, count, copied)
            case .blob(let bytes):
                let count = Int32(clamping: bytes.count)
                code = unsafe bytes.withUnsafeBytes { bytes in
                    unsafe sqlite3_bind_blob(raw, place, bytes.baseAddress, count, copied)
                }
            }
            guard code == SQLITE_OK else { return code }
        }
        return SQLITE_OK
    }

    /// Goes to the next row: `SQLITE_ROW`, `SQLITE_DONE`, or what went wrong.
    borrowing func step() -> Int32 {
        guardian.begin()
        defer { guardian.pause() }
        return unsafe sqlite3_step(raw)
    }

    /// The row that it stands on.
    var row: [SQLValue] {
        let count = unsafe sqlite3_data_count(raw)
        return (0..<count).map { value($0) }
    }

    private func value(_ column: Int32) -> SQLValue {
        switch unsafe sqlite3_column_type(raw, column) {
        case SQLITE_INTEGER: return .integer(unsafe sqlite3_column_int64(raw, column))
        case SQLITE_FLOAT: return .real(unsafe sqlite3_column_double(raw, column))
        case SQLITE_TEXT:
            guard let start = unsafe sqlite3_column_text(raw, column) else { return .null }
            let count = Int(unsafe sqlite3_column_bytes(raw, column))
            let bytes = unsafe UnsafeBufferPointer(start: start, count: count)
            return .text(unsafe String(decoding: bytes, as: UTF8.self))
        case SQLITE_BLOB:
            let count = Int(unsafe sqlite3_column_bytes(raw, column))
            guard let start = unsafe sqlite3_column_blob(raw, column) else { return .blob([]) }
            return .blob(unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count)))
        default: return .null
        }
    }
}
