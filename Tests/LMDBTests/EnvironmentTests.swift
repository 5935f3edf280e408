import Foundation
import LMDB
import Testing
import TestSupport

@Suite struct EnvironmentTests {
    let directory: TemporaryDirectory
    var path: String { directory.path + "/a.mdb" }

    init() throws { directory = try TemporaryDirectory() }

    func environment(mapByteCount: Int = 1 << 20) throws -> Environment {
        try Environment(path: path, options: .init(mapByteCount: mapByteCount))
    }

    @Test func aDroppedTransactionLeavesTheTableUnchanged() throws {
        let environment = try environment()
        let table = try environment.createTable(named: "log")
        do {
            var transaction = try environment.beginWrite()
            #expect(try put([1], 1, table, &transaction) == .done)
        }
        let found = try environment.beginRead().withValue(for: .number(1), in: table) { _ in true }
        #expect(found == nil)
    }

    @Test func anAppendedValueIsReadBack() throws {
        let environment = try environment()
        let table = try environment.createTable(named: "log")
        var transaction = try environment.beginWrite()
        let outcome = try transaction.append(5, for: .number(7), in: table) { room in
            unsafe room.copy(([1, 2] as [UInt8]).span.bytes, at: 0)
            unsafe room.copy(([3, 4, 5] as [UInt8]).span.bytes, at: 2)
        }
        #expect(outcome == .done)
        #expect(try transaction.commit() == .done)

        let bytes = try environment.beginRead().withValue(for: .number(7), in: table) { copy($0) }
        #expect(bytes == [1, 2, 3, 4, 5])
    }

