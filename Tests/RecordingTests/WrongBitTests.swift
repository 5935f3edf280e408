import Foundation
import Testing
import TestSupport
import Wire

@testable import Recording

/// A wrong bit anywhere in an archive is found, harms nothing else, and is left where it is.
@Suite struct WrongBitTests {
    private let tests: VerifyTests
    private var directory: DataDirectory { tests.directory }

    init() throws { tests = try VerifyTests() }

    /// All records as they can be read, by position.
    private func records() throws -> [UInt64: [UInt8]] {
        let log = try Log.openReadOnly(in: directory.log).log
        var records: [UInt64: [UInt8]] = [:]
        var position = log.oldest
        while position < log.promised {
            do throws(RecordingError) {
                position = try log.scan(from: position) { position, bytes in
                    if case .good = CheckedRecord(bytes) { records[position] = bytes.array }
                    return true
                }
            } catch {
                #expect(error.kind == .damaged)
                position = log.end(ofSegmentWith: position)
            }
        }
        return records
    }

    private func catalog() throws -> [String] {
        let reader = try CatalogReader(directory)
        let tables = ["projection"] + CatalogSchema.tableNames
        return try tables.flatMap { table in
            try reader.rows("SELECT * FROM \(table)").map { "\(table) \($0)" }
        }
    }

    private func change(_ path: String, _ body: (inout Data) -> Void) throws -> Data {
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        var bad = whole
        body(&bad)
        try bad.write(to: URL(fileURLWithPath: path))
        return whole
    }

    @Test func inTheLog() throws {
        #expect(try tests.verify().wrong == 0)
        let seed = SeededGenerator.seed
        var random = SeededGenerator(seed: seed)
        let before = try records()
        let paths = try Log.segments(in: directory.log).map { Segment.path($0, in: directory.log) }
        var found = 0
        for round in 0..<150 {
            let path = try #require(paths.randomElement(using: &random))
            var offset = 0
            var length: Int?
            let whole = try change(path) { data in
                offset = Int.random(in: 0..<data.count, using: &random)
                if round.isMultiple(of: 5) {
                    length = offset
                    data = data.prefix(offset)
                } else {
                    data[offset] ^= UInt8(1) << UInt8.random(in: 0..<8, using: &random)
                }
            }
            let bad = try Data(contentsOf: URL(fileURLWithPath: path))
            let comment: Comment = "SEED=\(seed) \(path) byte \(offset), cut: \(length != nil)"
            let report = try tests.verify()
            let after = try records()
            for (position, bytes) in after { #expect(bytes == before[position], comment) }
            if after.count < before.count { #expect(report.wrong > 0, comment) }
            if report.wrong > 0 { found += 1 }
            #expect(report.findings.allSatisfy { $0.file != nil || $0.kind == .catalog }, comment)
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == bad, comment)
            try whole.write(to: URL(fileURLWithPath: path))
        }
        #expect(found > 50)
        #expect(try tests.verify().wrong == 0)
    }

    @Test func inTheCatalog() throws {
        #expect(try tests.verify().wrong == 0)
        let seed = SeededGenerator.seed
        var random = SeededGenerator(seed: seed)
        let before = try catalog()
        var found = 0
        for round in 0..<150 {
            var offset = 0
            let whole = try change(directory.catalog) { data in
                offset = Int.random(in: 0..<data.count, using: &random)
                if round.isMultiple(of: 5) {
                    data = data.prefix(offset)
                } else {
                    data[offset] ^= UInt8(1) << UInt8.random(in: 0..<8, using: &random)
                }
            }
            let comment: Comment = "SEED=\(seed) byte \(offset)"
            let report = try tests.verify()
            let after = try? catalog()
            if after != before { #expect(report.wrong > 0, comment) }
            if report.wrong > 0 { found += 1 }
            for suffix in ["-wal", "-shm"] {
                try? FileManager.default.removeItem(atPath: directory.catalog + suffix)
            }
            try whole.write(to: URL(fileURLWithPath: directory.catalog))
        }
        #expect(found > 20)
    }
}
