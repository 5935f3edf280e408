import Foundation
import GRDB
import Recording
import TestSupport
import Testing
import Wire

@testable import Archive

@Suite struct ExportSelectionTests {
    let temporary: TemporaryDirectory
    var directory: DataDirectory { DataDirectory(path: temporary.path) }

    /// A catalog of two streams: `a` has two epochs of 700 frames, `b` one frame of an epoch beyond
    /// 2^63.
    init() throws {
        temporary = try TemporaryDirectory()
        let directory = DataDirectory(path: temporary.path)
        _ = try Catalog(path: directory.catalog)
        let queue = try DatabaseQueue(path: directory.catalog)
        try queue.write { database in
            try database.execute(sql: "INSERT INTO streams (stream) VALUES ('a'), ('b')")
            for number in 0..<1_400 {
                let (epoch, sequence) = (1 + number / 700, number % 700)
                try Self.insert("a", Int64(epoch), Int64(sequence), at: number, database)
            }
            try Self.insert("b", -5, 3, at: 5_000, database)
        }
    }

    private static func insert(
        _ stream: String,
        _ epoch: Int64,
        _ sequence: Int64,
        at captured: Int,
        _ database: Database
    ) throws {
        try database.execute(
            sql: "INSERT INTO frames VALUES (?,?,?,'',?,'jpeg',1,1,1,NULL,NULL,NULL)",
            arguments: [stream, epoch, sequence, captured]
        )
    }

    private func pages(
        stream: String = "*",
        since: Int64? = nil,
        until: Int64? = nil,
        limit: Int = 0
    ) throws -> (count: Int, pages: [[FrameID]]) {
        var selection = try ExportSelection(
            try CatalogReader(directory),
            stream: stream,
            since: since,
            until: until,
            limit: limit
        )
        var pages: [[FrameID]] = []
        while case let page = try selection.nextPage(), !page.isEmpty {
            pages.append(page.map(\.id))
        }
        return (selection.count, pages)
    }

    @Test func everyFrameComesOnceInOrderPageByPage() throws {
        let all = (0..<1_400).map {
            FrameID(stream: "a", epoch: UInt64(1 + $0 / 700), sequence: UInt64($0 % 700))
        }
        let last = FrameID(stream: "b", epoch: UInt64(bitPattern: -5), sequence: 3)
        let (count, pages) = try pages()
        #expect(count == 1_401)
        #expect(Array(pages.joined()) == all + [last])
        #expect(pages.map(\.count) == [500, 500, 400, 1])
    }

    @Test(arguments: [(1, 1), (500, 500), (501, 501), (1_401, 1_401), (2_000, 1_401)])
    func noMoreThanTheLimitCome(limit: Int, count: Int) throws {
        let found = try pages(limit: limit)
        #expect(found.count == count)
        #expect(found.pages.joined().count == count)
    }

    @Test func aStretchOfTimeIsKeptTo() throws {
        let found = try pages(since: 699, until: 701)
        #expect(found.count == 2)
        #expect(found.pages.joined().map(\.sequence) == [699, 0])
        #expect(try pages(since: 1_400, until: 5_000).count == 0)
        #expect(try pages(stream: "b").pages.joined().map(\.stream) == ["b"])
    }

    @Test func unreadableFramesAreNamedAsStretches() {
        var leftOut = LeftOut()
        func add(_ sequences: ClosedRange<UInt64>, _ kind: RecordingError.Kind) {
            for sequence in sequences {
                let id = FrameID(stream: "a", epoch: 1, sequence: sequence)
                leftOut.add(id, RecordingError(kind, "reason \(sequence)"))
            }
        }
        add(5...5, .damaged)
        add(7...9, .damaged)
        add(10...11, .gone)
        #expect(leftOut.count == 6)
        #expect(
            leftOut.lines == [
                "left out: a@1/5: reason 5", "left out: a@1/7 to 9: reason 7",
                "left out: a@1/10 to 11: reason 10",
            ]
        )
        for step in 0..<200 as Range<UInt64> { add(20 + 2 * step...20 + 2 * step, .gone) }
        #expect(leftOut.lines.count == 101)
        #expect(leftOut.lines.last == "left out: 103 more")
    }
}
