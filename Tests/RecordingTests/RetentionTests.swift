import Foundation
import GRDB
import Testing
import TestSupport
import Wire
import ZeroMQ

@testable import Recording

/// Retention on the files of a log.
@Suite struct RetentionTests {
    let temporary: TemporaryDirectory
    let directory: DataDirectory
    let options = Log.Options(segmentByteCount: 1 << 16)

    init() throws {
        temporary = try TemporaryDirectory()
        directory = DataDirectory(path: temporary.path + "/data")
    }

    /// An open archive without a broker.
    struct Open: ~Copyable {
        let committer: Committer
        let projection: CatalogProjection
        var round: RetentionRound

        func commit(_ fixtures: [(record: LogRecord, bytes: OwnedBytes)]) throws {
            for fixture in fixtures {
                #expect(committer.offer(Fixture.entry(fixture), session: 1))
            }
            try committer.commit([])
        }

        deinit { committer.close() }
    }

    func open(_ logger: HeardLog = HeardLog()) throws -> Open {
        let opened = try LogWriter.open(directory, options: options)
        let wakeUp = try WakeUp()
        let committer = try Committer(opened, logger: Fixture.logger, wakeUps: [wakeUp])
        let projection = try CatalogProjection(
            of: committer.log,
            into: try Catalog(path: directory.catalog),
            wakeUp: wakeUp,
            logger: Fixture.logger
        )
        return Open(
            committer: committer,
            projection: projection,
            round: RetentionRound(committer, directory, logger.logger)
        )
    }

    /// Frames of two streams, half of them with a result of a durable group, in several segments.
    func fill(_ archive: borrowing Open, done: Bool = true) throws {
        try archive.commit([Fixture.group()])
        for sequence in 0..<60 as Range<UInt64> {
            try archive.commit([
                Fixture.frame(sequence, byteCount: 3_000),
                Fixture.frame(sequence, stream: "b", byteCount: 2_000),
            ])
            if done {
                try archive.commit([
                    Fixture.result(sequence), Fixture.result(sequence, stream: "b"),
                ])
            }
        }
        try archive.committer.roll()
    }

    func policy(_ change: (inout RetentionPolicy) -> Void) -> RetentionPolicy {
        var policy = RetentionPolicy()
        change(&policy)
        return policy
    }

    /// The frames that the log has, by stream, each one checked.
    func frames(_ log: Log) throws -> [String: [UInt64]] {
        var found: [String: [UInt64]] = [:]
        var position = log.oldest
        while position < log.promised {
            position = try log.scan(from: position) { _, bytes in
                if case .good(.frame(let frame), let header) = CheckedRecord(bytes) {
                    found[frame.id.stream, default: []].append(frame.id.sequence)
                    let payload = Fixture.payload(
                        frame.id.sequence,
                        byteCount: Int(frame.byteCount)
                    )
                    #expect(bytes.extracting(droppingFirst: header).array == payload)
                }
                return true
            }
        }
        return found
    }

    func dump() throws -> [String] {
        let tables = ["projection"] + CatalogSchema.tableNames
        return try Catalog(path: directory.catalog).pool.read { database in
            try tables.flatMap { table in
                try Row.fetchAll(database, sql: "SELECT * FROM \(table)")
                    .map { "\(table) \($0)" }.sorted()
            }
        }
    }

