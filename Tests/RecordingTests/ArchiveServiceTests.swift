import Foundation
import Testing
import TestSupport
import Wire
import ZeroMQ

@testable import Recording

/// The whole archive but its command line, against a broker moved by hand.
@Suite(.serialized) struct ArchiveServiceTests {
    let temporary: TemporaryDirectory
    let context: Context
    var endpoint: String { "ipc://\(temporary.path)/broker" }
    var directory: DataDirectory { DataDirectory(path: temporary.path + "/data") }

    init() throws {
        temporary = try TemporaryDirectory()
        context = try Context()
    }

    @Test func whatIsCommittedIsCountedAndToldAgainInTheNextSession() throws {
        let archive = try RunningArchive(directory, broker: endpoint)
        do {
            var broker = try FakeBroker(endpoint, context)
            try broker.welcome()
            _ = try broker.next(Ready.self)
            try broker.send(Fixture.group())
            for sequence in 0..<5 as Range<UInt64> { try broker.send(Fixture.frame(sequence)) }
            try broker.send(Fixture.frame(2))
            try broker.send(Fixture.result(1))
            try broker.waitForCommitted(8)
        }
        // The first broker is gone; another one takes its place.
        var broker = try FakeBroker(endpoint, context)
        try broker.welcome()
        #expect(
            try broker.next(StreamState.self)
                == StreamState(stream: "cam", next: Place(epoch: 1, sequence: 5))
        )
        #expect(try broker.next(GroupDefinition.self).name == "faces")
        let live = Run(group: "faces", number: 0)
        var account = Debt(run: live, stream: "cam", owedFrames: 4)
        account.completedFrames = 1
        #expect(try broker.next(Debt.self) == account)
        _ = try broker.next(Ready.self)

