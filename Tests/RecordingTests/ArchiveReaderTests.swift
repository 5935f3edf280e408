import Foundation
import Synchronization
import Service
import Testing
import TestSupport
import Wire

@testable import Recording

/// Commands that read while nobody serves.
@Suite(.serialized) struct ArchiveReaderTests {
    let temporary: TemporaryDirectory
    var directory: DataDirectory { DataDirectory(path: temporary.path + "/data") }
    var endpoint: String { "ipc://\(temporary.path)/broker" }

    init() throws {
        temporary = try TemporaryDirectory()
        try record(0..<30, segmentByteCount: 1 << 16)
    }

    /// Keeps frames of 5,000 bytes, of which the catalog knows nothing yet.
    func record(_ sequences: Range<UInt64>, segmentByteCount: Int) throws {
        let options = Log.Options(segmentByteCount: segmentByteCount)
        let opened = try LogWriter.open(directory, options: options)
        var state = opened.state
        var writer = opened.takeWriter()
        for sequence in sequences {
            let frame = Fixture.frame(sequence, byteCount: 5_000)
            _ = try writer.append([Fixture.entry(frame)], state: state)
            state.apply(frame.record)
        }
    }

    func reader(
        _ extent: ArchiveReader.Extent,
        patience: Duration = .seconds(30)
    ) throws -> ArchiveReader {
        try ArchiveReader.open(directory, extent, patience: patience, command: "archive look")
    }

    func count(_ archive: borrowing ArchiveReader) throws -> [[SQLValue]] {
        try archive.catalog.rows("SELECT COUNT(*) FROM frames")
    }

    @Test func whoReadsTheCatalogKeepsNobodyOut() throws {
        let archive = try reader(.catalog)
        #expect(try count(archive) == [[.integer(30)]])
        // The query of another command may take as long as it likes.
        let serving = try LogWriter.open(directory, options: Log.Options()).takeWriter()
        #expect(try count(archive) == [[.integer(30)]])
        _ = consume serving
        _ = consume archive
    }

    @Test func manyReadFramesAtATimeAndNobodyWritesMeanwhile() throws {
        var first = try reader(.frames)
        var second = try reader(.frames, patience: .zero)
        let third = try reader(.catalog, patience: .zero)
        #expect(try count(third) == [[.integer(30)]])
        for sequence in 0..<30 as Range<UInt64> {
            let id = FrameID(stream: "cam", epoch: 1, sequence: sequence)
            let payload = Fixture.payload(sequence, byteCount: 5_000)
            #expect(try first.frame(id).payload == payload)
            #expect(try second.frame(id).payload == payload)
        }
        #expect {
            _ = try LogWriter.open(directory, options: Log.Options()).takeWriter()
        } throws: {
            ($0 as? RecordingError)?.kind == .locked && "\($0)".contains("'archive look'")
                && "\($0)".contains("process \(getpid())") && "\($0)".contains("reads")
        }
        _ = consume first
        _ = consume second
        _ = consume third
        _ = try LogWriter.open(directory, options: Log.Options()).takeWriter()
    }

    @Test func anArchiveWaitsForACommandThatReads() throws {
        let archive = Mutex<ArchiveReader?>(try reader(.frames))
        #expect(throws: RecordingError.self) {
            _ = try LogWriter.open(directory, options: Log.Options()).takeWriter()
        }
        let ending = try ServiceThread("ending") { archive.withLock { $0 = nil } }
        _ = try LogWriter.open(directory, options: Log.Options(), patience: .seconds(30))
            .takeWriter()
        try ending.join()
    }

    @Test func whoCannotReadIsToldWhoHasTheLock() throws {
        let lock = try #require(try WriterLock.take(directory, .exclusive, as: "archive other"))
        #expect {
            _ = try reader(.catalog, patience: .milliseconds(50))
        } throws: {
            ($0 as? RecordingError)?.kind == .notServing && "\($0)".contains("'archive other'")
                && "\($0)".contains("process \(getpid())")
        }
        _ = lock
        let serving = try #require(
            try WriterLock.take(
                DataDirectory(path: temporary.path),
                .exclusive,
                as: "archive serve"
            )
        )
        #expect(LockHolder(of: DataDirectory(path: temporary.path)).isServing)
        _ = serving
    }

    @Test func readingChangesNothingInTheLog() throws {
        func files() throws -> [String: Data] {
            let names = try FileManager.default.contentsOfDirectory(atPath: directory.log)
            return try Dictionary(
                uniqueKeysWithValues: names.map {
                    ($0, try Data(contentsOf: URL(fileURLWithPath: directory.log + "/" + $0)))
                }
            )
        }
        let before = try files()
        var archive = try reader(.frames)
        _ = try archive.frame(FrameID(stream: "cam", epoch: 1, sequence: 29))
        #expect(try files() == before)
        _ = consume archive
    }

    @Test func aNewestSegmentThatIsCutShortLeavesEverythingElseReadable() throws {
        do {
            let archive = try reader(.catalog)
            #expect(try count(archive) == [[.integer(30)]])
        }
        let newest = try #require(try Log.segments(in: directory.log).last)
        let path = Segment.path(newest, in: directory.log)
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.truncate(atOffset: UInt64(DataDirectory.byteCount(of: path) / 2))

        var archive = try reader(.frames)
        #expect(archive.remark?.contains(path) == true)
        // The catalog knows more than the log has now, and keeps it.
        #expect(try count(archive) == [[.integer(30)]])
        var unreadable = 0
        for sequence in 0..<30 as Range<UInt64> {
            let id = FrameID(stream: "cam", epoch: 1, sequence: sequence)
            do throws(RecordingError) {
                let payload = try archive.frame(id).payload
                #expect(payload == Fixture.payload(sequence, byteCount: 5_000))
            } catch {
                #expect(error.kind == .damaged)
                unreadable += 1
            }
        }
        #expect(unreadable > 0 && unreadable < 14)
        _ = consume archive
    }

    @Test func aLogThatWasBegunAndNeverUsedIsReadAsEmpty() throws {
        let other = DataDirectory(path: temporary.path + "/other")
        try other.create()
        try Data().write(to: URL(fileURLWithPath: Segment.path(0, in: other.log) + ".new"))
        let archive = try ArchiveReader.open(
            other,
            .frames,
            patience: .zero,
            command: "archive look"
        )
        #expect(archive.remark == nil)
        #expect(try count(archive) == [[.integer(0)]])
        _ = consume archive
    }
}
