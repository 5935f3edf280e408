import Testing

@testable import Wire

/// Both sides of the limits of single fields.
@Suite struct FieldTests {
    private func accepts(_ message: any WireMessage) throws {
        #expect(areEqual(try decodeAny(message.encoded()), message))
    }

    private func refuses(
        _ message: any WireMessage,
        _ error: WireError,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(throws: error, sourceLocation: sourceLocation) { try decodeAny(message.encoded()) }
    }

    private func result(_ detection: Detection) -> Wire.Result {
        Wire.Result(
            run: Run(group: "g", number: 0),
            frame: FrameID(stream: "s", epoch: 1, sequence: 0),
            token: 1,
            attempt: 1,
            worker: "w",
            model: "m",
            modelHash: 0,
            startedAt: 0,
            detections: [detection]
        )
    }

    @Test func aScoreIsFrom0To1() throws {
        func scored(_ score: Float) -> Wire.Result {
            result(Detection(label: "face", score: score, x: 0, y: 0, width: 1, height: 1))
        }
        for score in [0, Float.leastNonzeroMagnitude, 0.5, 1] { try accepts(scored(score)) }
        for score in [-Float.leastNonzeroMagnitude, Float(1).nextUp, 2] {
            refuses(scored(score), .invalid("score"))
        }
        for score in [Float.nan, .infinity, -.infinity, .signalingNaN] {
            refuses(scored(score), .invalid("score"))
        }
    }

    @Test func aBoxIsFiniteAndHasNoNegativeSides() throws {
        func box(_ x: Float, _ y: Float, _ width: Float, _ height: Float) -> Wire.Result {
            result(Detection(label: "", score: 1, x: x, y: y, width: width, height: height))
        }
        try accepts(box(-1, -1, 0, 0))
        for (index, bad) in [Float.nan, .infinity, -.infinity].enumerated() {
            var sides: [Float] = [0, 0, 1, 1]
            for side in sides.indices {
                sides[side] = bad
                refuses(box(sides[0], sides[1], sides[2], sides[3]), .invalid("box"))
                sides[side] = Float(index)
            }
        }
        refuses(box(0, 0, -1, 1), .invalid("box"))
        refuses(box(0, 0, 1, -1), .invalid("box"))
    }

    @Test func landmarksAreFinitePairs() throws {
        func landmarks(_ values: [Float]) -> Wire.Result {
            var detection = Detection(label: "", score: 1, x: 0, y: 0, width: 1, height: 1)
            detection.landmarks = values
            return result(detection)
        }
        try accepts(landmarks([1, 2]))
        refuses(landmarks([1]), .invalid("landmarks"))
        refuses(landmarks([1, .nan]), .invalid("landmarks"))
    }

    @Test func anEmbeddingIsFinite() {
        var detection = Detection(label: "", score: 1, x: 0, y: 0, width: 1, height: 1)
        detection.embedding = [0, .infinity]
        refuses(result(detection), .invalid("embedding"))
    }

    @Test func aCountFitsIntoASigned64BitInteger() throws {
        try accepts(Committed(count: Limits.number))
        refuses(Committed(count: Limits.number + 1), .overLimit("count"))
        refuses(Committed(count: .max), .overLimit("count"))
    }

    @Test func aPlaceMayBeTheOneBehindTheLastFrame() throws {
        let next = Place(epoch: Limits.number, sequence: Limits.number)
        try accepts(StreamState(stream: "s", next: next))
        let behind = Place(epoch: 0, sequence: Limits.number + 1)
        refuses(StreamState(stream: "s", next: behind), .overLimit("sequence"))
        let late = Place(epoch: Limits.number + 1, sequence: 0)
        refuses(StreamState(stream: "s", next: late), .overLimit("epoch"))
    }

    @Test func anInstantIsNotNegative() throws {
        func job(_ createdAt: Int64, pace: Double = 1) -> Job {
            Job(
                number: 1,
                run: Run(group: "g", number: 1),
                state: .paused,
                pace: pace,
                createdAt: createdAt,
                frames: 0,
                selection: ""
            )
        }
        try accepts(job(0))
        try accepts(job(.max))
        refuses(job(-1), .invalid("created at"))
        refuses(job(.min), .invalid("created at"))
        for pace in [-1, Double.nan, .infinity] { refuses(job(0, pace: pace), .invalid("pace")) }
    }

