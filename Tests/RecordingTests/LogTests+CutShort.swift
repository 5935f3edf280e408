import Foundation
import Testing
import TestSupport
import Wire

@testable import Recording

// Segments whose files have lost their ends: reading there would kill the process.

extension LogTests {
    /// Cuts the segment at `first` down to a part of its size.
    func cut(_ first: UInt64, to share: Double) throws {
        let path = Segment.path(first, in: directory.log)
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        let byteCount = Double(DataDirectory.byteCount(of: path))
        try file.truncate(atOffset: UInt64(byteCount * share))
    }

    /// A log of 90 frames in more than six segments; returns these.
    private func fill() throws -> [UInt64] {
        var state = LogState()
        let opened = try LogWriter.open(directory, options: small)
        var writer = opened.takeWriter()
        for sequence in 0..<90 as Range<UInt64> {
            try append([Fixture.frame(sequence, byteCount: 5_000)], &writer, &state)
        }
        let firsts = try Log.segments(in: directory.log)
        #expect(firsts.count > 6)
        return firsts
    }

    @Test(arguments: [0, 0.05, 0.5, 0.99])
    func aSegmentThatIsCutShortHidesNoFrameOfAnother(share: Double) throws {
        let firsts = try fill()
        let bad = firsts[firsts.count / 2]
        try cut(bad, to: share)
        let before = try Data(
            contentsOf: URL(fileURLWithPath: Segment.path(bad, in: directory.log))
        )

        let opened = try LogWriter.open(directory, options: small)
        let log = opened.writer.log
        let damage = log.damagedSegments()
        #expect(damage.map(\.kind) == [.damaged])
        #expect(damage.first?.description.contains(Segment.fileName(bad)) == true)
        var found: [UInt64] = []
        for sequence in 0..<90 as Range<UInt64> {
            let id = FrameID(stream: "cam", epoch: 1, sequence: sequence)
            do throws(RecordingError) {
                if try log.position(of: id) != nil { found.append(sequence) }
            } catch {
                #expect(error.kind == .damaged)
            }
        }
        // What is left of a segment is read: near its end that is everything.
        #expect(found.count >= 90 - 13)
        #expect(share > 0.5 || found.count < 90)
        var skipped: [RecordingError] = []
        let frames = try log.frames(covering: { _ in true }, damage: { skipped.append($0) })
        #expect(frames["cam"]?[1].map { Array($0.ranges.joined()) } == found)
        #expect(skipped.map(\.kind) == [.damaged])
        let after = try Data(contentsOf: URL(fileURLWithPath: Segment.path(bad, in: directory.log)))
        #expect(after == before)
        _ = opened.takeWriter()
    }

    @Test func theSegmentBeforeTheNewestMayBeCutShort() throws {
        let firsts = try fill()
        try cut(firsts[firsts.count - 2], to: 0.5)
        let opened = try LogWriter.open(directory, options: small)
        #expect(opened.state.streams == ["cam": Place(epoch: 1, sequence: 90)])
        var state = opened.state
        var writer = opened.takeWriter()
        try append([Fixture.frame(90)], &writer, &state)
        #expect(writer.log.damagedSegments().count == 1)
    }

    @Test(arguments: [0, 0.05, 0.5, 0.99])
    func aNewestSegmentThatIsCutShortIsRefusedUntilItIsSetAside(share: Double) throws {
        let newest = try #require(try fill().last)
        let path = Segment.path(newest, in: directory.log)
        try cut(newest, to: share)
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        for _ in 0..<2 {
            #expect {
                _ = try LogWriter.open(directory, options: small).takeWriter()
            } throws: {
                ($0 as? RecordingError)?.kind == .damaged
                    && "\($0)".contains("mv \(path) \(path).damaged")
            }
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)

        try FileManager.default.moveItem(atPath: path, toPath: path + ".damaged")
        // No position that may have been promised is used again, and it is left out once only.
        for round in 0..<3 as Range<UInt64> {
            let opened = try LogWriter.open(directory, options: small)
            var state = opened.state
            var writer = opened.takeWriter()
            #expect(writer.log.promised > newest + 1_000_000)
            #expect(writer.log.promised < newest + 1 << 41)
            try append([Fixture.frame(100 + round)], &writer, &state)
            let older = try framesBefore(newest, in: writer.log)
            #expect(try sequences(writer.log) == Array(0..<older) + Array(100...100 + round))
            let id = FrameID(stream: "cam", epoch: 1, sequence: 100)
            #expect(try writer.log.position(of: id) ?? 0 > newest + 1_000_000)
        }
        #expect(FileManager.default.fileExists(atPath: path + ".damaged"))
    }

    @Test func aLogWhoseOnlySegmentIsSetAsideBeginsBehindIt() throws {
        do {
            let opened = try LogWriter.open(directory, options: small)
            var state = opened.state
            var writer = opened.takeWriter()
            try append([Fixture.frame(0)], &writer, &state)
        }
        let path = Segment.path(0, in: directory.log)
        try FileManager.default.moveItem(atPath: path, toPath: path + ".damaged")
        for _ in 0..<2 {
            let writer = try LogWriter.open(directory, options: small).takeWriter()
            #expect(writer.log.oldest > 1_000_000)
            #expect(writer.log.segmentCount == 1)
        }
    }

    /// How many frames lie before `position`; here their sequences count up from 0.
    private func framesBefore(_ position: UInt64, in log: Log) throws -> UInt64 {
        var count: UInt64 = 0
        var next: UInt64 = 0
        while next < position {
            next = try log.scan(from: next) { at, bytes in
                if at < position, case .good(.frame, _) = CheckedRecord(bytes) { count += 1 }
                return true
            }
        }
        return count
    }
}
