import Foundation
import GRDB
import Testing
import TestSupport
import Wire
import ZeroMQ

@testable import Recording

@Suite struct CatalogTests {
    let temporary: TemporaryDirectory
    let directory: DataDirectory

    init() throws {
        temporary = try TemporaryDirectory()
        directory = DataDirectory(path: temporary.path)
    }

    func projection(_ log: Log) throws -> CatalogProjection {
        try CatalogProjection(
            of: log,
            into: try Catalog(path: directory.catalog),
            wakeUp: try WakeUp(),
            logger: Fixture.logger
        )
    }

    /// A log of several segments with something of every kind.
    func filledLog() throws -> LogWriter {
        let opened = try LogWriter.open(directory, options: Log.Options(segmentByteCount: 1 << 16))
        var state = opened.state
        var writer = opened.takeWriter()
        for (record, bytes) in everyKind() {
            let before = state
            let admission = state.admit(record)
            var entries = admission.before.map { LogEntry($0) }
            if admission.isAdmitted {
                entries.append(bytes.map { LogEntry(record, bytes: $0) } ?? LogEntry(record))
            }
            entries += admission.after.map { LogEntry($0) }
            if !entries.isEmpty { _ = try writer.append(entries, state: before) }
        }
        return writer
    }

    /// Something of every kind.
    func everyKind() -> [(LogRecord, OwnedBytes?)] {
        var records: [(LogRecord, OwnedBytes?)] = []
        func append(_ record: LogRecord, _ bytes: OwnedBytes? = nil) {
            records.append((record, bytes))
        }
        append(Fixture.group().record)
        for sequence in 0..<80 as Range<UInt64> where sequence % 10 != 3 {
            let frame = Fixture.frame(sequence, byteCount: 2_000)
            append(frame.record, frame.bytes)
            if sequence.isMultiple(of: 2) { append(Fixture.result(sequence).record) }
        }
        let run = Run(group: "faces", number: 1)
        let job = Job(
            number: 1,
            run: run,
            state: .running,
            pace: 1,
            createdAt: 0,
            frames: 2,
            selection: "all"
        )
        append(.job(job))
        append(.owed(Owed(run: run, stream: "cam", epoch: 1, ranges: [0...1])))
        append(Fixture.result(0, run: 1).record)
        let letter = DeadLetter(
            run: run,
            frame: FrameID(stream: "cam", epoch: 1, sequence: 1),
            attempts: 5,
            reason: "crash",
            worker: "w",
            at: 0
        )
        append(.dead(letter))
        return records
    }

    func dump() throws -> [String] {
        let reader = try CatalogReader(directory)
        let tables = [
            "projection", "streams", "frames", "results", "detections", "groups", "runs",
            "dead_letters", "gaps",
        ]
        return try tables.flatMap { table in
            try reader.rows("SELECT * FROM \(table)").map { "\(table) \($0)" }.sorted()
        }
    }

