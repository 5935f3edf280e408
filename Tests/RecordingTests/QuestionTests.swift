import Foundation
import GRDB
import TestSupport
import Testing

@testable import Recording

@Suite struct QuestionTests {
    let temporary: TemporaryDirectory
    let directory: DataDirectory
    let catalog: Catalog
    let reader: CatalogReader

    init() throws {
        temporary = try TemporaryDirectory()
        directory = DataDirectory(path: temporary.path)
        catalog = try Catalog(path: directory.catalog)
        try catalog.pool.write { database in
            try database.execute(
                sql: """
                    INSERT INTO frames VALUES
                    ('kiosk', 1, 0, '2026-11-24 10:00:00.000', 5, 'jpeg', 8, 6, 99, NULL, NULL, NULL);
                    INSERT INTO results VALUES ('kiosk', 1, 0, 'faces', 0, '2026-11-24 10:00:00.000',
                    'm', 'f', 'w', 1, NULL, 0, '{"weather":"rain"}',
                    '2026-11-24 10:00:00.000', 1, 2.5)
                    """
            )
        }
        reader = try CatalogReader(directory)
    }

    private func refusal(of sql: String, _ arguments: [SQLValue] = []) -> String? {
        do {
            _ = try reader.rows(sql, arguments, within: .init(time: .seconds(20)))
            return nil
        } catch let error as RecordingError {
            #expect(error.kind == .invalid)
            return error.description
        } catch {
            return "not explained: \(error)"
        }
    }

