import Testing
import Wire

@testable import Recording

// Maps that are full, and segments filled under another size.

extension LogTests {
    @Test func aFullMapRollsAndWritesTheSameBatchAgain() throws {
        var options = small
        options.mapByteCount = 1 << 16  // Full before the roll-over threshold is reached.
        let opened = try LogWriter.open(directory, options: options)
        var state = opened.state
        var writer = opened.takeWriter()
        for sequence in 0..<40 as Range<UInt64> {
            try append([Fixture.frame(sequence, byteCount: 2_000)], &writer, &state)
        }
        #expect(writer.log.segmentCount > 1)
        #expect(try sequences(writer.log) == Array(0..<40))
    }

    @Test func aRecordLargerThanASegmentGetsOneOfItsOwn() throws {
        let opened = try LogWriter.open(directory, options: small)
        var state = opened.state
        var writer = opened.takeWriter()
        let frames = [Fixture.frame(0), Fixture.frame(1, byteCount: 4 << 20), Fixture.frame(2)]
        try append(frames, &writer, &state)
        #expect(writer.log.segmentCount == 3)
        #expect(try sequences(writer.log) == [0, 1, 2])
    }

    @Test(arguments: [1 << 16, 64 << 20])
    func aHeadFilledUnderAnotherSegmentSizeIsGoneOnFrom(segmentByteCount: Int) throws {
        var state = LogState()
        do {
            let large = Log.Options(segmentByteCount: 8 << 20)
            let opened = try LogWriter.open(directory, options: large)
            var writer = opened.takeWriter()
            let frames = (0..<10_000).map { Fixture.frame($0, byteCount: 1) }
            _ = try writer.append(frames.map { Fixture.entry($0) }, state: state)
            for frame in frames { state.apply(frame.record) }
        }
        let options = Log.Options(segmentByteCount: segmentByteCount)
        let opened = try LogWriter.open(directory, options: options)
        var writer = opened.takeWriter()
        let large = Fixture.frame(10_000, byteCount: 100_000)
        try append([large, Fixture.frame(10_001, byteCount: 1)], &writer, &state)
        #expect(try sequences(writer.log) == Array(0..<10_002))
    }

    @Test func aSegmentOfTinyFramesHasRoomForItsIndex() throws {
        let options = Log.Options(segmentByteCount: 2 << 20)
        let opened = try LogWriter.open(directory, options: options)
        var state = opened.state
        var writer = opened.takeWriter()
        let stream = String(repeating: "s", count: 64)
        for start in stride(from: 0 as UInt64, to: 20_000, by: 1_000) {
            let frames = (start..<start + 1_000).map {
                Fixture.frame($0, stream: stream, byteCount: 1)
            }
            _ = try writer.append(frames.map { Fixture.entry($0) }, state: state)
            for frame in frames { state.apply(frame.record) }
        }
        #expect(writer.log.segmentCount > 1)
        for sequence in [0, 10_000, 19_999] as [UInt64] {
            let id = FrameID(stream: stream, epoch: 1, sequence: sequence)
            #expect(try writer.log.position(of: id) != nil)
        }
        let first = try Segment.openSealed(first: 0, in: directory.log)
        guard case .table = first.index else {
            Issue.record("sealed without an index")
            return
        }
    }

    @Test func aSegmentWithoutRoomForItsIndexIsSealedWithoutOne() throws {
        var options = small
        options.segmentByteCount = 4 << 20
        options.mapByteCount = 1 << 16
        let opened = try LogWriter.open(directory, options: options)
        var state = opened.state
        var writer = opened.takeWriter()
        let stream = String(repeating: "s", count: 64)
        let frames = (0..<1_000).map { Fixture.frame($0, stream: stream, byteCount: 1) }
        try append(frames, &writer, &state)
        #expect(writer.log.segmentCount > 1)
        #expect(try sequences(writer.log) == Array(0..<1_000))
        for sequence in 0..<1_000 as Range<UInt64> {
            let id = FrameID(stream: stream, epoch: 1, sequence: sequence)
            #expect(try writer.log.position(of: id) != nil)
        }
    }

    @Test func aRecordThatNoSegmentHoldsIsRefusedAndTheNextOneKept() throws {
        var options = small
        options.mapByteCount = 1 << 18
        let opened = try LogWriter.open(directory, options: options)
        var state = opened.state
        var writer = opened.takeWriter()
        let large = Fixture.entry(Fixture.frame(0, byteCount: 4 << 20))
        do {
            _ = try writer.append([large], state: state)
            Issue.record("it was kept")
        } catch {
            #expect(error.kind == .tooLarge)
        }
        try append([Fixture.frame(0)], &writer, &state)
        #expect(try sequences(writer.log) == [0])
    }
}