    @Test func theTablesSayWhatTheLogSays() throws {
        let writer = try filledLog()
        try projection(writer.log).catchUp()
        let reader = try CatalogReader(directory)
        #expect(
            try reader.rows("SELECT stream, frames, missing_frames, last_sequence FROM streams")
                == [[.text("cam"), .integer(72), .integer(8), .integer(79)]]
        )
        #expect(
            try reader.rows(
                "SELECT label, COUNT(*), MIN(captured_at) FROM detections GROUP BY label"
            )
                == [
                    [.text("face"), .integer(41), .text("2023-11-14 22:13:20.000")],
                    [.text("person"), .integer(41), .text("2023-11-14 22:13:20.000")],
                ]
        )
        #expect(
            try reader.rows("SELECT run, state, completed, dead FROM runs ORDER BY run")
                == [
                    [.integer(0), .text("live"), .integer(40), .integer(0)],
                    [.integer(1), .text("done"), .integer(1), .integer(1)],
                ]
        )
        #expect(try reader.rows("SELECT COUNT(*) FROM gaps") == [[.integer(8)]])
        #expect(
            try reader.rows("SELECT attributes, infer_ms FROM results LIMIT 1")
                == [[.text("{\"weather\":\"rain\"}"), .real(12.5)]]
        )
    }

    @Test func aSecondResultOfAFrameIsCountedAsADuplicate() throws {
        let opened = try LogWriter.open(directory, options: Log.Options())
        var writer = opened.takeWriter()
        // Written past what keeps duplicates out of the log.
        for fixture in [Fixture.frame(0), Fixture.result(0), Fixture.result(0)] {
            _ = try writer.append([Fixture.entry(fixture)], state: LogState())
        }
        try projection(writer.log).catchUp()
        let reader = try CatalogReader(directory)
        #expect(
            try reader.rows("SELECT completed, duplicates FROM runs")
                == [[.integer(1), .integer(1)]]
        )
    }

    @Test func aCatalogWrittenAnewIsTheSame() throws {
        let writer = try filledLog()
        let first = try projection(writer.log)
        try first.catchUp()
        let before = try dump()
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: directory.catalog + suffix)
        }
        try projection(writer.log).catchUp()
        #expect(try dump() == before)
    }

    @Test func aCatalogGoesOnWhereItStopped() throws {
        let opened = try LogWriter.open(directory, options: Log.Options())
        var writer = opened.takeWriter()
        for sequence in 0..<10 as Range<UInt64> {
            _ = try writer.append([Fixture.entry(Fixture.frame(sequence))], state: LogState())
            try projection(writer.log).catchUp()
        }
        let reader = try CatalogReader(directory)
        #expect(try reader.rows("SELECT frames FROM streams") == [[.integer(10)]])
    }

    @Test func aCatalogAheadOfTheLogIsWrittenAnew() throws {
        let writer = try filledLog()
        try projection(writer.log).catchUp()
        let before = try dump()
        try Catalog(path: directory.catalog).pool.write { database in
            try database.execute(sql: "UPDATE projection SET position = 1000000")
            try database.execute(sql: "DELETE FROM frames WHERE sequence > 5")
        }
        try projection(writer.log).catchUp()
        #expect(try dump() == before)
    }

    @Test func framesAreSelectedByStreamAndTime() throws {
        let writer = try filledLog()
        let catalog = try Catalog(path: directory.catalog)
        try projection(writer.log).catchUp()
        let start: Int64 = 1_700_000_000_000_000_000
        let selection = Catalog.Selection(
            stream: "c*",
            since: start + 40_000_000,
            until: start + 5 * 40_000_000
        )
        #expect(try catalog.frames(in: selection)["cam"]?[1]?.ranges == [1...2, 4...4])
        #expect {
            try catalog.frames(in: Catalog.Selection(stream: "kiosk"))
        } throws: {
            "\($0)" == "the archive has no stream kiosk; it has cam"
        }
    }

    @Test func deadFramesAreSelectedUntilALaterRunHasCompletedThem() throws {
        var writer = try filledLog()
        let catalog = try Catalog(path: directory.catalog)
        let projection = try projection(writer.log)
        func selected(_ group: String, all: Bool = false) throws -> [ClosedRange<UInt64>] {
            let dead = Catalog.DeadFrames(group: group, withCompleted: all)
            let selection = Catalog.Selection(stream: "*", dead: dead)
            return try catalog.frames(in: selection)["cam"]?[1]?.ranges ?? []
        }
        try projection.catchUp()
        #expect(try selected("faces") == [1...1])
        #expect(try selected("people") == [])
        // It died in run 1: what another group, or an earlier run, made of it does not count.
        for (group, run) in [("people", 2), ("faces", 0)] as [(String, UInt32)] {
            let result = Fixture.entry(Fixture.result(1, group: group, run: run))
            _ = try writer.append([result], state: LogState())
        }
        try projection.catchUp()
        #expect(try selected("faces") == [1...1])
        let late = Fixture.entry(Fixture.result(1, run: 2))
        _ = try writer.append([late], state: LogState())
        try projection.catchUp()
        #expect(try selected("faces") == [])
        #expect(try selected("faces", all: true) == [1...1])
        let dead = Catalog.DeadFrames(group: "faces", withCompleted: true)
        let early = Catalog.Selection(stream: "cam", until: 1, dead: dead)
        #expect(try catalog.frames(in: early).isEmpty)
    }

    @Test func aMistakeInTheQueryIsExplained() throws {
        _ = try Catalog(path: directory.pathForTests())
        let reader = try CatalogReader(directory)
        for (sql, words) in [
            ("SELECT colour FROM frames", "no such column: colour"),
            ("SELEC 1", "syntax error"), ("DELETE FROM frames", "only SELECT on its tables works"),
        ] {
            #expect {
                try reader.rows(sql)
            } throws: {
                ($0 as? RecordingError)?.kind == .invalid && "\($0)".contains(words)
            }
        }
    }
}

extension DataDirectory {
    fileprivate func pathForTests() throws -> String {
        try create()
        return catalog
    }
}
