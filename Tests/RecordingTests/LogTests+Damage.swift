import Foundation
import Testing
import TestSupport
import Wire

@testable import Recording

// What is damaged is said, and nothing else is lost with it.

extension LogTests {
    /// Damages every copy of the checkpoint that the segment at `first` begins with, or `only` the
    /// part of it at a position.
    func damageCheckpoint(of first: UInt64, only part: UInt64? = nil) throws {
        let path = Segment.path(first, in: directory.log)
        var data = try Data(contentsOf: URL(fileURLWithPath: path))
        var header = Data([0x5A, 0x57, 1, MessageType.checkpoint.rawValue])
        if let part { header = try beginning(of: part) }
        // Pages that LMDB has copied are still in the file.
        var start = data.startIndex
        while let range = data.range(of: header, in: start..<data.endIndex) {
            data[range.lowerBound + 20] ^= 1
            start = range.upperBound
        }
        try data.write(to: URL(fileURLWithPath: path))
    }

    /// The header of the record at `position`.
    func beginning(of position: UInt64) throws -> Data {
        let writer = try LogWriter.open(directory, options: small).takeWriter()
        let bytes = try writer.log.withRecord(at: position) { record in
            CheckedRecord(record).headerBytes(of: record)
        }
        return Data(try #require(bytes))
    }

    @Test func damagedCheckpointsHideNoFrame() throws {
        var state = LogState()
        var firsts: [UInt64] = []
        do {
            let opened = try LogWriter.open(directory, options: small)
            var writer = opened.takeWriter()
            for sequence in 0..<90 as Range<UInt64> {
                try append([Fixture.frame(sequence, byteCount: 5_000)], &writer, &state)
            }
            firsts = try Log.segments(in: directory.log)
        }
        #expect(firsts.count > 6)
        for first in firsts.dropFirst().dropLast().prefix(firsts.count / 2 + 1) {
            try damageCheckpoint(of: first)
        }
        let writer = try LogWriter.open(directory, options: small).takeWriter()
        for sequence in 0..<90 as Range<UInt64> {
            let id = FrameID(stream: "cam", epoch: 1, sequence: sequence)
            #expect(try writer.log.position(of: id) != nil, "\(id)")
        }
    }

    @Test func aWrongBitInAnIndexHidesNoFrameOfTheNextSegment() throws {
        var state = LogState()
        do {
            var writer = try LogWriter.open(directory, options: small).takeWriter()
            for sequence in 0..<60 as Range<UInt64> {
                try append([Fixture.frame(sequence, byteCount: 5_000)], &writer, &state)
            }
        }
        // The last frame of a segment is now called as the first one of the next.
        var wrong: UInt64?
        for first in try Log.segments(in: directory.log) where wrong == nil {
            let segment = try Segment.openSealed(first: first, in: directory.log)
            let last = try segment.indexEntries()?.map(\.frame.sequence).max()
            guard let last, last.isMultiple(of: 2) else { continue }
            wrong = last
            let path = Segment.path(first, in: directory.log)
            var data = try Data(contentsOf: URL(fileURLWithPath: path))
            let place = Place(epoch: 1, sequence: last)
            let key = Data(IndexKey.bytes(stream: "cam", place))
            var start = data.startIndex
            while let range = data.range(of: key, in: start..<data.endIndex) {
                data[range.upperBound - 1] ^= 1
                start = range.upperBound
            }
            try data.write(to: URL(fileURLWithPath: path))
        }
        let missing = try #require(wrong)
        let log = try LogWriter.open(directory, options: small).takeWriter().log
        for sequence in 0..<60 as Range<UInt64> where sequence != missing {
            let id = FrameID(stream: "cam", epoch: 1, sequence: sequence)
            guard case .found(let frame, _) = try StoredFrame.read(id, from: log) else {
                Issue.record("\(id) is not found")
                continue
            }
            #expect(frame.id == id)
        }
    }

    @Test func aDamagedSegmentHidesNoFrameOfAnother() throws {
        var state = LogState()
        var firsts: [UInt64] = []
        do {
            let opened = try LogWriter.open(directory, options: small)
            var writer = opened.takeWriter()
            for sequence in 0..<90 as Range<UInt64> {
                try append([Fixture.frame(sequence, byteCount: 5_000)], &writer, &state)
            }
            firsts = try Log.segments(in: directory.log)
        }
        let bad = firsts[firsts.count / 2]
        let path = Segment.path(bad, in: directory.log)
        try Data(repeating: 7, count: 1 << 16).write(to: URL(fileURLWithPath: path))
        let writer = try LogWriter.open(directory, options: small).takeWriter()
        var found = 0
        for sequence in 0..<90 as Range<UInt64> {
            let id = FrameID(stream: "cam", epoch: 1, sequence: sequence)
            do throws(RecordingError) {
                if try writer.log.position(of: id) != nil { found += 1 }
            } catch {
                #expect(error.kind == .damaged)
            }
        }
        // The frames of one segment are gone, with a reason.
        #expect(found < 90 && found >= 90 - 13)
    }

    @Test func aLostCheckpointIsWorkedOutFromTheSegmentsBefore() throws {
        var state = LogState()
        var next: UInt64 = 0
        do {
            let opened = try LogWriter.open(directory, options: small)
            var writer = opened.takeWriter()
            try append([Fixture.group()], &writer, &state)
            try append((0..<5).map { Fixture.frame($0) }, &writer, &state)
            try writer.roll(state)
            next = writer.log.promised - 1
            try append([Fixture.frame(5), Fixture.result(2)], &writer, &state)
        }
        try damageCheckpoint(of: next)

        let opened = try LogWriter.open(directory, options: small)
        #expect(opened.damaged.map(\.position) == [next])
        #expect(opened.state == state)
        _ = opened.takeWriter()
    }

    @Test func aDamagedPayloadIsReportedWithItsPosition() throws {
        do {
            let opened = try LogWriter.open(directory, options: small)
            var state = opened.state
            var writer = opened.takeWriter()
            try append((0..<3).map { Fixture.frame($0, byteCount: 5_000) }, &writer, &state)
        }
        let path = Segment.path(0, in: directory.log)
        var data = try Data(contentsOf: URL(fileURLWithPath: path))
        let payload = Data(Fixture.payload(1, byteCount: 5_000))
        let range = try #require(data.range(of: payload))
        data[range.lowerBound + 100] ^= 1
        try data.write(to: URL(fileURLWithPath: path))

        let opened = try LogWriter.open(directory, options: small)
        #expect(opened.damaged.map(\.position) == [2])
        let writer = opened.takeWriter()
        #expect(try sequences(writer.log) == [0, 2])
    }

    @Test func aLostSecondPartOfACheckpointIsWorkedOutToo() throws {
        var state = LogState()
        var next: UInt64 = 0
        do {
            var options = small
            options.checkpointByteCount = 16
            let opened = try LogWriter.open(directory, options: options)
            var writer = opened.takeWriter()
            try append([Fixture.frame(0), Fixture.frame(0, stream: "b")], &writer, &state)
            try writer.roll(state)
            let firsts = try Log.segments(in: directory.log)
            next = try #require(firsts.last)
            #expect(writer.log.promised > next + 1, "one checkpoint record only")
        }
        try damageCheckpoint(of: next, only: next + 1)
        let opened = try LogWriter.open(directory, options: small)
        #expect(opened.damaged.map(\.position) == [next + 1])
        #expect(opened.state == state)
        _ = opened.takeWriter()
    }
}

extension CheckedRecord {
    fileprivate func headerBytes(of record: RawSpan) -> [UInt8] {
        guard case .good(_, let header) = self else { return [] }
        return record.extracting(first: header).array
    }
}
