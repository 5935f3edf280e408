import Foundation
import GRDB
import Testing
import TestSupport
import Wire
import ZeroMQ

@testable import Recording

@Suite struct VerifyTests {
    let temporary: TemporaryDirectory
    let directory: DataDirectory

    init() throws {
        temporary = try TemporaryDirectory()
        directory = DataDirectory(path: temporary.path + "/data")
        try fill()
    }

    /// An archive of several segments, as the committing thread writes it.
    func fill() throws {
        let opened = try LogWriter.open(directory, options: Log.Options(segmentByteCount: 1 << 16))
        var state = opened.state
        var writer = opened.takeWriter()
        func append(_ fixture: (record: LogRecord, bytes: OwnedBytes)) throws {
            let before = state
            let admission = state.admit(fixture.record)
            let entries = admission.before.map { LogEntry($0) } + [Fixture.entry(fixture)]
            _ = try writer.append(entries, state: before)
        }
        try append(Fixture.group())
        for sequence in 0..<90 as Range<UInt64> where sequence % 10 != 3 {
            try append(Fixture.frame(sequence, byteCount: 3_000))
            try append(Fixture.frame(sequence, stream: "b", byteCount: 100))
            if sequence.isMultiple(of: 2) { try append(Fixture.result(sequence)) }
        }
    }

    func verify() throws -> Verification.Report {
        var total: UInt64 = 0
        let report = try Verification.run(
            directory,
            patience: .seconds(20),
            command: "archive verify"
        ) { total = $1 }
        #expect(total > 0)
        return report
    }

    /// Changes the first `bytes` in the file of the segment at `first`, at an offset from their start.
    func flip(_ bytes: [UInt8], at offset: Int, in first: UInt64) throws {
        let path = Segment.path(first, in: directory.log)
        var data = try Data(contentsOf: URL(fileURLWithPath: path))
        let range = try #require(data.range(of: Data(bytes)))
        data[range.lowerBound + offset] ^= 1
        try data.write(to: URL(fileURLWithPath: path))
    }

    @Test func nothingIsWrongWithAnArchiveAsItWasWritten() throws {
        let report = try verify()
        #expect(report.findings == [])
        #expect(report.wrong == 0)
        #expect(report.remark == nil)
        #expect(report.segments > 3)
        #expect(report.records > 200)
    }

    @Test func nothingIsWrongWithAnArchiveThatIsServed() throws {
        let context = try Context()
        let endpoint = "ipc://\(temporary.path)/broker"
        let archive = try RunningArchive(directory, broker: endpoint)
        var broker = try FakeBroker(endpoint, context)
        try broker.welcome()
        _ = try broker.next(Ready.self)
        try broker.send(Fixture.frame(90))
        try broker.send(Fixture.result(89))
        try broker.waitForCommitted(2)
        let report = try verify()
        #expect(report.findings == [])
        #expect(report.records > 202)
        try archive.stop()
    }

    /// Even the records that say what was taken are taken before they are read.
    @Test func nothingIsWrongWithAnArchiveThatRetentionTakesFromMeanwhile() throws {
        let context = try Context()
        let endpoint = "ipc://\(temporary.path)/broker"
        var policy = RetentionPolicy()
        policy.byteCount = 600_000
        let archive = try RunningArchive(
            directory,
            broker: endpoint,
            log: Log.Options(segmentByteCount: 1 << 16, sync: .none),
            retention: policy
        )
        var broker = try FakeBroker(endpoint, context)
        try broker.welcome()
        _ = try broker.next(Ready.self)
        let busy = Flow(broker, directory.log)
        let report = try Verification.run(
            directory,
            patience: .seconds(20),
            command: "archive verify"
        ) { _, _ in busy.run() }
        #expect(report.findings == [])
        #expect(report.remark?.contains("retention") == true)
        #expect(busy.failure == nil)
        try archive.stop()
    }

    /// A camera's frames that make an archive let go of all that it had, twice over.
    private final class Flow {
        private var broker: FakeBroker
        private let log: String
        private var isDone = false
        private(set) var failure: (any Error)?

