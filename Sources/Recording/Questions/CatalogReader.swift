internal import GRDBSQLite
internal import Service

/// The catalog for questions, whoever else has it open: one door, behind which only SELECT works,
/// on the documented tables alone, and no longer than it may.
///
/// Used by one thread.
package final class CatalogReader {
    /// How long a question may take.
    package struct Limit: Sendable {
        /// How long SQLite may work; what becomes of the rows takes its own time.
        package var time: Duration
        /// How to get more, as the end of a sentence; empty when nobody can.
        package var remedy: String

        /// Puts the parts together.
        package init(time: Duration, remedy: String = "") {
            self.time = time
            self.remedy = remedy
        }
    }

    private let connection: QuestionConnection

    /// Opens the catalog of `directory`.
    package convenience init(_ directory: DataDirectory) throws(RecordingError) {
        try self.init(path: directory.catalog)
    }

    /// Opens the catalog at `path`; `isStopped` is asked now and then whether a question is to end at once.
    init(path: String, isStopped: (@Sendable () -> Bool)? = nil) throws(RecordingError) {
        do throws(SQLiteError) {
            connection = try QuestionConnection(path: path)
        } catch {
            throw RecordingError(
                .missing,
                "the catalog \(path) cannot be opened: \(error.message)"
            )
        }
        connection.guardian.isStopped = isStopped
    }

    /// Asks a question and hands out the rows of its answer one by one.
    ///
    /// - Parameters:
    ///   - sql: One SELECT.
    ///   - arguments: What its `?` stand for.
    ///   - limit: How long it may take; `nil` for as long as it takes.
    ///   - columns: Told the columns' names, before the first row.
    ///   - row: Told each row; returns whether to go on.
    /// - Throws: ``RecordingError/Kind/invalid`` for a mistake in the question, for what a question
    ///   may not do, and when it takes too long; and what `row` throws.
    package func query(
        _ sql: String,
        _ arguments: [SQLValue] = [],
        within limit: Limit? = nil,
        columns: ([String]) throws -> Void = { _ in },
        row: ([SQLValue]) throws -> Bool
    ) throws {
        // A row may ask a question of its own.
        let guardian = connection.guardian
        let (outerLimit, outerSpent) = (guardian.timeLimit, guardian.spent)
        defer { (guardian.timeLimit, guardian.spent) = (outerLimit, outerSpent) }
        (guardian.timeLimit, guardian.spent) = (limit?.time, .zero)
        do {
            let statement = try prepare(sql, arguments)
            try columns(statement.columnNames)
            while true {
                switch statement.step() {
                case SQLITE_ROW: if try !row(statement.row) { return }
                case SQLITE_DONE: return
                case let code: throw connection.error(code)
                }
            }
        } catch let error as SQLiteError {
            throw explained(error, limit)
        }
    }

    /// All rows of a small answer.
    package func rows(
        _ sql: String,
        _ arguments: [SQLValue] = [],
        within limit: Limit? = nil
    ) throws -> [[SQLValue]] {
        var rows: [[SQLValue]] = []
        try query(sql, arguments, within: limit) { row in
            rows.append(row)
            return true
        }
        return rows
    }

    /// The streams that a name or pattern covers.
    ///
    /// - Throws: ``RecordingError/Kind/invalid`` when there is none.
    package func streams(matching pattern: String) throws -> [String] {
        try Catalog.matching(pattern, of: streams())
    }

    /// All streams there are.
    func streams() throws -> [String] {
        try rows("SELECT stream FROM streams ORDER BY stream").compactMap { row in
            if case .text(let name)? = row.first { name } else { nil }
        }
    }

    private func prepare(_ sql: String, _ arguments: [SQLValue]) throws -> QuestionStatement {
        // SQLite would stop reading there.
        guard !sql.utf8.contains(0) else {
            throw RecordingError(.invalid, "the question has a NUL character in it; leave it out")
        }
        guard let statement = try connection.prepare(sql) else {
            throw RecordingError(.invalid, "the question is empty; ask one SELECT")
        }
        guard statement.isAlone else {
            throw RecordingError(
                .invalid,
                "the question has more than one statement; ask one after the other"
            )
        }
        guard statement.isReadOnly, !statement.columnNames.isEmpty else {
            throw RecordingError(.invalid, QuestionRules.writing)
        }
        guard statement.parameterCount == arguments.count else {
            throw RecordingError(
                .invalid,
                "nothing stands for a ?, :name or @name of the question; write the value there"
            )
        }
        let code = statement.bind(arguments)
        guard code == SQLITE_OK else { throw connection.error(code) }
        return statement
    }

    private func explained(_ error: SQLiteError, _ limit: Limit?) -> RecordingError {
        let what = error.message
        if let refusal = connection.guardian.refusal { return RecordingError(.invalid, refusal) }
        switch error.code & 0xff {
        case SQLITE_INTERRUPT where connection.guardian.isStopped?() == true:
            return RecordingError(.failed, "the archive is stopping, and has ended the question")
        case SQLITE_INTERRUPT:
            let time = limit.map { Readable.duration($0.time) } ?? "too long"
            return RecordingError(
                .invalid,
                "the question was stopped after \(time); ask about less, such as one stream or one"
                    + " day\(limit?.remedy ?? "")"
            )
        case SQLITE_AUTH, SQLITE_ERROR:
            return RecordingError(.invalid, "SQLite does not understand the question: \(what)")
        case SQLITE_READONLY: return RecordingError(.invalid, QuestionRules.writing)
        case SQLITE_TOOBIG:
            let most = Readable.bytes(Int(QuestionConnection.valueLimit))
            return RecordingError(
                .invalid,
                "the question, or a value in its answer, is too big (values have \(most) at most)"
            )
        case SQLITE_CORRUPT, SQLITE_NOTADB:
            return RecordingError(
                .damaged,
                "the catalog is damaged (\(what)); archive reindex writes it anew from the log"
            )
        default: return RecordingError(.failed, "the question failed: \(what)")
        }
    }
}
