/// The broker as a whole; its streams, groups and workers follow, a message each.
///
/// On `events`, once a second, under the topic `status`.
package struct Status: WireMessage {
    package static let type = MessageType.status

    /// This run of the broker.
    package var session: UInt64 = 0
    /// When this was written, in nanoseconds since 1970 (UTC).
    package var at: Int64 = 0
    /// How long the broker has been up, in milliseconds.
    package var uptimeMilliseconds: UInt64 = 0
    /// Bytes of frames and results in the broker's memory, each counted once, with what is kept beside it.
    package var payloadBytes: UInt64 = 0
    /// What they may come to.
    package var payloadBudget: UInt64 = 0
    /// Whether an archive is connected.
    package var hasArchive = false
    /// Messages that the archive has not committed yet.
    package var uncommittedMessages: UInt64 = 0
    /// How many ``StreamStatus`` follow.
    package var streams: UInt32 = 0
    /// How many ``GroupStatus`` follow.
    package var groups: UInt32 = 0
    /// How many ``WorkerStatus`` follow.
    package var workers: UInt32 = 0
    /// Viewers that are there, of whom nothing more is said.
    package var viewers: UInt32 = 0
    /// Why the archive commits nothing for now, for people; empty while it does.
    package var archiveTrouble = ""

    /// All zero.
    package init() {}

    package func writeFields(to writer: inout ByteWriter) {
        writer.u64(session)
        writer.i64(at)
        writer.u64(uptimeMilliseconds)
        writer.u64(payloadBytes)
        writer.u64(payloadBudget)
        writer.flag(hasArchive)
        writer.u64(uncommittedMessages)
        writer.u32(streams)
        writer.u32(groups)
        writer.u32(workers)
        writer.u32(viewers)
        writer.text(archiveTrouble)
    }

    package init(fields reader: inout ByteReader) throws(WireError) {
        session = try reader.u64()
        at = try reader.instant("time")
        uptimeMilliseconds = try reader.number("uptime")
        payloadBytes = try reader.number("payload bytes")
        payloadBudget = try reader.number("payload budget")
        hasArchive = try reader.flag("archive")
        uncommittedMessages = try reader.number("uncommitted messages")
        streams = try reader.u32()
        groups = try reader.u32()
        workers = try reader.u32()
        viewers = try reader.u32()
        archiveTrouble = try reader.text("archive trouble")
    }
}

/// One stream, as the broker sees it.
///
/// On `events`, behind ``Status``.
package struct StreamStatus: WireMessage {
    package static let type = MessageType.streamStatus

    /// What a camera waits for that has used its window up.
    package enum Obstacle: UInt8, Sendable, CaseIterable {
        /// It may send, or there is no camera.
        case none = 0
        /// No archive is there, and the camera or a durable group wants one.
        case archive = 1
        /// The archive has not committed what it was sent.
        case commit = 2
        /// The broker's memory is used up.
        case memory = 3
    }

    /// The stream.
    package var stream: String
    /// Whether its camera is there.
    package var isLive = false
    /// The place of the frame that would come next.
    package var next = Place(epoch: 0, sequence: 0)
    /// The first sequence of that epoch that is not archived.
    package var archivedNext: UInt64 = 0
    /// Frames received since the broker started.
    package var frames: UInt64 = 0
    /// Payload bytes received since the broker started.
    package var bytes: UInt64 = 0
    /// Frames that the camera shed.
    package var shed: UInt64 = 0
    /// Frames that nobody announced as missing but that are.
    package var lost: UInt64 = 0
    /// Frames that the archive has committed since the broker started.
    package var archived: UInt64 = 0
    /// Why its camera may not send more at the moment.
    package var obstacle = Obstacle.none

    /// All zero.
    package init(stream: String) { self.stream = stream }

    package func writeFields(to writer: inout ByteWriter) {
        writer.string(stream)
        writer.flag(isLive)
        next.writeFields(to: &writer)
        writer.u64(archivedNext)
        writer.u64(frames)
        writer.u64(bytes)
        writer.u64(shed)
        writer.u64(lost)
        writer.u64(archived)
        writer.u8(obstacle.rawValue)
    }

    package init(fields reader: inout ByteReader) throws(WireError) {
        stream = try reader.streamName()
        isLive = try reader.flag("live")
        next = try Place(fields: &reader)
        archivedNext = try reader.number("archived next")
        frames = try reader.number("frames")
        bytes = try reader.number("bytes")
        shed = try reader.number("shed")
        lost = try reader.number("lost")
        archived = try reader.number("archived")
        obstacle = try reader.choice(Obstacle.self, "obstacle")
    }
}