    /// What is wrong, and whether the catalog is the same when it is written anew.
    func expectSound(sourceLocation: SourceLocation = #_sourceLocation) throws {
        let report = try Verification.run(
            directory,
            patience: .seconds(20),
            command: "archive verify"
        ) { _, _ in }
        #expect(report.findings == [], sourceLocation: sourceLocation)
        let before = try dump()
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: directory.catalog + suffix)
        }
        _ = try ArchiveReader.open(directory, .catalog, patience: .zero, command: "archive look")
        #expect(try dump() == before, sourceLocation: sourceLocation)
    }

    @Test func oneStreamGoesAndTheOtherStaysAtItsPositions() throws {
        do {
            var archive = try open()
            try fill(archive)
            let log = archive.committer.log
            let id = FrameID(stream: "b", epoch: 1, sequence: 7)
            let before = try #require(try log.position(of: id))
            let gone = FrameID(stream: "cam", epoch: 1, sequence: 7)
            #expect(try log.position(of: gone) != nil)
            _ = try archive.round.run(policy { $0.ages = [.init(pattern: "cam", nanoseconds: 0)] })
            #expect(try log.position(of: id) == before)
            #expect(try log.position(of: gone) == nil)
            #expect(try frames(log) == ["b": Array(0..<60)])
            try archive.projection.catchUp()
            // A second round finds nothing to do.
            #expect(
                try archive.round.run(policy { $0.ages = [.init(pattern: "cam", nanoseconds: 0)] })
                    .hasTaken == false
            )
        }
        let reader = try CatalogReader(directory)
        #expect(
            try reader.rows("SELECT stream, frames FROM streams") == [[.text("b"), .integer(60)]]
        )
        #expect(try reader.rows("SELECT COUNT(*) FROM results") == [[.integer(60)]])
        try expectSound()
        let again = try open()
        #expect(try frames(again.committer.log) == ["b": Array(0..<60)])
    }

    @Test func whenAllGoesTheFilesGo() throws {
        do {
            var archive = try open()
            try fill(archive)
            #expect(archive.committer.log.segmentCount > 4)
            _ = try archive.round.run(policy { $0.ages = [.init(nanoseconds: 0)] })
            #expect(archive.committer.log.segmentCount == 1)
            #expect(try Log.segments(in: directory.log).count == 1)
            try archive.projection.catchUp()
            // It goes on where it was: nothing is taken twice, and nothing is missing.
            try archive.commit([
                Fixture.frame(59, byteCount: 3_000), Fixture.frame(60, byteCount: 3_000),
            ])
            #expect(try frames(archive.committer.log) == ["cam": [60]])
            try archive.projection.catchUp()
        }
        try expectSound()
    }

    @Test func resultsAreKeptLongerWithTheTimesOfTheirFrames() throws {
        let heard = HeardLog()
        do {
            var archive = try open(heard)
            try fill(archive)
            let longer = policy {
                $0.ages = [.init(nanoseconds: 0)]
                $0.results = 3_600_000_000_000
            }
            _ = try archive.round.run(longer)
            #expect(try frames(archive.committer.log) == [:])
            try archive.projection.catchUp()
        }
        let reader = try CatalogReader(directory)
        #expect(try reader.rows("SELECT COUNT(*) FROM frames") == [[.integer(0)]])
        #expect(
            try reader.rows("SELECT COUNT(captured_at), COUNT(*) FROM results")
                == [[.integer(120), .integer(120)]]
        )
        try expectSound()
        do {
            var archive = try open(heard)
            _ = try archive.round.run(
                policy {
                    $0.ages = [.init(nanoseconds: 0)]
                    $0.results = 0
                }
            )
            try archive.projection.catchUp()
            #expect(archive.committer.log.segmentCount <= 2)
        }
        #expect(
            try CatalogReader(directory).rows("SELECT COUNT(*) FROM results") == [[.integer(0)]]
        )
        try expectSound()
    }

    @Test func whatIsOwedStaysUntilThereIsNoRoomAndIsThenCounted() throws {
        let run = Run(group: "faces", number: 0)
        do {
            var archive = try open()
            try fill(archive, done: false)
            let age = policy { $0.ages = [.init(nanoseconds: 0)] }
            #expect(try archive.round.run(age).hasTaken == false)
            #expect(archive.committer.withState { $0.debts.count(of: run) } == 120)
            let room = policy { $0.keepFree = .bytes(.max / 4) }
            let result = try archive.round.run(room)
            #expect(result.isOut)
            #expect(try frames(archive.committer.log) == [:])
            let account = archive.committer.withState { $0.account(of: run, stream: "cam") }
            #expect(account.owedFrames == 0)
            #expect(account.shedFrames == 60)
            try archive.projection.catchUp()
        }
        let reader = try CatalogReader(directory)
        #expect(
            try reader.rows("SELECT SUM(frames), reason, group_name FROM gaps GROUP BY 2, 3")
                == [[.integer(120), .text("retention"), .text("faces")]]
        )
        try expectSound()
    }

    @Test func aDamagedRecordAndADamagedFileStay() throws {
        var firsts: [UInt64] = []
        do {
            let archive = try open()
            try fill(archive)
            firsts = try Log.segments(in: directory.log)
        }
        // The header of a frame in the second file, a page of the third.
        let log = try Log.openReadOnly(in: directory.log).log
        var header: [UInt8] = []
        _ = try log.scan(from: firsts[1]) { _, bytes in
            guard case .good(.frame, let count) = CheckedRecord(bytes) else { return true }
            header = bytes.extracting(first: count).array
            return false
        }
        let second = Segment.path(firsts[1], in: directory.log)
        var data = try Data(contentsOf: URL(fileURLWithPath: second))
        let range = try #require(data.range(of: Data(header)))
        data[range.lowerBound + 20] ^= 1
        try data.write(to: URL(fileURLWithPath: second))
        let third = Segment.path(firsts[2], in: directory.log)
        var pages = try Data(contentsOf: URL(fileURLWithPath: third))
        pages[16] ^= 1
        try pages.write(to: URL(fileURLWithPath: third))

        var archive = try open()
        _ = try archive.round.run(policy { $0.ages = [.init(nanoseconds: 0)] })
        let left = try Log.segments(in: directory.log)
        #expect(left.contains(firsts[1]) && left.contains(firsts[2]))
        #expect(!left.contains(firsts[0]))
        #expect(try Data(contentsOf: URL(fileURLWithPath: third)) == pages)
        var damaged = 0
        _ = try archive.committer.log.scan(from: firsts[1]) { _, bytes in
            if case .damaged = CheckedRecord(bytes) { damaged += 1 }
            return true
        }
        #expect(damaged == 1)
    }

    @Test func aReaderOfAFileThatIsWrittenAnewReadsOn() throws {
        var archive = try open()
        try fill(archive)
        let log = archive.committer.log
        let first = log.oldest
        let held = try log.sealedSegment(first)
        func count(_ segment: Segment) throws -> Int {
            try (first..<log.promised).filter { position in
                try segment.withRecord(at: position) { _ in } != nil
            }.count
        }
        let before = try count(held)
        _ = try archive.round.run(policy { $0.ages = [.init(pattern: "cam", nanoseconds: 0)] })
        #expect(try count(held) == before)
        #expect(try count(log.sealedSegment(first)) < before)
    }

    @Test func withoutRoomAServingArchiveSaysSoAndTakesNoFrames() throws {
        let context = try Context()
        let endpoint = "ipc://\(temporary.path)/broker"
        let retention = policy { $0.keepFree = .bytes(.max / 4) }
        let archive = try RunningArchive(directory, broker: endpoint, retention: retention)
        var broker = try FakeBroker(endpoint, context)
        try broker.welcome()
        _ = try broker.next(Ready.self)
        let first = try broker.next(Committed.self)
        #expect(first.count == 0)
        #expect(first.trouble.contains("--keep-free"))
        try broker.send(Fixture.frame(0))
        // Commands are answered, and nothing is committed, before the end and at the end.
        #expect(try archive.ask(.status).status?.promised == 1)
        try archive.stop()
        let log = try Log.openReadOnly(in: directory.log).log
        #expect(try frames(log) == [:])
    }
}
