import Foundation
import LMDB
import Testing
import TestSupport

@Suite struct PageFileTests {
    let directory: TemporaryDirectory
    var path: String { directory.path + "/a.mdb" }

    init() throws { directory = try TemporaryDirectory() }

    /// Writes a file as a segment is written: appended in many commits, then a second table.
    private func fill(_ random: inout SeededGenerator) throws {
        let environment = try Environment(path: path, options: .init(mapByteCount: 64 << 20))
        let table = try environment.createTable(named: "log")
        var next: UInt64 = 0
        for _ in 0..<30 {
            var transaction = try environment.beginWrite()
            for _ in 0..<Int.random(in: 1...20, using: &random) {
                let byteCount = [0, 30, 200, 5_000].randomElement(using: &random) ?? 0
                let outcome = try unsafe transaction.append(
                    [UInt8](repeating: 7, count: byteCount).span.bytes,
                    for: .number(next),
                    in: table
                )
                #expect(outcome == .done)
                next += 1
            }
            #expect(try transaction.commit() == .done)
        }
        var transaction = try environment.beginWrite()
        let index = try transaction.createTable(named: "index")
        for number in 0..<next {
            let key = Array("cam".utf8) + [0, UInt8(number >> 8), UInt8(number & 255)]
            _ = try unsafe transaction.append([1].span.bytes, for: .bytes(key), in: index)
        }
        #expect(try transaction.commit() == .done)
    }

    /// The keys and sizes of a table, as LMDB reads them; `nil` when it has no such table.
    private func entries() throws -> [[UInt64]]? {
        var options = Environment.Options(mapByteCount: 1 << 20)
        options.isReadOnly = true
        options.isLockFree = true
        let environment = try Environment(path: path, options: options)
        guard let table = try environment.table(named: "log") else { return nil }
        var entries: [[UInt64]] = []
        try environment.beginRead().scan(from: nil, in: table) { key, value in
            entries.append([key.keyNumber ?? .max, UInt64(value.byteCount)])
            return .next
        }
        return entries
    }

    /// The same, as they are read without trust.
    private func untrusted(_ file: PageFile) -> [[UInt64]] {
        guard let table = file.table(named: "log") else { return [] }
        var entries: [[UInt64]] = []
        file.scan(table) { key, place in
            entries.append([key.keyNumber ?? .max, UInt64(place.byteCount)])
        }
        return entries
    }

    @Test func aWholeFileHasNoDamageAndReadsTheSame() throws {
        for seed in 0..<5 as Range<UInt64> {
            try? FileManager.default.removeItem(atPath: path)
            try? FileManager.default.removeItem(atPath: path + "-lock")
            var random = SeededGenerator(seed: seed)
            try fill(&random)
            let file = try PageFile(path: path)
            #expect(file.check(.values) == [])
            #expect(try untrusted(file) == entries())
        }
    }

    @Test func aFlippedBitIsFoundOrChangesOneEntryAtMost() throws {
        let seed = SeededGenerator.seed
        var random = SeededGenerator(seed: seed)
        try fill(&random)
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        let before = try #require(try entries())
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        var found = 0
        for round in 0..<4_000 {
            // Every other one on the meta pages, which are the smallest part.
            let end = round.isMultiple(of: 4) ? 2 * 4_096 : whole.count
            let offset = Int.random(in: 0..<end, using: &random)
            let bit = UInt8(1) << UInt8.random(in: 0..<8, using: &random)
            try file.seek(toOffset: UInt64(offset))
            try file.write(contentsOf: [whole[offset] ^ bit])
            defer {
                try? file.seek(toOffset: UInt64(offset))
                try? file.write(contentsOf: [whole[offset]])
            }
            let comment: Comment = "SEED=\(seed) byte \(offset) bit \(bit)"
            guard let pages = try? PageFile(path: path), pages.check().isEmpty else {
                found += 1
                // Whoever looks at more finds it as well.
                #expect((try? PageFile(path: path))?.check(.values) != [], comment)
                // What is left is read without harm.
                if let pages = try? PageFile(path: path) {
                    #expect(untrusted(pages).count <= before.count + 20, comment)
                }
                continue
            }
            // In the table's name: whoever looks for the table sees that.
            guard let after = try entries() else {
                found += 1
                continue
            }
            // A value's own bytes, a key, or a length may be wrong: whoever reads the value sees that.
            #expect(after.count == before.count, comment)
            #expect(zip(after, before).count { $0 != $1 } <= 1, comment)
        }
        #expect(found > 20)
    }

    @Test func aFileThatIsNoneIsRefused() throws {
        for byteCount in [0, 100, 4_096, 100_000] {
            try Data(repeating: 7, count: byteCount).write(to: URL(fileURLWithPath: path))
            #expect(throws: LMDBError.self) { try PageFile(path: path) }
        }
    }
}