    @Test func appendingBeforeTheLastKeyIsRefused() throws {
        let environment = try environment()
        let table = try environment.createTable(named: "log")
        var transaction = try environment.beginWrite()
        #expect(try append([1], 7, table, &transaction) == .done)
        #expect(throws: LMDBError.self) {
            _ = try append([1], 6, table, &transaction)
        }
    }

    @Test func aFullMapIsAnOutcome() throws {
        let environment = try environment(mapByteCount: 1 << 16)
        let table = try environment.createTable(named: "log")
        var transaction = try environment.beginWrite()
        let large = [UInt8](repeating: 1, count: 1 << 17)
        #expect(try append(large, 1, table, &transaction) == .mapFull)
    }

    @Test func aScanBeginsAtTheFirstKeyNotBelow() throws {
        let environment = try environment()
        let table = try environment.createTable(named: "log")
        var transaction = try environment.beginWrite()
        for number: UInt64 in [2, 256, 70_000] {
            #expect(try append([1], number, table, &transaction) == .done)
        }
        #expect(try transaction.commit() == .done)

        let read = try environment.beginRead()
        #expect(try keys(read, from: .number(3), in: table) == [256, 70_000])
        #expect(try keys(read, from: nil, in: table) == [2, 256, 70_000])
        #expect(try keys(read, from: .number(70_001), in: table) == [])
        #expect(try read.withLast(in: table) { key, _ in key.keyNumber } == 70_000)
        #expect(try read.count(in: table) == 3)
    }

    @Test func aReaderSeesWhatWasCommittedWhenItBegan() throws {
        let environment = try environment()
        let table = try environment.createTable(named: "log")
        let before = try environment.beginRead()
        var transaction = try environment.beginWrite()
        #expect(try append([1], 1, table, &transaction) == .done)
        #expect(try transaction.commit() == .done)
        #expect(try before.count(in: table) == 0)
        #expect(try environment.beginRead().count(in: table) == 1)
    }

    @Test func aFileIsOpenOnceInAProcess() throws {
        let first = try environment()
        #expect {
            try environment()
        } throws: {
            ($0 as? LMDBError)?.isAlreadyOpen == true
        }
        _ = first
    }

    @Test func aClosedFileCanBeOpenedAgain() throws {
        do { _ = try environment().createTable(named: "log") }
        #expect(try environment().table(named: "log") != nil)
    }

    @Test func aFileWithoutLocksIsReadBesideItsWriter() throws {
        let writer = try environment()
        _ = try writer.createTable(named: "log")
        var options = Environment.Options(mapByteCount: 1 << 20)
        options.isReadOnly = true
        options.isLockFree = true
        let reader = try Environment(path: path, options: options)
        let second = try Environment(path: path, options: options)
        #expect(try reader.table(named: "log") != nil)
        #expect(try second.table(named: "absent") == nil)
    }

    @Test func aMissingFileIsReportedAsMissing() throws {
        var options = Environment.Options(mapByteCount: 1 << 20)
        options.isReadOnly = true
        options.isLockFree = true
        #expect {
            try Environment(path: path, options: options)
        } throws: {
            ($0 as? LMDBError)?.isMissing == true
        }
    }

    @Test func usageGrowsWithWhatIsCommitted() throws {
        let environment = try environment()
        let table = try environment.createTable(named: "log")
        let before = environment.usage
        var transaction = try environment.beginWrite()
        let value = [UInt8](repeating: 1, count: 100_000)
        #expect(try append(value, 1, table, &transaction) == .done)
        #expect(try transaction.commit() == .done)
        #expect(environment.usage.usedByteCount >= before.usedByteCount + 100_000)
        #expect(environment.usage.usedByteCount <= environment.usage.mapByteCount)
        try environment.sync()
    }

    @Test(arguments: [true, false])
    func aFileThatHasLostItsEndIsRefusedAndLeftAsItIs(isReadOnly: Bool) throws {
        var pageByteCount = 0
        do {
            let environment = try environment()
            let table = try environment.createTable(named: "log")
            var transaction = try environment.beginWrite()
            let value = [UInt8](repeating: 1, count: 100_000)
            #expect(try append(value, 1, table, &transaction) == .done)
            #expect(try transaction.commit() == .done)
            pageByteCount = environment.usage.pageByteCount
        }
        var options = Environment.Options(mapByteCount: 1 << 20)
        options.isReadOnly = isReadOnly
        options.isLockFree = isReadOnly
        _ = try Environment(path: path, options: options)
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        // Half a page less; the pages in between; the two meta pages alone; less than that.
        let lengths = [
            whole.count - pageByteCount / 2, whole.count / 2, 2 * pageByteCount,
            pageByteCount + 10,
        ]
        for length in lengths + (isReadOnly ? [0] : []) {
            try whole.prefix(length).write(to: URL(fileURLWithPath: path))
            #expect {
                try Environment(path: path, options: options)
            } throws: {
                ($0 as? LMDBError)?.isDamage == true
            }
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == whole.prefix(length))
        }
        try whole.write(to: URL(fileURLWithPath: path))
        let environment = try Environment(path: path, options: options)
        #expect(try environment.table(named: "log") != nil)
    }

    @Test func aWholeFileIsOpenedWhateverWasWritten() throws {
        // Many sizes, several to a commit, with a commit that was given up between them.
        let environment = try environment(mapByteCount: 64 << 20)
        let table = try environment.createTable(named: "log")
        var options = Environment.Options(mapByteCount: 1 << 20)
        options.isReadOnly = true
        options.isLockFree = true
        _ = try Environment(path: path, options: options)
        for round in 0..<40 as Range<UInt64> {
            var transaction = try environment.beginWrite()
            for number in 0..<5 as Range<UInt64> {
                let byteCount = Int((round * 5 + number) * 977 % 30_000)
                let value = [UInt8](repeating: 1, count: byteCount)
                #expect(try append(value, round * 5 + number, table, &transaction) == .done)
            }
            if !round.isMultiple(of: 7) {
                #expect(try transaction.commit() == .done)
            } else {
                _ = consume transaction
            }
            _ = try Environment(path: path, options: options)
        }
    }

    private func put(
        _ bytes: [UInt8],
        _ number: UInt64,
        _ table: Table,
        _ transaction: inout WriteTransaction
    ) throws -> WriteOutcome {
        try unsafe transaction.put(bytes.span.bytes, for: .number(number), in: table)
    }

    private func append(
        _ bytes: [UInt8],
        _ number: UInt64,
        _ table: Table,
        _ transaction: inout WriteTransaction
    ) throws -> WriteOutcome {
        try unsafe transaction.append(bytes.span.bytes, for: .number(number), in: table)
    }

    private func copy(_ span: RawSpan) -> [UInt8] {
        unsafe span.withUnsafeBytes { unsafe [UInt8]($0) }
    }

    private func keys(
        _ transaction: borrowing ReadTransaction,
        from start: Key?,
        in table: Table
    ) throws -> [UInt64] {
        var keys: [UInt64] = []
        try transaction.scan(from: start, in: table) { key, _ in
            keys.append(key.keyNumber ?? .max)
            return .next
        }
        return keys
    }
}
