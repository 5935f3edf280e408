/// How many messages of this session the archive has put on disk.
///
/// From the archive to the broker. FRAME, RESULT, GROUP, GAP and DEAD go to the archive in one
/// first-in-first-out way, so a count says which.
package struct Committed: WireMessage {
    package static let type = MessageType.committed

    /// Messages of this session that are committed, in the order sent; never goes back.
    package var count: UInt64
    /// Why the archive commits nothing more for now, in a sentence for people; empty while it does.
    package var trouble: String

    /// Says how many, and why there are no more.
    package init(count: UInt64, trouble: String = "") {
        self.count = count
        self.trouble = trouble
    }

    package func writeFields(to writer: inout ByteWriter) {
        writer.u64(count)
        writer.text(trouble)
    }

    package init(fields reader: inout ByteReader) throws(WireError) {
        count = try reader.number("count")
        trouble = try reader.text("trouble")
    }
}

/// Asks for the next frames of a run that are not done.
///
/// From the broker to the archive, which answers with ``Fetched`` frames and then one ``End``. At
/// most one is under way for each (run, stream).
package struct Fetch: WireMessage {
    package static let type = MessageType.fetch

    /// The run.
    package var run: Run
    /// The stream.
    package var stream: String
    /// Only frames behind this place; `nil` begins with the first one owed.
    package var after: Place?
    /// Frames wanted at most, at least 1.
    package var frames: UInt32
    /// Payload bytes wanted at most; one larger frame is sent all the same.
    package var bytes: UInt64

    /// Puts the parts together.
    package init(run: Run, stream: String, after: Place?, frames: UInt32, bytes: UInt64) {
        self.run = run
        self.stream = stream
        self.after = after
        self.frames = frames
        self.bytes = bytes
    }

    package func writeFields(to writer: inout ByteWriter) {
        run.writeFields(to: &writer)
        writer.string(stream)
        writer.place(after)
        writer.u32(frames)
        writer.u64(bytes)
    }

    package init(fields reader: inout ByteReader) throws(WireError) {
        run = try Run(fields: &reader)
        stream = try reader.streamName()
        after = try reader.place()
        frames = try reader.u32()
        bytes = try reader.number("bytes")
        guard frames >= 1 else { throw .invalid("frames") }
    }
}

/// A frame out of the archive, for a run; its header and payload follow as parts of their own.
package struct Fetched: WireMessage {
    package static let type = MessageType.fetched

    /// The run that it was fetched for.
    package var run: Run

    /// Says for which run.
    package init(run: Run) { self.run = run }

    package func writeFields(to writer: inout ByteWriter) { run.writeFields(to: &writer) }

    package init(fields reader: inout ByteReader) throws(WireError) {
        run = try Run(fields: &reader)
    }
}

/// The end of an answer to ``Fetch``.
package struct End: WireMessage {
    package static let type = MessageType.end

    /// The run.
    package var run: Run
    /// The stream.
    package var stream: String
    /// Everything owed up to this place has been sent; `nil` when the stream has no frame yet.
    package var through: Place?
    /// Whether nothing that is committed lies behind `through`.
    package var isHead: Bool
    /// Frames of the (run, stream) that are not done, those sent included.
    package var owedFrames: UInt64
    /// Their payload bytes; 0 when not known.
    package var owedBytes: UInt64

    /// Puts the parts together.
    package init(
        run: Run,
        stream: String,
        through: Place?,
        isHead: Bool,
        owedFrames: UInt64,
        owedBytes: UInt64
    ) {
        self.run = run
        self.stream = stream
        self.through = through
        self.isHead = isHead
        self.owedFrames = owedFrames
        self.owedBytes = owedBytes
    }

    package func writeFields(to writer: inout ByteWriter) {
        run.writeFields(to: &writer)
        writer.string(stream)
        writer.place(through)
        writer.flag(isHead)
        writer.u64(owedFrames)
        writer.u64(owedBytes)
    }

    package init(fields reader: inout ByteReader) throws(WireError) {
        run = try Run(fields: &reader)
        stream = try reader.streamName()
        through = try reader.place()
        isHead = try reader.flag("is head")
        owedFrames = try reader.number("owed frames")
        owedBytes = try reader.number("owed bytes")
    }
}

