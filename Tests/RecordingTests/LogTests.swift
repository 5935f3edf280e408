import Foundation
import Testing
import TestSupport
import Wire

@testable import Recording

@Suite struct LogTests {
    let temporary: TemporaryDirectory
    let directory: DataDirectory

    init() throws {
        temporary = try TemporaryDirectory()
        directory = DataDirectory(path: temporary.path)
    }

    var small: Log.Options { Log.Options(segmentByteCount: 1 << 16) }

    /// Appends each fixture in a commit of its own, keeping the state.
    func append(
        _ fixtures: [(record: LogRecord, bytes: OwnedBytes)],
        _ writer: inout LogWriter,
        _ state: inout LogState
    ) throws {
        for fixture in fixtures {
            _ = try writer.append([Fixture.entry(fixture)], state: state)
            state.apply(fixture.record)
        }
    }

    /// All frames that the log has, in order, every one checked.
    func sequences(_ log: Log) throws -> [UInt64] {
        var found: [UInt64] = []
        var position: UInt64 = 0
        while position < log.promised {
            position = try log.scan(from: position) { _, bytes in
                if case .good(.frame(let frame), let header) = CheckedRecord(bytes) {
                    found.append(frame.id.sequence)
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

    @Test func whatIsCommittedIsReadBackByPositionAndByFrame() throws {
        let opened = try LogWriter.open(directory, options: small)
        var state = opened.state
        var writer = opened.takeWriter()
        try append((0..<10).map { Fixture.frame($0) }, &writer, &state)
        #expect(try sequences(writer.log) == Array(0..<10))
        let id = FrameID(stream: "cam", epoch: 1, sequence: 7)
        let position = try #require(try writer.log.position(of: id))
        let bytes = try writer.log.withRecord(at: position) { $0.array }
        #expect(bytes == Fixture.frame(7).bytes.header + Fixture.payload(7))
        let absent = FrameID(stream: "cam", epoch: 1, sequence: 10)
        #expect(try writer.log.position(of: absent) == nil)
        #expect(try writer.log.withRecord(at: writer.log.promised) { _ in } == nil)
    }

    @Test func framesAreFoundInEverySegment() throws {
        let opened = try LogWriter.open(directory, options: small)
        var state = opened.state
        var writer = opened.takeWriter()
        for sequence in 0..<200 as Range<UInt64> {
            let stream = sequence.isMultiple(of: 3) ? "a" : "a/b"
            let next = state.streams[stream]?.sequence ?? 0
            try append(
                [Fixture.frame(next, stream: stream, byteCount: 5_000)],
                &writer,
                &state
            )
        }
        #expect(writer.log.segmentCount > 10)
        for (stream, next) in state.streams {
            for sequence in 0..<next.sequence {
                let id = FrameID(stream: stream, epoch: 1, sequence: sequence)
                let position = try #require(try writer.log.position(of: id))
                let found = try writer.log.withRecord(at: position) { CheckedRecord($0) }
                guard case .good(.frame(let frame), _) = found else {
                    Issue.record("\(id) is not a frame")
                    continue
                }
                #expect(frame.id == id)
            }
        }
        let sets = try writer.log.frames { $0 == "a" }
        #expect(sets["a"]?[1]?.count == state.streams["a"]?.sequence)
        #expect(sets["a/b"] == nil)
    }

    @Test func aLogLeftWithoutClosingIsFoundWhole() throws {
        let copy = DataDirectory(path: temporary.path + "/copy")
        let opened = try LogWriter.open(directory, options: small)
        var state = opened.state
        var writer = opened.takeWriter()
        try append([Fixture.group()], &writer, &state)
        for sequence in 0..<60 as Range<UInt64> {
            try append([Fixture.frame(sequence, byteCount: 3_000)], &writer, &state)
            if sequence.isMultiple(of: 2) {
                try append([Fixture.result(sequence)], &writer, &state)
            }
            guard sequence.isMultiple(of: 7) else { continue }
            // The files as they are now, as kill -9 would leave them.
            try? FileManager.default.removeItem(atPath: copy.path)
            try copy.create()
            try FileManager.default.removeItem(atPath: copy.log)
            try FileManager.default.copyItem(atPath: directory.log, toPath: copy.log)
            let again = try LogWriter.open(copy, options: small)
            #expect(again.state == state)
            #expect(again.damaged.isEmpty)
            let reopened = again.takeWriter()
            #expect(reopened.log.promised == writer.log.promised)
            #expect(try sequences(reopened.log) == Array(0...sequence))
        }
    }

    @Test func positionsGoOnAfterReopening() throws {
        var state = LogState()
        for round in 0..<5 as Range<UInt64> {
            let opened = try LogWriter.open(directory, options: small)
            #expect(opened.state == state)
            var writer = opened.takeWriter()
            let frames = (round * 20..<round * 20 + 20).map { Fixture.frame($0, byteCount: 4_000) }
            try append(frames, &writer, &state)
            #expect(try sequences(writer.log) == Array(0..<round * 20 + 20))
        }
    }

    @Test(arguments: [0, 0.5, 1])
    func aSegmentThatWasNotYetNamedIsBegunAnew(share: Double) throws {
        var state = LogState()
        var next: UInt64 = 0
        do {
            let opened = try LogWriter.open(directory, options: small)
            var writer = opened.takeWriter()
            try append((0..<5).map { Fixture.frame($0) }, &writer, &state)
            try writer.roll(state)
            next = writer.log.promised - 1
        }
        // As if the machine had stopped before the file got its name, with more or less of it written.
        let newest = Segment.path(next, in: directory.log)
        try cut(next, to: share)
        for suffix in ["", "-lock"] {
            try FileManager.default.moveItem(
                atPath: newest + suffix,
                toPath: newest + ".new" + suffix
            )
        }
        let opened = try LogWriter.open(directory, options: small)
        #expect(opened.state == state)
        var writer = opened.takeWriter()
        #expect(writer.log.segmentCount == 2)
        try append([Fixture.frame(5)], &writer, &state)
        #expect(try sequences(writer.log) == Array(0..<6))
        #expect(try Log.unborn(in: directory.log).isEmpty)
    }

    @Test func aSealedNewestSegmentIsFollowedByANewOne() throws {
        var state = LogState()
        var next: UInt64 = 0
        do {
            let opened = try LogWriter.open(directory, options: small)
            var writer = opened.takeWriter()
            try append((0..<5).map { Fixture.frame($0) }, &writer, &state)
            try writer.roll(state)
            next = writer.log.promised - 1
        }
        // As if the process had been killed between sealing one segment and creating the next.
        for suffix in ["", "-lock"] {
            try? FileManager.default.removeItem(
                atPath: Segment.path(next, in: directory.log) + suffix
            )
        }
        let opened = try LogWriter.open(directory, options: small)
        #expect(opened.state == state)
        var writer = opened.takeWriter()
        #expect(writer.log.segmentCount == 2)
        try append([Fixture.frame(5)], &writer, &state)
        #expect(try sequences(writer.log) == Array(0..<6))
    }

    @Test func whatIsWrittenToAFileThatWasRemovedIsNotAcknowledged() throws {
        let opened = try LogWriter.open(directory, options: small)
        let state = opened.state
        var writer = opened.takeWriter()
        _ = try writer.append([Fixture.entry(Fixture.frame(0))], state: state)
        try FileManager.default.removeItem(atPath: directory.log)
        let error = #expect(throws: RecordingError.self) {
            _ = try writer.append([Fixture.entry(Fixture.frame(1))], state: state)
        }
        #expect(error?.description.contains("was removed") == true)
    }

    @Test func aSecondWriterIsRefused() throws {
        let opened = try LogWriter.open(directory, options: small)
        #expect {
            _ = try LogWriter.open(directory, options: small)
        } throws: {
            ($0 as? RecordingError)?.kind == .locked
        }
        _ = opened.takeWriter()
    }
}
