import Foundation
import GRDB
import Testing
import TestSupport
import Wire
import ZeroMQ

@testable import Recording

@Suite struct ReindexTests {
    private let tests: VerifyTests
    private var directory: DataDirectory { tests.directory }

    init() throws { tests = try VerifyTests() }

    private func reindex() throws -> String {
        try Upkeep.run(
            .reindex,
            in: directory,
            patience: .seconds(20),
            command: "archive reindex",
            logger: Fixture.logger
        ) { _, _ in }
    }

    private func dump() throws -> [String] {
        let reader = try CatalogReader(directory)
        let tables = ["projection"] + CatalogSchema.tableNames
        return try tables.flatMap { table in
            try reader.rows("SELECT * FROM \(table)").map { "\(table) \($0)" }.sorted()
        }
    }

    private func overwrite() throws {
        for suffix in ["-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: directory.catalog + suffix)
        }
        let junk = Data(repeating: 7, count: 50_000)
        try junk.write(to: URL(fileURLWithPath: directory.catalog))
    }

    private func remove() {
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: directory.catalog + suffix)
        }
    }

    @Test func theAnswersAreTheSameAsBefore() throws {
        #expect(try tests.verify().wrong == 0)
        let before = try dump()
        let outcome = try reindex()
        #expect(outcome.hasPrefix("the catalog was written anew from the log, up to position"))
        #expect(try dump() == before)
        remove()
        _ = try reindex()
        #expect(try dump() == before)
        #expect(try tests.verify().findings == [])
        #expect(!FileManager.default.fileExists(atPath: directory.catalog + ".new"))
    }

    @Test func aWrongCatalogIsRightAgain() throws {
        #expect(try tests.verify().wrong == 0)
        let before = try dump()
        try Catalog(path: directory.catalog).pool.write { database in
            try database.execute(sql: "UPDATE detections SET score = 0; DELETE FROM gaps")
        }
        #expect(try tests.verify().wrong > 0)
        _ = try reindex()
        #expect(try dump() == before)
    }

    @Test func aDamagedCatalogIsMovedAsideAndNamed() throws {
        #expect(try tests.verify().wrong == 0)
        let before = try dump()
        for name in ["catalog.sqlite.damaged", "catalog.sqlite.damaged-2"] {
            try overwrite()
            let junk = try Data(contentsOf: URL(fileURLWithPath: directory.catalog))
            let heard = HeardLog()
            _ = try Upkeep.run(
                .reindex,
                in: directory,
                patience: .seconds(20),
                command: "archive reindex",
                logger: heard.logger
            ) { _, _ in }
            #expect(heard.lines.contains { $0.contains("\(directory.path)/\(name)") })
            #expect(try dump() == before)
            let aside = URL(fileURLWithPath: "\(directory.path)/\(name)")
            #expect(try Data(contentsOf: aside) == junk)
        }
    }

    @Test func aCatalogWithADamagedPageIsMovedAside() throws {
        #expect(try tests.verify().wrong == 0)
        let before = try dump()
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: directory.catalog))
        try file.seek(toOffset: 5 * 4_096)
        try file.write(contentsOf: Data(repeating: 0xFF, count: 3 * 4_096))
        try file.close()
        #expect(try reindex().contains("moved to \(directory.catalog).damaged"))
        #expect(try dump() == before)
    }

    @Test(arguments: ["whole", "wrong", "overwritten", "removed"])
    func aServingArchiveWritesItAnew(state: String) throws {
        let context = try Context()
        let endpoint = "ipc://\(tests.temporary.path)/broker"
        let archive = try RunningArchive(directory, broker: endpoint)
        var broker = try FakeBroker(endpoint, context)
        try broker.welcome()
        _ = try broker.next(Ready.self)
        try broker.send(Fixture.frame(90))
        try broker.waitForCommitted(1)
        _ = try archive.ask(.catchUp)
        let before = try dump()
        let reader = try CatalogReader(directory)
        switch state {
        case "wrong":
            try Catalog(path: directory.catalog).pool.write { database in
                try database.execute(sql: "UPDATE detections SET score = 0")
            }
        case "overwritten": try overwrite()
        case "removed": remove()
        default: break
        }
        _ = try reindex()
        #expect(try dump() == before)
        if state == "whole" || state == "wrong" {
            // Who had it open reads on, without opening it again.
            #expect(try reader.rows("SELECT MAX(sequence) FROM frames") == [[.integer(90)]])
        }
        // It follows the log as before.
        try broker.send(Fixture.frame(91))
        try broker.waitForCommitted(2)
        _ = try archive.ask(.catchUp)
        let newest = try CatalogReader(directory).rows("SELECT MAX(sequence) FROM frames")
        #expect(newest == [[.integer(91)]])
        #expect(try tests.verify().findings == [])
        try archive.stop()
    }

    @Test func aServingArchiveBeginsADamagedCatalogAnew() throws {
        #expect(try tests.verify().wrong == 0)
        let before = try dump()
        try overwrite()
        let heard = HeardLog()
        let endpoint = "ipc://\(tests.temporary.path)/broker"
        let archive = try RunningArchive(directory, broker: endpoint, logger: heard.logger)
        _ = try archive.ask(.catchUp)
        #expect(try dump() == before)
        try archive.stop()
        #expect(heard.lines.contains { $0.contains("moved to \(directory.catalog).damaged") })
    }
}