/// One group and its ledger.
///
/// On `events`, behind ``Status``.
///
/// `published = completed + shed + superseded + dead + pending`, at every moment.
package struct GroupStatus: WireMessage {
    package static let type = MessageType.groupStatus

    /// The group and how it works.
    package var group: GroupDefinition
    /// Workers that are there.
    package var workers: UInt32 = 0
    /// Frames leased to them.
    package var leased: UInt32 = 0
    /// Frames of the live run offered to the group.
    package var published: UInt64 = 0
    /// Of these: answered (`latest`, `queue`) or committed (`durable`), the failed ones included.
    package var completed: UInt64 = 0
    /// Of the completed: failed.
    package var failed: UInt64 = 0
    /// Of the published: dropped because the queue was full.
    package var shed: UInt64 = 0
    /// Of the published: dropped because a newer frame came.
    package var superseded: UInt64 = 0
    /// Of the published: given up as dead letters.
    package var dead: UInt64 = 0
    /// Of the published: not finished; this is the lag in frames.
    package var pending: UInt64 = 0
    /// Payload bytes of the pending frames, as far as they are known.
    package var lagBytes: UInt64 = 0
    /// Age of the oldest pending frame that the broker holds, in milliseconds since its arrival.
    package var lagMilliseconds: UInt64 = 0
    /// Frames of replays that the group still owes.
    package var replayOwed: UInt64 = 0
    /// Frames of replays completed since the broker started.
    package var replayCompleted: UInt64 = 0
    /// Whether the numbers are known: those of a durable group are the archive's, and 0 until it has
    /// told them.
    package var isKnown = true

    /// All zero.
    package init(group: GroupDefinition) { self.group = group }

    package func writeFields(to writer: inout ByteWriter) {
        group.writeFields(to: &writer)
        writer.u32(workers)
        writer.u32(leased)
        for value in [
            published, completed, failed, shed, superseded, dead, pending, lagBytes,
            lagMilliseconds, replayOwed, replayCompleted,
        ] {
            writer.u64(value)
        }
        writer.flag(isKnown)
    }

    package init(fields reader: inout ByteReader) throws(WireError) {
        group = try GroupDefinition(fields: &reader)
        workers = try reader.u32()
        leased = try reader.u32()
        published = try reader.number("published")
        completed = try reader.number("completed")
        failed = try reader.number("failed")
        shed = try reader.number("shed")
        superseded = try reader.number("superseded")
        dead = try reader.number("dead")
        pending = try reader.number("pending")
        lagBytes = try reader.number("lag bytes")
        lagMilliseconds = try reader.number("lag")
        replayOwed = try reader.number("replay owed")
        replayCompleted = try reader.number("replay completed")
        isKnown = try reader.flag("known")
    }
}

/// One worker.
///
/// On `events`, behind ``Status``.
package struct WorkerStatus: WireMessage {
    package static let type = MessageType.workerStatus

    /// The group it is a member of.
    package var group: String
    /// Its name.
    package var name: String
    /// Its model.
    package var model = ""
    /// Frames it may hold.
    package var creditFrames: UInt32 = 0
    /// Frames it holds.
    package var leased: UInt32 = 0
    /// Age of its oldest lease, in milliseconds.
    package var oldestLeaseMilliseconds: UInt64 = 0
    /// Frames it has answered.
    package var answered: UInt64 = 0
    /// Payload bytes it may hold; one larger frame is allowed when it holds none.
    package var creditBytes: UInt64 = 0
    /// Payload bytes it holds.
    package var leasedBytes: UInt64 = 0

    /// All zero.
    package init(group: String, name: String) {
        self.group = group
        self.name = name
    }

    package func writeFields(to writer: inout ByteWriter) {
        writer.string(group)
        writer.name(name)
        writer.text(model)
        writer.u32(creditFrames)
        writer.u32(leased)
        writer.u64(oldestLeaseMilliseconds)
        writer.u64(answered)
        writer.u64(creditBytes)
        writer.u64(leasedBytes)
    }

    package init(fields reader: inout ByteReader) throws(WireError) {
        group = try reader.name("group")
        name = try reader.name("name")
        model = try reader.text("model")
        creditFrames = try reader.u32()
        leased = try reader.u32()
        oldestLeaseMilliseconds = try reader.number("oldest lease")
        answered = try reader.number("answered")
        creditBytes = try reader.number("credit bytes")
        leasedBytes = try reader.number("leased bytes")
    }
}
