internal import Foundation
internal import GRDB

/// A value of a SQL answer.
package enum SQLValue: Sendable, Equatable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])

    init(_ value: DatabaseValue) {
        switch value.storage {
        case .null: self = .null
        case .int64(let integer): self = .integer(integer)
        case .double(let real): self = .real(real)
        case .string(let text): self = .text(text)
        case .blob(let data): self = .blob(Array(data))
        }
    }

    fileprivate var databaseValue: DatabaseValue {
        switch self {
        case .null: .null
        case .integer(let integer): integer.databaseValue
        case .real(let real): real.databaseValue
        case .text(let text): text.databaseValue
        case .blob(let bytes): Data(bytes).databaseValue
        }
    }
}

/// The catalog for people's questions: opened read-only, whoever else has it open.
package struct CatalogReader: Sendable {
    private let queue: DatabaseQueue

    /// Opens the catalog of `directory`.
    package init(_ directory: DataDirectory) throws(RecordingError) {
        do {
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(5)
            queue = try DatabaseQueue(path: directory.catalog, configuration: configuration)
        } catch {
            throw RecordingError(
                .missing,
                "the catalog \(directory.catalog) cannot be opened: \(Catalog.reason(error))"
            )
        }
    }

    /// Runs a query and hands out its rows one by one.
    ///
    /// - Parameters:
    ///   - sql: One statement.
    ///   - arguments: What its `?` stand for.
    ///   - columns: Told the columns' names, before the first row.
    ///   - row: Told each row; returns whether to go on.
    /// - Throws: ``RecordingError/Kind/invalid`` for a mistake in the SQL, and what `row` throws.
    package func query(
        _ sql: String,
        _ arguments: [SQLValue] = [],
        columns: ([String]) throws -> Void = { _ in },
        row: ([SQLValue]) throws -> Bool
    ) throws {
        do {
            try queue.read { database in
                let statement = try database.makeStatement(sql: sql)
                let values = StatementArguments(arguments.map(\.databaseValue))
                try columns(statement.columnNames)
                let rows = try Row.fetchCursor(statement, arguments: values)
                while let next = try rows.next() {
                    guard try row(next.databaseValues.map { SQLValue($0) }) else { return }
                }
            }
        } catch let error as DatabaseError {
            throw Self.mistake(error, sql)
        }
    }

    /// All rows of a small answer.
    package func rows(_ sql: String, _ arguments: [SQLValue] = []) throws -> [[SQLValue]] {
        var rows: [[SQLValue]] = []
        try query(sql, arguments) { row in
            rows.append(row)
            return true
        }
        return rows
    }

    /// The streams that a name or pattern covers.
    ///
    /// - Throws: ``RecordingError/Kind/invalid`` when there is none.
    package func streams(matching pattern: String) throws -> [String] {
        let all = try rows("SELECT stream FROM streams ORDER BY stream").compactMap { row in
            if case .text(let name)? = row.first { name } else { nil }
        }
        return try Catalog.matching(pattern, of: all)
    }

    private static func mistake(_ error: DatabaseError, _ sql: String) -> RecordingError {
        switch error.resultCode {
        case .SQLITE_READONLY:
            return RecordingError(.invalid, "the catalog is for reading: only SELECT works on it")
        case .SQLITE_MISUSE where error.message?.hasPrefix("Multiple statements") == true:
            return RecordingError(
                .invalid,
                "the query has more than one statement; ask one after the other"
            )
        case .SQLITE_ERROR, .SQLITE_MISUSE, .SQLITE_RANGE, .SQLITE_AUTH:
            let message = error.message ?? "\(error)"
            return RecordingError(.invalid, "SQLite does not understand the query: \(message)")
        default:
            return RecordingError(.failed, "the query failed: \(Catalog.reason(error))")
        }
    }
}
