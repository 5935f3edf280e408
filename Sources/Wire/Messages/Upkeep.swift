/// What a person has ordered of an archive: to keep frames, to take them out, to forget a group.
///
/// In the log alone. The frames that it is about follow as ``Stretch`` records of the same name.
package struct Order: WireMessage, Equatable {
    package static let type = MessageType.order

    /// What is ordered.
    package enum Kind: UInt8, Sendable, CaseIterable {
        /// Keep the frames until they are released.
        case pin = 1
        /// Release the frames of the pin with this name.
        case unpin = 2
        /// Take the frames and their results out for good.
        case erase = 3
        /// That is done, on disk.
        case erased = 4
        /// Forget the group with this name: what it owes, and what it has done.
        case forget = 5
    }

    /// What is ordered.
    package var kind: Kind
    /// The pin's name, the erasure's number, or the group's name.
    package var name: String
    /// When, in nanoseconds since 1970 (UTC).
    package var at: Int64
    /// What was selected, in words.
    package var words: String

    /// Puts the parts together.
    package init(_ kind: Kind, name: String, at: Int64, words: String = "") {
        self.kind = kind
        self.name = name
        self.at = at
        self.words = words
    }

    package func writeFields(to writer: inout ByteWriter) {
        writer.u8(kind.rawValue)
        writer.name(name)
        writer.i64(at)
        writer.text(words)
    }

    package init(fields reader: inout ByteReader) throws(WireError) {
        kind = try reader.choice(Kind.self, "kind")
        name = try reader.name("name")
        at = try reader.instant("at")
        words = try reader.text("words")
    }
}

/// Frames of one epoch of a stream that the archive keeps, or has let go of.
///
/// In the log alone.
package struct Stretch: WireMessage, Equatable {
    package static let type = MessageType.stretch

    /// The most ranges of one record; more take another record.
    package static let rangeLimit = 2_000

    /// What becomes of the frames.
    package enum Kind: UInt8, Sendable, CaseIterable {
        /// They belong to the pin that ``Stretch/name`` names.
        case pinned = 1
        /// They are to be erased, as the order that ``Stretch/name`` names says.
        case erasing = 2
        /// They are gone, and what was made of them.
        case taken = 3
        /// Their pictures are gone; what was made of them is kept.
        case pictures = 4
        /// What the group that ``Stretch/name`` names has made of them is gone.
        case results = 5
    }

    /// What becomes of the frames.
    package var kind: Kind
    /// The pin, the order or the group.
    package var name: String
    /// The run of the group.
    package var run: UInt32
    /// The stream.
    package var stream: String
    /// The epoch that the sequences belong to.
    package var epoch: UInt64
    /// The sequences, ascending, without overlap.
    package var ranges: [ClosedRange<UInt64>]

    /// Puts the parts together.
    package init(
        _ kind: Kind,
        name: String = "",
        run: UInt32 = 0,
        stream: String,
        epoch: UInt64,
        ranges: [ClosedRange<UInt64>]
    ) {
        self.kind = kind
        self.name = name
        self.run = run
        self.stream = stream
        self.epoch = epoch
        self.ranges = ranges
    }

    package func writeFields(to writer: inout ByteWriter) {
        writer.u8(kind.rawValue)
        writer.name(name)
        writer.u32(run)
        writer.string(stream)
        writer.u64(epoch)
        writer.count(ranges.count)
        for range in ranges { writer.range(range) }
    }

    package init(fields reader: inout ByteReader) throws(WireError) {
        kind = try reader.choice(Kind.self, "kind")
        name = try reader.name("name")
        run = try reader.u32()
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

/// The header of a frame whose picture is gone, in its place in the log.
///
/// In the log alone. Says when the picture was taken, for what was made of it and is kept.
package struct Stub: WireMessage, Equatable {
    package static let type = MessageType.stub

    /// The frame.
    package var frame: FrameID
    /// When it was captured, in nanoseconds since 1970 (UTC), by the camera's clock.
    package var capturedAt: Int64

    /// Puts the parts together.
    package init(frame: FrameID, capturedAt: Int64) {
        self.frame = frame
        self.capturedAt = capturedAt
    }

    package func writeFields(to writer: inout ByteWriter) {
        frame.writeFields(to: &writer)
        writer.i64(capturedAt)
    }

    package init(fields reader: inout ByteReader) throws(WireError) {
        frame = try FrameID(fields: &reader)
        capturedAt = try reader.instant("captured at")
    }
}

/// When a segment was begun; inside checkpoints only.
package struct Begun: WireMessage, Equatable {
    package static let type = MessageType.begun

    /// In nanoseconds since 1970 (UTC), by the archive's clock.
    package var at: Int64

    /// Says when.
    package init(at: Int64) { self.at = at }

    package func writeFields(to writer: inout ByteWriter) { writer.i64(at) }

    package init(fields reader: inout ByteReader) throws(WireError) {
        at = try reader.instant("at")
    }
}
