import Foundation
import TestSupport
import Testing

/// Questions in SQL, to `archive sql` and to other programs.
@Suite(.lastWords)
struct SQLTests {
    @Test(
        arguments: [
            ("SELECT captured FROM frames", "captured"),
            ("SELEKT * FROM frames", "SELEKT"),
            ("SELECT * FROM pictures", "pictures"),
            ("DELETE FROM frames", "SELECT"), ("ATTACH 'other.sqlite' AS o", "ATTACH"),
            ("SELECT * FROM sqlite_master", "sqlite_master"),
            ("PRAGMA journal_mode", "PRAGMA"), ("SELECT load_extension('x')", "load_extension"),
            ("", "empty"), ("SELECT 1; SELECT 2", "one after the other"),
        ]
    )
    func aMistakeInSQLIsExplained(query: String, word: String) async throws {
        try await System.run { system in
            try await system.startArchive().says("serving")
            try await system.waitFor(0, "SELECT COUNT(*) FROM frames")
            let result = try await system.command("archive", ["sql", "--data", system.data, query])
            result.expectComplaint(1, [word])
        }
    }

    @Test func aQuestionHasAnEndInTimeAndRows() async throws {
        try await System.run { system in
            try await system.startArchive().says("serving")
            try await system.waitFor(0, "SELECT COUNT(*) FROM frames")
            let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
            func ask(_ sql: String, _ more: [String]) async throws -> Finished {
                let arguments = ["sql", "--data", system.data, "--json", numbers + sql]
                return try await system.command("archive", arguments + more)
            }
            let endless = try await ask("SELECT MAX(i) FROM n", ["--time-limit", "200ms"])
            endless.expectComplaint(1, ["200 ms", "--time-limit"])
            let cut = try await ask("SELECT i FROM n", ["--limit", "3"])
            #expect(cut.exitCode == 0)
            #expect(cut.output == ["[", "{\"i\":1},", "{\"i\":2},", "{\"i\":3}", "]"])
            #expect(cut.log == ["note: only the first 3 rows are shown; --limit 0 shows all"])
            let whole = try await ask("SELECT i FROM n LIMIT 3", ["--limit", "3"])
            #expect(whole.output == cut.output)
            #expect(whole.log == [])
            for wrong in [["--limit", "-1"], ["--time-limit", "0"], ["--time-limit", "soon"]] {
                try await ask("SELECT 1", wrong).expectComplaint(64, [wrong[0]])
            }
        }
    }
}