        init(_ broker: consuming FakeBroker, _ log: String) {
            self.broker = broker
            self.log = log
        }

        func run() {
            guard !isDone else { return }
            isDone = true
            do {
                var sent: UInt64 = 0
                func send(_ fixture: (record: LogRecord, bytes: OwnedBytes)) throws {
                    try broker.send(fixture)
                    sent += 1
                }
                // What is owed stays.
                for sequence in 0..<90 as Range<UInt64> where sequence % 10 != 3 {
                    if !sequence.isMultiple(of: 2) { try send(Fixture.result(sequence)) }
                    try send(Fixture.result(sequence, stream: "b"))
                }
                var sequence: UInt64 = 90
                for _ in 0..<2 {
                    let newest = try #require(try Log.segments(in: log).last)
                    while try #require(try Log.segments(in: log).first) <= newest {
                        try #require(sequence < 5_000, "the archive lets nothing go")
                        try send(Fixture.frame(sequence, byteCount: 3_000))
                        try send(Fixture.result(sequence))
                        try broker.waitForCommitted(sent)
                        sequence += 1
                    }
                }
            } catch {
                failure = error
            }
        }
    }

    @Test(arguments: [1, 100])
    func aNewestSegmentThatIsGoneIsFoundAndItsPositionsAreNotGivenAgain(count: Int) throws {
        #expect(try verify().findings.isEmpty)
        let before = try Catalog(path: directory.catalog).position()
        let firsts = try Log.segments(in: directory.log)
        for first in firsts.suffix(count) {
            try FileManager.default.removeItem(atPath: Segment.path(first, in: directory.log))
        }
        // Whoever reads says so, and leaves the catalog as it is: nothing else knows of the loss.
        let archive = try ArchiveReader.open(
            directory,
            .catalog,
            patience: .seconds(1),
            command: "archive info"
        )
        #expect(archive.remark?.contains("\(before)") == true)
        let report = try Verification.run(
            directory,
            patience: .seconds(20),
            command: "archive verify"
        ) { _, _ in }
        #expect(report.findings.contains { "\($0)".contains("\(before)") })
        let opened = try LogWriter.open(directory, options: Log.Options())
        #expect(opened.missing?.upperBound == before)
        #expect(opened.writer.log.promised > before)
        #expect(try Catalog(path: directory.catalog).position() == 0)
    }

    @Test func aDamagedPayloadIsFoundWithItsPositionAndFile() throws {
        #expect(try verify().wrong == 0)
        let first = try #require(try Log.segments(in: directory.log).dropFirst().first)
        let log = try Log.openReadOnly(in: directory.log).log
        var found: (position: UInt64, sequence: UInt64)?
        _ = try log.scan(from: first) { position, bytes in
            guard case .good(.frame(let frame), _) = CheckedRecord(bytes), frame.id.stream == "cam"
            else { return true }
            found = (position, frame.id.sequence)
            return false
        }
        let (position, sequence) = try #require(found)
        try flip(Fixture.payload(sequence, byteCount: 3_000), at: 50, in: first)
        let report = try verify()
        #expect(report.findings.map(\.kind) == [.record])
        #expect(report.findings.first?.position == position)
        #expect(report.findings.first?.file == Segment.fileName(first))
        let line = report.findings.first?.line ?? ""
        #expect(line.hasPrefix("position \(position) (\(Segment.fileName(first))): is damaged"))
    }

    @Test func anIndexThatLeadsElsewhereIsFound() throws {
        let first = try #require(try Log.segments(in: directory.log).first)
        let id = FrameID(stream: "cam", epoch: 1, sequence: 2)
        let key = IndexKey.bytes(stream: "cam", id.place)
        // The position follows its key.
        try flip(key, at: key.count + 7, in: first)
        let report = try verify()
        #expect(Set(report.findings.map(\.kind)) == [.index])
        #expect(report.findings.contains { $0.reason.contains("\(id)") })
    }

    @Test func aCheckpointThatSaysSomethingElseIsFound() throws {
        let opened = try LogWriter.open(directory, options: Log.Options(segmentByteCount: 1 << 16))
        var state = opened.state
        var writer = opened.takeWriter()
        state.apply(Fixture.frame(200).record)
        try writer.roll(state)
        let position = writer.log.promised - 1
        _ = consume writer
        let report = try verify()
        #expect(report.findings.map(\.kind) == [.checkpoint])
        #expect(report.findings.first?.position == position)
        #expect(report.findings.first?.reason.contains("streams, debts") == true)
    }

    @Test func aFrameThatComesTwiceAndOneThatIsMissingAreFound() throws {
        let opened = try LogWriter.open(directory, options: Log.Options(segmentByteCount: 1 << 16))
        let state = opened.state
        var writer = opened.takeWriter()
        for sequence in [5, 95] as [UInt64] {
            _ = try writer.append([Fixture.entry(Fixture.frame(sequence))], state: state)
        }
        let end = writer.log.promised
        _ = consume writer
        let found = try verify().findings.filter { $0.kind == .order }
        #expect(found.map(\.position) == [end - 2, end - 1])
        #expect(found.first?.reason.contains("too late") == true)
        #expect(found.last?.reason.contains("90 to 94 is missing") == true)
    }

    @Test(arguments: [
        ("DELETE FROM frames WHERE stream = 'cam' AND sequence = 4", "frames of cam@1/4"),
        ("UPDATE frames SET width = 1 WHERE stream = 'cam' AND sequence = 4", "frames of cam@1/4"),
        ("UPDATE results SET model = '' WHERE sequence = 6", "results of cam@1/6"),
        ("DELETE FROM detections WHERE sequence = 6 AND number = 1", "detections of cam@1/6"),
        ("UPDATE detections SET score = 0 WHERE sequence = 88", "detections of cam@1/88"),
        ("UPDATE results SET captured_at = '' WHERE sequence = 6", "times of all results"),
        ("UPDATE streams SET frames = 1 WHERE stream = 'b'", "streams b: the line"),
        ("DELETE FROM gaps", "gaps: "),
        (
            """
            INSERT INTO frames SELECT 'b', 2, 9, captured_at, captured_ns, format, width, height,
            byte_count, NULL, NULL, NULL FROM frames LIMIT 1
            """, "frames of b: the log has 81, the catalog 82"
        ),
    ])
    func aCatalogThatSaysSomethingElseIsFound(sql: String, expected: String) throws {
        #expect(try verify().wrong == 0)
        try Catalog(path: directory.catalog).pool.write { try $0.execute(sql: sql) }
        let report = try verify()
        #expect(report.wrong > 0)
        #expect(report.findings.allSatisfy { $0.kind == .catalog })
        #expect(report.findings.contains { $0.reason.hasPrefix(expected) }, "\(report.findings)")
    }

    /// As after a wrong bit in what SQLite knows of its tables.
    @Test func aCatalogWhoseColumnsHaveOtherNamesIsFound() throws {
        let sql = "ALTER TABLE detections RENAME COLUMN width TO wodth"
        try Catalog(path: directory.catalog).pool.write { try $0.execute(sql: sql) }
        let report = try verify()
        #expect(report.wrong > 0)
        #expect(report.findings.allSatisfy { $0.kind == .catalog })
        #expect(report.records > 200)
        #expect(report.remark != nil)
    }

    @Test func aCatalogThatIsNoneIsFoundAndTheLogIsReadAllTheSame() throws {
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: directory.catalog + suffix)
        }
        let junk = Data(repeating: 7, count: 10_000)
        try junk.write(to: URL(fileURLWithPath: directory.catalog))
        let report = try verify()
        #expect(report.findings.map(\.kind) == [.catalog])
        #expect(report.records > 200)
        #expect(report.remark == "the catalog was not compared with the log")
        #expect(try Data(contentsOf: URL(fileURLWithPath: directory.catalog)) == junk)
    }
}