        try broker.send(Fixture.frame(5))
        try broker.waitForCommitted(1)
        // What a durable group has done is told again when it has changed.
        account.owedFrames = 5
        #expect(try broker.next(Debt.self) == account)
        try archive.stop()
    }

    @Test func aBrokerThatSendsMoreThanItWasGrantedIsHeardInTheNextSession() throws {
        var limits = Committer.Limits()
        limits.waitingMessages = 1
        let archive = try RunningArchive(directory, broker: endpoint, committing: limits)
        var broker = try FakeBroker(endpoint, context)
        try broker.welcome()
        _ = try broker.next(Ready.self)
        _ = try broker.flood(from: 0, count: 5_000)
        try broker.welcome()
        let known = try broker.next(StreamState.self).next
        _ = try broker.next(Ready.self)
        try broker.send(Fixture.frame(known.sequence))
        try broker.waitForCommitted(1)
        try archive.stop()
    }

    @Test func fetchGivesWhatIsOwedByteForByte() throws {
        let archive = try RunningArchive(directory, broker: endpoint)
        var broker = try FakeBroker(endpoint, context)
        try broker.welcome()
        _ = try broker.next(Ready.self)
        try broker.send(Fixture.group())
        for sequence in 0..<6 as Range<UInt64> { try broker.send(Fixture.frame(sequence)) }
        try broker.send(Fixture.result(2))
        try broker.waitForCommitted(8)

        let live = Run(group: "faces", number: 0)
        func fetch(_ after: Place?, frames: UInt32, bytes: UInt64 = 1 << 20) throws {
            let fetch = Fetch(
                run: live,
                stream: "cam",
                after: after,
                frames: frames,
                bytes: bytes
            )
            try broker.send(fetch.encoded())
        }
        try fetch(nil, frames: 3)
        for sequence in [0, 1, 3] as [UInt64] {
            let (fetched, parts) = try broker.nextParts(Fetched.self)
            #expect(fetched.run == live)
            let frame = Fixture.frame(sequence)
            #expect(parts == [frame.bytes.header, frame.bytes.payload])
        }
        var end = try broker.next(End.self)
        #expect(end.through == Place(epoch: 1, sequence: 3))
        #expect(!end.isHead)
        #expect(end.owedFrames == 5)

        try fetch(end.through, frames: 10, bytes: 250)
        #expect(try broker.nextParts(Fetched.self).rest[0] == Fixture.frame(4).bytes.header)
        end = try broker.next(End.self)
        #expect(end.through == Place(epoch: 1, sequence: 4))
        #expect(!end.isHead)

        try fetch(end.through, frames: 10)
        #expect(try broker.nextParts(Fetched.self).rest[0] == Fixture.frame(5).bytes.header)
        end = try broker.next(End.self)
        #expect(end.through == Place(epoch: 1, sequence: 5))
        #expect(end.isHead)

        try fetch(end.through, frames: 10)
        #expect(try broker.next(End.self).isHead)
        try archive.stop()
    }

    @Test func aSegmentThatCannotBeReadForAWhileBuriesNoFrame() throws {
        let small = Log.Options(segmentByteCount: 1 << 16, sync: .none)
        let archive = try RunningArchive(directory, broker: endpoint, log: small)
        var broker = try FakeBroker(endpoint, context)
        try broker.welcome()
        _ = try broker.next(Ready.self)
        try broker.send(Fixture.group())
        for sequence in 0..<20 as Range<UInt64> {
            try broker.send(Fixture.frame(sequence, byteCount: 10_000))
        }
        try broker.send(Fixture.frame(0, stream: "late"))
        try broker.waitForCommitted(22)
        let live = Run(group: "faces", number: 0)
        let path = Segment.path(0, in: directory.log)
        try FileManager.default.moveItem(atPath: path, toPath: path + ".away")
        func fetch(_ stream: String) throws {
            let fetch = Fetch(run: live, stream: stream, after: nil, frames: 2, bytes: 1 << 20)
            try broker.send(fetch.encoded())
        }
        for stream in ["cam", "late"] { try fetch(stream) }
        // The other stream's frame is in another segment and comes. So do the first ones, once they
        // can be read; at once if the archive still has the segment open, which depends on the time.
        var came: [String: [[UInt8]]] = [:]
        var ended: Set<String> = []
        while ended.count < 2 {
            let parts = try broker.receive()
            switch try Fixture.type(parts[0]) {
            case .fetched:
                let frame = try Fixture.decode(Frame.self, parts[1])
                came[frame.id.stream, default: []].append(parts[1])
            case .end:
                let end = try Fixture.decode(End.self, parts[0])
                if end.stream == "late" {
                    try FileManager.default.moveItem(atPath: path + ".away", toPath: path)
                }
                // Nothing can be read now: a broker asks again, as often as it likes.
                if end.through == nil { try fetch(end.stream) } else { ended.insert(end.stream) }
            default: continue
            }
        }
        #expect(came["late"] == [Fixture.frame(0, stream: "late").bytes.header])
        #expect(
            came["cam"] == [0, 1].map { Fixture.frame($0, byteCount: 10_000).bytes.header }
        )
        let debts = try archive.ask(.status).status?.debts
        #expect(debts == [.init(group: "faces", run: 0, owed: 21)])
        try archive.stop()
    }

    @Test func aFrameThatArrivesDamagedIsNotKept() throws {
        let archive = try RunningArchive(directory, broker: endpoint)
        var broker = try FakeBroker(endpoint, context)
        try broker.welcome()
        _ = try broker.next(Ready.self)
        let frame = Fixture.frame(0)
        try broker.send(frame.bytes.header, Fixture.payload(9))
        try broker.send(Fixture.frame(1))
        try broker.waitForCommitted(2)
        _ = try archive.ask(.catchUp)
        let reader = try CatalogReader(directory)
        #expect(try reader.rows("SELECT sequence FROM frames") == [[.integer(1)]])
        #expect(try reader.rows("SELECT reason FROM gaps") == [[.text("lost")]])
        try archive.stop()
    }

    @Test func aGroupThatBeginsAtTheBeginningOwesEverything() throws {
        let archive = try RunningArchive(directory, broker: endpoint)
        var broker = try FakeBroker(endpoint, context)
        try broker.welcome()
        _ = try broker.next(Ready.self)
        for sequence in 0..<4 as Range<UInt64> { try broker.send(Fixture.frame(sequence)) }
        try broker.send(Fixture.group("late", start: .beginning))
        try broker.send(Fixture.frame(4))
        try broker.waitForCommitted(6)
        let debts = try archive.ask(.status).status?.debts
        #expect(debts == [.init(group: "late", run: 0, owed: 5)])
        try archive.stop()
    }

    @Test func questionsWithoutAnswerAreRefusedWithASentence() throws {
        let archive = try RunningArchive(directory, broker: endpoint)
        let request = ReplayRequest(
            selection: .init(stream: "kiosk"),
            group: "faces",
            pace: 0,
            words: "kiosk"
        )
        #expect {
            try archive.ask(.replay(request))
        } throws: {
            "\($0)" == "the archive has no stream kiosk; it has none yet"
        }
        #expect(throws: RecordingError.self) { try archive.ask(.job(number: 4)) }
        try archive.stop()
    }
}