/// How far the archive has come with a stream.
///
/// From the archive to the broker when a session begins, and in checkpoints.
package struct StreamState: WireMessage {
    package static let type = MessageType.stream

    /// The stream.
    package var stream: String
    /// The place of the frame that would come next: the newest epoch, and the sequence behind it.
    package var next: Place

    /// Puts the parts together.
    package init(stream: String, next: Place) {
        self.stream = stream
        self.next = next
    }

    package func writeFields(to writer: inout ByteWriter) {
        writer.string(stream)
        next.writeFields(to: &writer)
    }

    package init(fields reader: inout ByteReader) throws(WireError) {
        stream = try reader.streamName()
        next = try Place(fields: &reader)
    }
}

/// What a run has done of a stream, and what it has still to do.
///
/// From the archive to the broker: when a session begins, for every replay that owes and for every
/// durable group (run 0); when a replay begins or ends; and at most once a second for each durable
/// (group, stream) where something changed. It is true for the ``Committed`` count said before it,
/// so that the broker adds what it has sent since. Also in checkpoints.
package struct Debt: WireMessage, Equatable {
    package static let type = MessageType.debt

    /// The run.
    package var run: Run
    /// The stream.
    package var stream: String
    /// Frames that are not done; 0 for a replay that is over or called off: forget it.
    package var owedFrames: UInt64
    /// Frames with a result, the failed ones included; of run 0 only, as all that follow.
    package var completedFrames: UInt64 = 0
    /// Frames whose result is a failure.
    package var failedFrames: UInt64 = 0
    /// Frames given up, as dead letters.
    package var deadFrames: UInt64 = 0
    /// Frames that were owed and are gone, each in a gap of the group.
    package var shedFrames: UInt64 = 0

    /// Puts the parts together.
    package init(run: Run, stream: String, owedFrames: UInt64) {
        self.run = run
        self.stream = stream
        self.owedFrames = owedFrames
    }

    package func writeFields(to writer: inout ByteWriter) {
        run.writeFields(to: &writer)
        writer.string(stream)
        writer.u64(owedFrames)
        writer.u64(completedFrames)
        writer.u64(failedFrames)
        writer.u64(deadFrames)
        writer.u64(shedFrames)
    }

    package init(fields reader: inout ByteReader) throws(WireError) {
        run = try Run(fields: &reader)
        stream = try reader.streamName()
        owedFrames = try reader.number("owed frames")
        completedFrames = try reader.number("completed frames")
        failedFrames = try reader.number("failed frames")
        deadFrames = try reader.number("dead frames")
        shedFrames = try reader.number("shed frames")
    }
}

/// The archive has told all it knows; the broker may begin to send.
package struct Ready: WireMessage {
    package static let type = MessageType.ready

    /// There is nothing more to say.
    package init() {}

    package func writeFields(to writer: inout ByteWriter) {}

    package init(fields reader: inout ByteReader) throws(WireError) {}
}

/// A dead letter: a frame that a run has given up on.
///
/// From the broker to the archive, and in the log. It points at the frame, which is kept as any.
package struct DeadLetter: WireMessage {
    package static let type = MessageType.dead

    /// The run.
    package var run: Run
    /// The frame.
    package var frame: FrameID
    /// How often it was tried.
    package var attempts: UInt16
    /// What happened the last time.
    package var reason: String
    /// The worker that tried last.
    package var worker: String
    /// When it was given up, in nanoseconds since 1970 (UTC), by the broker's clock.
    package var at: Int64

    /// Puts the parts together.
    package init(
        run: Run,
        frame: FrameID,
        attempts: UInt16,
        reason: String,
        worker: String,
        at: Int64
    ) {
        self.run = run
        self.frame = frame
        self.attempts = attempts
        self.reason = reason
        self.worker = worker
        self.at = at
    }

    package func writeFields(to writer: inout ByteWriter) {
        run.writeFields(to: &writer)
        frame.writeFields(to: &writer)
        writer.u16(attempts)
        writer.text(reason)
        writer.name(worker)
        writer.i64(at)
    }

    package init(fields reader: inout ByteReader) throws(WireError) {
        run = try Run(fields: &reader)
        frame = try FrameID(fields: &reader)
        attempts = try reader.u16()
        reason = try reader.text("reason")
        worker = try reader.name("worker")
        at = try reader.instant("time")
    }
}
