/// The state of the archive at the start of a segment, so that starting reads one segment only.
///
/// In the log alone. The payload that follows is a sequence of headers: ``StreamState``,
/// ``GroupDefinition``, ``Job``, ``Owed``, ``Debt``, ``Order``,
/// ``Stretch`` and ``Begun``.
package struct Checkpoint: WireMessage {
    package static let type = MessageType.checkpoint

    /// Where the segment begins.
    package var position: UInt64
    /// Bytes of the payload, at most ``Limits/payloadByteCount``.
    package var byteCount: UInt32
    /// XXH3-64 of the payload.
    package var payloadHash: UInt64

    /// Puts the parts together.
    package init(position: UInt64, byteCount: UInt32, payloadHash: UInt64) {
        self.position = position
        self.byteCount = byteCount
        self.payloadHash = payloadHash
    }

    package func writeFields(to writer: inout ByteWriter) {
        writer.u64(position)
        writer.u32(byteCount)
        writer.u64(payloadHash)
    }

    package init(fields reader: inout ByteReader) throws(WireError) {
        position = try reader.number("position")
        byteCount = try reader.u32()
        payloadHash = try reader.u64()
        guard byteCount <= UInt32(Limits.payloadByteCount) else { throw .overLimit("payload") }
    }
}

/// A replay: let this group see these archived frames, at this pace.
///
/// In the log alone. Written anew each time its state changes; the last one counts.
package struct Job: WireMessage {
    package static let type = MessageType.job

    /// What has become of it.
    package enum State: UInt8, Sendable, CaseIterable {
        case running = 1
        case paused = 2
        case done = 3
        case cancelled = 4
    }

    /// Counts all jobs of the archive from 1.
    package var number: UInt64
    /// The run that its results belong to.
    package var run: Run
    /// What has become of it.
    package var state: State
    /// Times the speed of the recording; 0 is as fast as it goes.
    package var pace: Double
    /// When it was asked for, in nanoseconds since 1970 (UTC).
    package var createdAt: Int64
    /// Frames selected.
    package var frames: UInt64
    /// What was selected, in words.
    package var selection: String
    /// Frames a second at most; 0 is without a limit.
    package var rate: Double
    /// Silences of the recording that are played shortened, ascending.
    package var silences: [Silence]

    /// The most silences of one job.
    package static let silenceLimit = 2_000

    /// Time in which nothing was captured, of which a paced replay leaves a part out.
    package struct Silence: Sendable, Equatable {
        /// When the first frame behind it was captured, in nanoseconds since 1970 (UTC).
        package var end: Int64
        /// Nanoseconds left out so far: of this silence and all before it.
        package var leftOut: UInt64

        /// Puts the parts together.
        package init(end: Int64, leftOut: UInt64) {
            self.end = end
            self.leftOut = leftOut
        }
    }

    /// Puts the parts together.
    package init(
        number: UInt64,
        run: Run,
        state: State,
        pace: Double,
        createdAt: Int64,
        frames: UInt64,
        selection: String,
        rate: Double = 0,
        silences: [Silence] = []
    ) {
        self.number = number
        self.run = run
        self.state = state
        self.pace = pace
        self.createdAt = createdAt
        self.frames = frames
        self.selection = selection
        self.rate = rate
        self.silences = silences
    }

    package func writeFields(to writer: inout ByteWriter) {
        writer.u64(number)
        run.writeFields(to: &writer)
        writer.u8(state.rawValue)
        writer.f64(pace)
        writer.i64(createdAt)
        writer.u64(frames)
        writer.text(selection)
        writer.f64(rate)
        writer.count(silences.count)
        for silence in silences {
            writer.i64(silence.end)
            writer.u64(silence.leftOut)
        }
    }

    package init(fields reader: inout ByteReader) throws(WireError) {
        number = try reader.number("job")
        run = try Run(fields: &reader)
        state = try reader.choice(State.self, "state")
        pace = try reader.f64("pace")
        createdAt = try reader.instant("created at")
        frames = try reader.number("frames")
        selection = try reader.text("selection")
        guard pace >= 0 else { throw .invalid("pace") }
        rate = try reader.f64("rate")
        guard rate >= 0 else { throw .invalid("rate") }
        silences = []
        let count = try reader.count(
            "silences",
            elementByteCount: 16,
            limit: Self.silenceLimit
        )
        for _ in 0..<count {
            let end = try reader.instant("end of a silence")
            silences.append(Silence(end: end, leftOut: try reader.number("left out")))
        }
    }
}

/// Frames that a run owes: ranges of sequences of one epoch of one stream.
///
/// In the log alone.
package struct Owed: WireMessage {
    package static let type = MessageType.owed

    /// The most ranges of one record; more take another record.
    package static let rangeLimit = 2_000

    /// The run.
    package var run: Run
    /// The stream.
    package var stream: String
    /// The epoch that the sequences belong to.
    package var epoch: UInt64
    /// The owed sequences, ascending, without overlap.
    package var ranges: [ClosedRange<UInt64>]

    /// Puts the parts together.
    package init(run: Run, stream: String, epoch: UInt64, ranges: [ClosedRange<UInt64>]) {
        self.run = run
        self.stream = stream
        self.epoch = epoch
        self.ranges = ranges
    }

    package func writeFields(to writer: inout ByteWriter) {
        run.writeFields(to: &writer)
        writer.string(stream)
        writer.u64(epoch)
        writer.count(ranges.count)
        for range in ranges { writer.range(range) }
    }

    package init(fields reader: inout ByteReader) throws(WireError) {
        run = try Run(fields: &reader)
        stream = try reader.streamName()
        epoch = try reader.number("epoch")
        ranges = []
        let count = try reader.count("ranges", elementByteCount: 16, limit: Self.rangeLimit)
        ranges.reserveCapacity(count)
        for _ in 0..<count {
            let range = try reader.range()
            let previous = ranges.last?.upperBound
            guard previous.map({ $0 < range.lowerBound }) ?? true else { throw .invalid("ranges") }
            ranges.append(range)
        }
    }
}