    @Test(
        arguments: [
            "SELECT * FROM frames JOIN results USING (stream, epoch, sequence)",
            "WITH x AS (SELECT 1) SELECT COUNT(*) FROM x",
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) "
                + "SELECT SUM(i) FROM n",
            "SELECT COUNT(*) FROM FRAMES",
            "SELECT json_extract(attributes, '$.weather'), attributes ->> 'weather' FROM results",
            "SELECT COUNT(*) FROM json_tree('[1]')",
            "SELECT r.stream, a.key, a.value FROM results r, json_each(r.attributes) a",
            "SELECT lag(infer_ms) OVER (ORDER BY captured_at) FROM results",
            "SELECT strftime('%H', captured_at), julianday(captured_at), abs(-1), round(1.5) FROM "
                + "frames WHERE stream LIKE 'k%' AND stream GLOB 'k*' AND stream IN ('kiosk')",
            "VALUES (1), (2)", "EXPLAIN QUERY PLAN SELECT * FROM frames",
            "-- a remark\nSELECT 1; -- another", "SELECT 1;;",
            "SELECT group_concat(name) FROM (SELECT stream AS name FROM gaps)",
        ]
    )
    func aSelectOnTheTablesIsAnswered(sql: String) {
        #expect(refusal(of: sql) == nil)
    }

    @Test(
        arguments: [
            ("SELECT * FROM sqlite_master", "the table sqlite_master"),
            ("SELECT COUNT(*) FROM sqlite_schema", "these are: streams, frames"),
            ("SELECT * FROM grdb_migrations", "grdb_migrations"),
            ("SELECT COUNT(*) FROM grdb_migrations", "grdb_migrations"),
            ("SELECT name FROM pragma_table_info('frames')", "only SELECT on its tables"),
            ("SELECT COUNT(*) FROM pragma_database_list", "only SELECT on its tables"),
            ("SELECT * FROM dbstat", "only SELECT on its tables"),
            ("SELECT load_extension('/tmp/x.so')", "load_extension"),
            ("SELECT randomblob(9)", "function randomblob"),
            ("SELECT printf('%.*c', 1000000000, 'x')", "printf is not allowed"),
            ("SELECT format('%d', 1)", "format is not allowed"),
            ("SELECT sqlite_version()", "docs/catalog.md"),
            ("SELECT last_insert_rowid()", "last_insert_rowid"),
            ("SELECT * FROM frames WHERE load_extension('x') = 1", "load_extension"),
            ("WITH x AS (SELECT * FROM sqlite_master) SELECT * FROM x", "sqlite_master"),
            ("PRAGMA journal_mode = DELETE", "PRAGMA"), ("PRAGMA table_info(frames)", "PRAGMA"),
            ("ATTACH '/tmp/x.sqlite' AS x", "ATTACH"), ("DETACH main", "ATTACH"),
            ("DELETE FROM frames", "only SELECT"), ("INSERT INTO gaps VALUES (1)", "only SELECT"),
            ("UPDATE frames SET width = 1", "only SELECT"), ("DROP TABLE frames", "only SELECT"),
            ("CREATE TEMP TABLE x (y)", "only SELECT"), ("CREATE TABLE x (y)", "only SELECT"),
            ("CREATE VIRTUAL TABLE x USING fts5(y)", "only SELECT"),
            ("CREATE TEMP VIEW x AS SELECT 1", "only SELECT"), ("ANALYZE", "only SELECT"),
            ("REINDEX", "only SELECT"), ("VACUUM", "only SELECT"), ("BEGIN", "transactions"),
            ("COMMIT", "transactions"), ("SAVEPOINT x", "transactions"),
            ("WITH x AS (SELECT 1) DELETE FROM frames", "only SELECT"),
            ("SELECT 1; SELECT 2", "more than one statement"),
            ("SELECT 1; DROP TABLE frames", "more than one statement"),
            ("SELECT 1; nonsense", "more than one statement"),
            ("", "empty"), ("  -- nothing\n;", "empty"), ("SELECT 1\0; DROP", "NUL"),
            ("SELECT * FROM frames WHERE stream = ?", "nothing stands for"),
            ("SELECT * FROM frames WHERE stream = :name", "nothing stands for"),
            ("SELECT colour FROM frames", "no such column: colour"),
            ("SELECT * FROM pictures", "no such table: pictures"),
            ("SELEC 1", "syntax error"), ("SELECT hex(zeroblob(50000000))", "too big"),
        ]
    )
    func whatAQuestionMayNotDoIsRefusedInWords(sql: String, words: String) {
        let refusal = refusal(of: sql)
        #expect(refusal?.contains(words) == true, "\(refusal ?? "it was answered")")
    }

    @Test func vacuumIntoWritesNoFile() {
        let copy = temporary.path + "/copy.sqlite"
        #expect(refusal(of: "VACUUM INTO '\(copy)'")?.contains("only SELECT") == true)
        #expect(!FileManager.default.fileExists(atPath: copy))
    }

    @Test func aRefusedQuestionLeavesTheNextOneAlone() throws {
        #expect(refusal(of: "SELECT sqlite_version()") != nil)
        #expect(refusal(of: "SELECT colour FROM frames")?.contains("no such column") == true)
        #expect(try reader.rows("SELECT width FROM frames") == [[.integer(8)]])
    }

    @Test func aQuestionWithoutEndIsStopped() {
        let limit = CatalogReader.Limit(time: .milliseconds(50), remedy: ", or wait longer")
        let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
        for sql in [endless + "SELECT COUNT(*) FROM n", endless + "SELECT i FROM n WHERE i < 0"] {
            #expect {
                try reader.rows(sql, within: limit)
            } throws: {
                "\($0)".contains("stopped after 50 ms") && "\($0)".hasSuffix("or wait longer")
            }
        }
        // The next one has its own time.
        #expect(refusal(of: "SELECT 1") == nil)
    }

    @Test func onlyTheTimeInSQLiteCounts() throws {
        let deadline = ContinuousClock.now + .milliseconds(150)
        var rows = 0
        try reader.query(
            "VALUES (1), (2), (3)",
            within: .init(time: .milliseconds(50)),
            row: { _ in
                // A slow reader of the rows.
                while ContinuousClock.now < deadline {}
                // A question between two rows has a time of its own.
                #expect(refusal(of: "SELECT 1") == nil)
                rows += 1
                return true
            }
        )
        #expect(rows == 3)
    }

    @Test func valuesOfEveryKindGoInAndComeOut() throws {
        let values: [SQLValue] = [
            .null, .integer(.min), .real(-0.5), .text("ä'; DROP TABLE frames"), .text(""),
            .blob([0, 255]), .blob([]),
        ]
        #expect(try reader.rows("SELECT ?, ?, ?, ?, ?, ?, ?", values) == [values])
    }

    @Test func whatOthersWriteMeanwhileIsSeen() throws {
        #expect(try reader.rows("SELECT COUNT(*) FROM gaps") == [[.integer(0)]])
        try catalog.pool.write { database in
            try database.execute(sql: "INSERT INTO gaps VALUES ('kiosk', 1, 2, 3, 2, 'lost', NULL)")
        }
        #expect(try reader.rows("SELECT frames FROM gaps") == [[.integer(2)]])
    }

    @Test func aFileThatIsNoCatalogIsCalledThat() throws {
        let file = DataDirectory(path: temporary.path + "/other")
        try file.create()
        #expect {
            try CatalogReader(file)
        } throws: {
            ($0 as? RecordingError)?.kind == .missing
        }
        try Data(repeating: 7, count: 5_000).write(to: URL(filePath: file.catalog))
        #expect {
            try CatalogReader(file).rows("SELECT 1 FROM frames")
        } throws: {
            ($0 as? RecordingError)?.kind == .damaged
        }
    }
}
