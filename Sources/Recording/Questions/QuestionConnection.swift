internal import GRDBSQLite

/// What SQLite says went wrong.
struct SQLiteError: Error {
    /// SQLite's result code.
    let code: Int32
    /// SQLite's own words.
    let message: String
}

/// A read-only connection to a SQLite file on which only questions work; used by one thread.
///
/// GRDB keeps the one place for an authorizer that a connection has for itself, so this one is
/// SQLite's own.
@safe
struct QuestionConnection: ~Copyable {
    /// Bytes of a value, and of a question, at most.
    static let valueLimit: Int32 = 1 << 20
    static let questionLimit: Int32 = 1 << 20

    private let raw: OpaquePointer
    /// What is asked about each question.
    let guardian = QuestionGuard()

    /// Opens the file at `path`, which others may write to meanwhile.
    init(path: String) throws(SQLiteError) {
        unsafe raw = try Self.open(path)
        // A table function declares its table when it is first used, which a question must not.
        let tables = "SELECT 1 FROM json_each('[]'), json_tree('[]')"
        _ = unsafe sqlite3_exec(raw, tables, nil, nil, nil)
        unsafe guardian.watch(raw)
    }

    private static func open(_ path: String) throws(SQLiteError) -> OpaquePointer {
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX
        var code = unsafe sqlite3_open_v2(path, &opened, flags, nil)
        if code == SQLITE_OK, let raw = unsafe opened {
            _ = unsafe sqlite3_busy_timeout(raw, 5_000)
            _ = unsafe sqlite3_limit(raw, SQLITE_LIMIT_LENGTH, valueLimit)
            _ = unsafe sqlite3_limit(raw, SQLITE_LIMIT_SQL_LENGTH, questionLimit)
            _ = unsafe sqlite3_limit(raw, SQLITE_LIMIT_ATTACHED, 0)
            // What the file itself may bring along, such as a view, may do no more than a question.
            let settings = "PRAGMA query_only = 1; PRAGMA trusted_schema = 0"
            code = unsafe sqlite3_exec(raw, settings, nil, nil, nil)
            if code == SQLITE_OK { return unsafe raw }
        }
        let message = unsafe String(cString: sqlite3_errstr(code))
        unsafe sqlite3_close_v2(opened)
        throw SQLiteError(code: code, message: message)
    }

    deinit { unsafe sqlite3_close_v2(raw) }

    /// Compiles the first statement of a question.
    ///
    /// - Returns: The statement, or `nil` when there is none.
    borrowing func prepare(_ question: String) throws(SQLiteError) -> QuestionStatement? {
        guardian.refusal = nil
        var text = Array(question.utf8CString)
        var first: OpaquePointer?
        // A statement may be empty: a comment, or nothing before a semicolon.
        while unsafe first == nil {
            let (code, used) = unsafe compile(&text, &first)
            guard code == SQLITE_OK else { throw error(code) }
            if used == 0 { return nil }
            text.removeFirst(used)
        }
        guard let raw = unsafe first else { return nil }
        let refusal = guardian.refusal
        defer { guardian.refusal = refusal }
        return unsafe QuestionStatement(raw, guardian, isAlone: isEmpty(&text))
    }

    /// Whether `text` holds nothing but blanks, comments and semicolons.
    private borrowing func isEmpty(_ text: inout [CChar]) -> Bool {
        var next: OpaquePointer?
        while unsafe next == nil {
            let (code, used) = unsafe compile(&text, &next)
            // What follows need not even be SQL to be too much.
            if code != SQLITE_OK { return false }
            if used == 0 { return true }
            text.removeFirst(used)
        }
        unsafe sqlite3_finalize(next)
        return false
    }

    /// Compiles what stands first in `text`; returns the code, and how many bytes that was.
    private borrowing func compile(
        _ text: inout [CChar],
        _ statement: inout OpaquePointer?
    ) -> (code: Int32, used: Int) {
        unsafe text.withUnsafeBufferPointer { bytes in
            var tail: UnsafePointer<CChar>?
            guard let base = bytes.baseAddress else { return (SQLITE_OK, 0) }
            let code = unsafe sqlite3_prepare_v2(raw, base, -1, &statement, &tail)
            return unsafe (code, tail.map { unsafe $0 - base } ?? 0)
        }
    }

    /// What SQLite says about the last call, which returned `code`.
    borrowing func error(_ code: Int32) -> SQLiteError {
        SQLiteError(code: code, message: unsafe String(cString: sqlite3_errmsg(raw)))
    }
}
