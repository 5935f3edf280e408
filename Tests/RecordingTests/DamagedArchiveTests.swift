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

    /// Flips a bit of the payload of the frame of 5,000 bytes, or of its header.
    func flip(_ sequence: UInt64, inHeader: Bool = false) throws {
        let path = Segment.path(0, in: directory.log)
        var data = try Data(contentsOf: URL(fileURLWithPath: path))
        let frame = Fixture.frame(sequence, byteCount: 5_000).bytes
        let bytes = inHeader ? frame.header : frame.payload
        let range = try #require(data.range(of: Data(bytes)))
        data[range.lowerBound + 20] ^= 1
        try data.write(to: URL(fileURLWithPath: path))
    }

    @Test func aDamagedFrameIsCalledDamagedAndTheReplayOfTheOthersIsDone() throws {
        try record(4, segmentByteCount: 1 << 20)
        try flip(2)
        let log = HeardLog()
        let archive = try RunningArchive(directory, broker: endpoint, logger: log.logger)
        var broker = try FakeBroker(endpoint, context)
        try broker.welcome()
        _ = try broker.next(Ready.self)
        // The stream is as far as it was: the damaged frame was kept once.
        var client = try ControlClient(directory, patience: .seconds(60))
        #expect {
            _ = try client.frame(FrameID(stream: "cam", epoch: 1, sequence: 2))
        } throws: {
            ($0 as? RecordingError)?.kind == .damaged && "\($0)".contains("position 3")
        }
        #expect {
            _ = try client.frame(FrameID(stream: "cam", epoch: 1, sequence: 9))
        } throws: {
            ($0 as? RecordingError)?.kind == .gone && !"\($0)".contains("damaged")
        }

        let request = ReplayRequest(
            selection: .init(stream: "cam"),
            group: "new",
            pace: 0,
            words: "cam"
        )
        #expect(try archive.ask(.replay(request)).job?.frames == 4)
        let run = try broker.next(Debt.self).run
        try broker.send(
            Fetch(run: run, stream: "cam", after: nil, frames: 10, bytes: 1 << 20).encoded()
        )
        _ = try broker.next(End.self)
        for sequence in [0, 1, 3] as [UInt64] {
            try broker.send(Fixture.result(sequence, group: "new", run: 1))
        }
        while try archive.ask(.job(number: 1)).job?.isOver == false { sched_yield() }
        _ = try archive.ask(.catchUp)
        let job = try #require(try archive.ask(.job(number: 1)).job)
        #expect([job.completed, job.failed, job.dead] == [3, 0, 1])
        let letters = try CatalogReader(directory).rows("SELECT sequence, reason FROM dead_letters")
        #expect(letters.count == 1)
        guard case .text(let reason)? = letters.first?.last else {
            Issue.record("no reason")
            return
        }
        #expect(reason.contains("position 3 is damaged"), "\(reason)")
        try archive.stop()
        #expect(log.lines.contains { $0.hasPrefix("the record at position 3 is damaged") })
    }

    @Test(arguments: [false, true])
    func aFrameThatWasKeptLastIsKeptOnceAlsoWhenItIsDamaged(inHeader: Bool) throws {
        try record(4, segmentByteCount: 1 << 20)
        try flip(3, inHeader: inHeader)
        let opened = try LogWriter.open(directory, options: Log.Options())
        #expect(opened.damaged.map(\.position) == [4])
        // A header that is damaged does not say which frame it was of: that may be sent again.
        let next = UInt64(inHeader ? 3 : 4)
        #expect(opened.state.streams == ["cam": Place(epoch: 1, sequence: next)])
        _ = opened.takeWriter()
    }
}
