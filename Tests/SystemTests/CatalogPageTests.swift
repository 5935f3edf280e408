import Foundation
import TestSupport
import Testing

/// docs/catalog.md against a catalog that an archive has open.
@Suite(.serialized, .lastWords, .enabled(if: CatalogPage.hasSQLite3, CatalogPage.sqlite3Absent))
struct CatalogPageTests {
    @Test func everyQuestionHasTheSameAnswerInTheSQLite3Program() async throws {
        try await withFilledCatalog { system, catalog in
            let questions = try CatalogPage.blocks("sql")
            #expect(questions.count >= 20)
            for question in questions {
                let answer = try await system.rows(question)
                #expect(!answer.isEmpty, "\(question)")
                let other = try await system.command(
                    "/usr/bin/sqlite3",
                    ["-readonly", "-json", catalog, question]
                )
                let text = other.output.joined(separator: "\n")
                #expect(other.exitCode == 0, "\(other.log) \(question)")
                let rows = try JSONDecoder().decode(
                    [[String: SQLValue]].self,
                    from: Data(text.utf8)
                )
                #expect(rows.count == answer.count, "\(question)")
                for (row, expected) in zip(rows, answer) {
                    #expect(row.keys == expected.keys, "\(question)")
                    for (column, value) in row {
                        let isSame = value.isNearly(expected[column])
                        #expect(isSame, "\(column): \(value), \(expected)")
                    }
                }
            }
        }
    }

    @Test func everyColumnIsDescribed() async throws {
        try await withFilledCatalog { system, catalog in
            let columns = try await system.command(
                "/usr/bin/sqlite3",
                [
                    "-readonly", "-json", catalog,
                    """
                    SELECT m.name AS "table", p.name AS "column"
                    FROM sqlite_master m, pragma_table_info(m.name) p WHERE m.type = 'table'
                    AND m.name NOT IN ('projection', 'stubs', 'grdb_migrations')
                    AND m.name NOT LIKE 'sqlite%'
                    """,
                ]
            )
            let rows = try JSONDecoder().decode(
                [[String: String]].self,
                from: Data(columns.output.joined(separator: "\n").utf8)
            )
            #expect(rows.count > 60)
            let sections = try CatalogPage.text().components(separatedBy: "\n### ").dropFirst()
            for row in rows {
                let (table, column) = (row["table"] ?? "", row["column"] ?? "")
                let section = sections.first { section in
                    let title = section.prefix { $0 != "\n" && $0 != ":" }
                    return title.components(separatedBy: ", ").contains(table)
                }
                let isDescribed = ["`\(column)`", "`\(table).\(column)`"].contains { name in
                    section?.contains(name) == true
                }
                #expect(isDescribed, "\(table).\(column)")
            }
        }
    }

    /// Runs `body` beside a serving archive whose catalog has an answer to every question.
    private func withFilledCatalog(
        _ body: (_ system: System, _ catalog: String) async throws -> Void
    ) async throws {
        try await System.run { system in
            try await system.startArchive().says("serving")
            try await system.waitFor(0, "SELECT COUNT(*) FROM frames")
            let catalog = system.data + "/catalog.sqlite"
            // What the archive itself would have written, were it not for the cameras and workers.
            let filled = try await system.command(
                "/usr/bin/sqlite3",
                ["-cmd", ".timeout 10000", catalog, CatalogPage.rows]
            )
            #expect(filled.exitCode == 0, "\(filled.log)")
            try await body(system, catalog)
        }
    }
}

/// The page, and rows that answer its questions.
enum CatalogPage {
    static let hasSQLite3 = FileManager.default.isExecutableFile(atPath: "/usr/bin/sqlite3")
    static let sqlite3Absent: Comment = "Debian's package sqlite3 is not installed"

    static func text() throws -> String {
        try String(contentsOf: Shell.root.appending(path: "docs/catalog.md"), encoding: .utf8)
    }

    /// The contents of the page's fenced blocks in a language.
    static func blocks(_ language: String) throws -> [String] {
        try text().matches(of: /(?ms)^```([a-z]+)\n(.*?)^```$/).filter { $0.1 == language }
            .map { String($0.2) }
    }

    static let rows = """
        INSERT INTO streams VALUES ('kiosk', 4, 400, '2026-11-24 10:15:00.000',
            '2026-11-24 10:15:03.000', 1, 3, 2);
        INSERT INTO frames VALUES
            ('kiosk', 1, 0, '2026-11-24 10:15:00.000', 1, 'jpeg', 640, 480, 100, NULL, NULL, NULL),
            ('kiosk', 1, 1, '2026-11-24 10:15:01.000', 2, 'jpeg', 640, 480, 100, NULL, NULL, NULL),
            ('crops', 1, 0, '2026-11-24 10:15:01.000', 2, 'png', 64, 48, 10, 'kiosk', 1, 1);
        INSERT INTO stubs VALUES ('kiosk', 1, 0, '2026-11-24 10:15:00.000');
        INSERT INTO groups VALUES ('faces', '*', 'durable', 'any', 'now');
        INSERT INTO runs VALUES ('faces', 0, NULL, 'live', NULL, NULL, NULL, NULL, 1, 0, 1, 0);
        INSERT INTO results VALUES
            ('kiosk', 1, 0, 'faces', 0, '2026-11-24 10:15:00.000', 'haar', 'a', 'w', 1, NULL, 2,
                '{"weather":"rain"}', '2026-11-24 10:15:00.250', 1.25, 9.75),
            ('kiosk', 1, 0, 'faces', 1, '2026-11-24 10:15:00.000', 'yunet', 'b', 'w', 1, NULL, 1,
                NULL, '2026-11-24 11:15:00.250', 1.5, 20),
            ('kiosk', 1, 1, 'people', 0, '2026-11-24 10:15:01.000', 'hog', 'c', 'w', 2, 'no image',
                0, NULL, '2026-11-24 10:15:02.000', 0, 0);
        INSERT INTO detections VALUES
            ('kiosk', 1, 0, 'faces', 0, 0, '2026-11-24 10:15:00.000', 'face', 0.1 + 0.2, 1, 2, 30,
                40, NULL, '[1.5,2,3,4]', x'0000803f'),
            ('kiosk', 1, 0, 'faces', 0, 1, strftime('%Y-%m-%d %H:%M:%f', 'now'), 'face', 0.75, 1, 2,
                3.3, 4, NULL, NULL, NULL),
            ('kiosk', 1, 0, 'people', 0, 0, '2026-11-24 10:15:00.000', 'person', 0.7, 1, 2, 30, 40,
                7, NULL, NULL),
            ('kiosk', 1, 0, 'people', 0, 1, '2026-11-24 10:15:00.000', 'person', 0.6, 9, 2, 30, 40,
                8, NULL, NULL);
        INSERT INTO gaps VALUES ('kiosk', 1, 4, 5, 2, 'shed', NULL);
        INSERT INTO dead_letters VALUES
            ('kiosk', 1, 1, 'faces', 0, 5, 'crash', 'w', '2026-11-24 10:16:00.000');
        """
}

extension SQLValue {
    /// Whether two programs, which spell numbers differently, mean the same.
    fileprivate func isNearly(_ other: SQLValue?) -> Bool {
        guard case .number(let left) = self, case .number(let right)? = other else {
            return self == other
        }
        return abs(left - right) <= 1e-12 * max(1, abs(left))
    }
}