    @Test func creditIsAtLeastOneFrameAndAtMostOneTebibyte() throws {
        func worker(_ frames: UInt32, _ bytes: UInt64, slots: UInt32 = 1) -> Hello {
            let wishes = WorkerWishes(
                group: GroupDefinition(name: "g"),
                creditFrames: frames,
                creditBytes: bytes,
                slots: slots,
                model: ""
            )
            return Hello(name: "", role: .worker(wishes))
        }
        func archive(_ messages: UInt32, _ bytes: UInt64) -> Hello {
            let wishes = ArchiveWishes(creditMessages: messages, creditBytes: bytes)
            return Hello(name: "", role: .archive(wishes))
        }
        try accepts(worker(1, Limits.creditByteCount))
        refuses(worker(1, Limits.creditByteCount + 1), .overLimit("credit"))
        refuses(worker(0, 1), .invalid("credit"))
        refuses(worker(1, 1, slots: 0), .invalid("credit"))
        try accepts(archive(1, Limits.creditByteCount))
        refuses(archive(1, Limits.creditByteCount + 1), .overLimit("credit"))
        refuses(archive(0, 1), .invalid("credit"))
    }

    @Test func aFetchAsksForAFrameAtLeast() throws {
        let run = Run(group: "g", number: 0)
        try accepts(Fetch(run: run, stream: "s", after: nil, frames: 1, bytes: 0))
        refuses(Fetch(run: run, stream: "s", after: nil, frames: 0, bytes: 1), .invalid("frames"))
    }

    @Test func silenceLastsLongerThanAHeartbeat() throws {
        var welcome = Welcome()
        (welcome.heartbeatMilliseconds, welcome.silenceMilliseconds) = (1, 2)
        try accepts(welcome)
        welcome.silenceMilliseconds = 1
        refuses(welcome, .invalid("heartbeat"))
        (welcome.heartbeatMilliseconds, welcome.silenceMilliseconds) = (0, 2)
        refuses(welcome, .invalid("heartbeat"))
    }

    @Test func owedRangesAscendWithoutOverlapAndAre2000AtMost() throws {
        func owed(_ ranges: [ClosedRange<UInt64>]) -> Owed {
            Owed(run: Run(group: "g", number: 0), stream: "s", epoch: 0, ranges: ranges)
        }
        let many = (0..<2_001 as Range<UInt64>).map { $0 * 2...$0 * 2 }
        try accepts(owed(many.dropLast()))
        refuses(owed(many), .overLimit("ranges"))
        try accepts(owed([0...1, 2...Limits.number - 1]))
        refuses(owed([0...Limits.number]), .invalid("range"))
        refuses(owed([0...1, 1...2]), .invalid("ranges"))
        refuses(owed([5...6, 1...2]), .invalid("ranges"))
    }

    @Test func aRangeThatEndsBeforeItBeginsThrows() throws {
        var bytes = Gap(stream: "s", epoch: 0, first: 8, last: 8, reason: .lost).encoded()
        bytes[16 + 3 + 8] = 9
        #expect(throws: WireError.invalid("range")) { try decodeAny(resealed(bytes)) }
    }

    @Test func choicesWithoutAMeaningThrow() {
        func patched(_ message: any WireMessage, _ offset: Int, _ value: UInt8) -> [UInt8] {
            var bytes = message.encoded()
            bytes[16 + offset] = value
            return resealed(bytes)
        }
        let group = GroupDefinition(name: "g", patterns: [])
        let gap = Gap(stream: "s", epoch: 0, first: 8, last: 8, reason: .lost)
        let error = ErrorMessage(code: .malformed, mayGoOn: true, sentence: "")
        let viewer = Hello(name: "", role: .viewer(patterns: []))
        let cases: [([UInt8], WireError)] = [
            (patched(group, 7, 0), .invalid("policy")), (patched(group, 7, 4), .invalid("policy")),
            (patched(group, 8, 3), .invalid("order")), (patched(group, 9, 3), .invalid("start")),
            (patched(gap, 27, 0), .invalid("reason")), (patched(gap, 27, 6), .invalid("reason")),
            (patched(error, 0, 9), .invalid("error code")),
            (patched(error, 1, 1), .invalid("error code")),
            (patched(error, 2, 2), .invalid("may go on")),
            (patched(viewer, 6, 0), .invalid("role")), (patched(viewer, 6, 5), .invalid("role")),
        ]
        for (bytes, error) in cases {
            #expect(throws: error) { try decodeAny(bytes) }
        }
    }
}
