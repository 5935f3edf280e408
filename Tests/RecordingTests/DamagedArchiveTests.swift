import Foundation
import Testing
import TestSupport
import Wire
import ZeroMQ

@testable import Recording

/// A serving archive on whose disk something is damaged: it says so, and serves everything else.
@Suite(.serialized) struct DamagedArchiveTests {
    let temporary: TemporaryDirectory
    let context: Context
    var endpoint: String { "ipc://\(temporary.path)/broker" }
    var directory: DataDirectory { DataDirectory(path: temporary.path + "/data") }

    init() throws {
        temporary = try TemporaryDirectory()
        context = try Context()
    }

    /// Keeps frames of 5,000 bytes in a log of many small segments, or of one.
    func record(_ count: UInt64, segmentByteCount: Int) throws {
        let options = Log.Options(segmentByteCount: segmentByteCount)
        let opened = try LogWriter.open(directory, options: options)
        var state = opened.state
        var writer = opened.takeWriter()
        for sequence in 0..<count {
            let frame = Fixture.frame(sequence, byteCount: 5_000)
            _ = try writer.append([Fixture.entry(frame)], state: state)
            state.apply(frame.record)
        }
    }

    @Test func aSegmentThatIsCutShortIsReportedAndTheOthersAreServed() throws {
        try record(60, segmentByteCount: 1 << 16)
        let firsts = try Log.segments(in: directory.log)
        let path = Segment.path(firsts[1], in: directory.log)
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.truncate(atOffset: UInt64(DataDirectory.byteCount(of: path) / 2))

        let log = HeardLog()
        let archive = try RunningArchive(directory, broker: endpoint, logger: log.logger)
        var broker = try FakeBroker(endpoint, context)
        try broker.welcome()
        _ = try broker.next(Ready.self)
        // The catalog is new: it has everything but what the damaged segment has.
        try broker.send(Fixture.group("late", start: .beginning))
        try broker.send(Fixture.frame(60, byteCount: 5_000))
        try broker.waitForCommitted(2)
        _ = try archive.ask(.catchUp)
        let rows = try CatalogReader(directory).rows("SELECT sequence FROM frames")
        let cataloged = rows.compactMap { row in
            if case .integer(let sequence)? = row.first { UInt64(sequence) } else { nil }
        }
        let lost = Set(0...60 as ClosedRange<UInt64>).subtracting(cataloged)
        #expect(!lost.isEmpty && lost.count < 14)
        // What cannot be read is not owed to a new group, and everything else is.
        let owed = UInt64(61 - lost.count)
        #expect(
            try archive.ask(.status).status?.debts == [.init(group: "late", run: 0, owed: owed)]
        )
        var client = try ControlClient(directory, patience: .seconds(60))
        for sequence in 0...60 as ClosedRange<UInt64> {
            let id = FrameID(stream: "cam", epoch: 1, sequence: sequence)
            do throws(RecordingError) {
                let parts = try client.frame(id)
                #expect(parts.payload == Fixture.payload(sequence, byteCount: 5_000))
                #expect(!lost.contains(sequence))
            } catch {
                #expect(lost.contains(sequence))
                #expect(error.description.contains(path))
            }
        }
        try archive.stop()
        #expect(log.lines.filter { $0.contains("everything else can be read") }.count == 1)
        #expect(log.lines.contains { $0.contains("everything else") && $0.contains(path) })
    }
}
