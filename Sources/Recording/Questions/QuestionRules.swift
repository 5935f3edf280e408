internal import GRDBSQLite

/// What a question to the catalog may do: read the documented tables with functions that only
/// compute.
///
/// Pure. SQLite asks about each thing that a statement would do while it compiles the statement; see
/// https://www.sqlite.org/c3ref/set_authorizer.html.
enum QuestionRules {
    /// Why an action is not allowed, in a sentence; `nil` when it is.
    ///
    /// - Parameters:
    ///   - action: One of SQLite's authorizer action codes.
    ///   - first: What SQLite says first about it, such as the table's name.
    ///   - second: What it says then, such as the column's or function's name.
    /// - Returns: What is not allowed, and what to do.
    static func refusal(of action: Int32, _ first: String?, _ second: String?) -> String? {
        switch action {
        case SQLITE_SELECT, SQLITE_RECURSIVE: nil
        case SQLITE_READ: refusal(ofTable: first ?? "", column: second ?? "")
        case SQLITE_FUNCTION: refusal(ofFunction: second ?? "")
        case SQLITE_PRAGMA:
            "PRAGMA \(first ?? "") is not allowed in a question; docs/catalog.md has every table"
                + " and column"
        case SQLITE_ATTACH, SQLITE_DETACH:
            "a question reads this catalog only, and ATTACH is not allowed; the sqlite3 program can"
                + " join files: sqlite3 -readonly DATA/catalog.sqlite"
        case SQLITE_TRANSACTION, SQLITE_SAVEPOINT:
            "a question is one SELECT, and transactions are not allowed; leave \(first ?? "it") out"
        default: writing
        }
    }

    /// Why nothing can be written.
    static let writing =
        "the catalog is for reading: only SELECT on its tables works; docs/catalog.md has them"

    /// Tables that can be read beside those of the catalog: they make rows of a JSON text.
    private static let tableFunctions: Set = ["json_each", "json_tree"]

    private static func refusal(ofTable name: String, column: String) -> String? {
        let table = name.lowercased()
        if CatalogSchema.tableNames.contains(table) || table == "projection"
            || tableFunctions.contains(table)
        {
            return nil
        }
        // SQLite names a `WITH x AS (...)` of which no column is used so too.
        let isReserved = ["sqlite_", "grdb_", "pragma_", "dbstat"].contains { table.hasPrefix($0) }
        if column.isEmpty && !isReserved { return nil }
        let names = CatalogSchema.tableNames.joined(separator: ", ")
        return "the table \(name) is not there to be asked; these are: \(names)"
    }

    private static func refusal(ofFunction name: String) -> String? {
        let function = name.lowercased()
        if ["printf", "format"].contains(function) {
            return
                "the function \(name) is not allowed in a question, as one call of it can take for"
                + " ever; round(), substr() and strftime() format numbers, texts and times"
        }
        if functions.contains(function) || function.hasPrefix("json") { return nil }
        return "the function \(name) is not allowed in a question; docs/catalog.md says which are"
    }

    /// SQLite's functions without effects: https://www.sqlite.org/lang_corefunc.html and the pages
    /// beside it.
    static let functions: Set<String> = Set(
        """
        abs char coalesce concat concat_ws glob hex if ifnull iif instr length like \
        likelihood likely lower ltrim max min nullif octet_length quote random replace round \
        rtrim sign soundex substr substring trim typeof unhex unicode unlikely upper zeroblob \
        date time datetime julianday strftime timediff unixepoch current_date current_time \
        current_timestamp \
        avg count group_concat median percentile string_agg sum total \
        cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank \
        row_number \
        acos acosh asin asinh atan atan2 atanh ceil ceiling cos cosh degrees exp floor ln log log10 \
        log2 mod pi pow power radians sin sinh sqrt tan tanh trunc \
        -> ->>
        """.split(separator: " ").map(String.init)
    )
}
