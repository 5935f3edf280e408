/// The first message of every session: who a peer is and what it wishes.
///
/// Sent by every peer to the broker; answered by ``Welcome`` or ``ErrorMessage``.
package struct Hello: WireMessage {
    package static let type = MessageType.hello

    /// What the peer is, and what only such a peer has to say.
    package enum Role: Sendable, Equatable {
        case camera(CameraWishes)
        case worker(WorkerWishes)
        case archive(ArchiveWishes)
        /// The stream patterns that a viewer wants to see.
        case viewer(patterns: [String])
    }

    /// A name that a person recognises; it need not be unique.
    package var name: String
    /// The largest message this peer takes, in bytes.
    package var largestMessage: UInt32
    /// What the peer is.
    package var role: Role

    /// Puts the parts together.
    package init(
        name: String,
        largestMessage: UInt32 = UInt32(Limits.payloadByteCount),
        role: Role
    ) {
        self.name = name
        self.largestMessage = largestMessage
        self.role = role
    }

    package func writeFields(to writer: inout ByteWriter) {
        writer.name(name)
        writer.u32(largestMessage)
        switch role {
        case .camera(let wishes):
            writer.u8(1)
            wishes.writeFields(to: &writer)
        case .worker(let wishes):
            writer.u8(2)
            wishes.writeFields(to: &writer)
        case .archive(let wishes):
            writer.u8(3)
            wishes.writeFields(to: &writer)
        case .viewer(let patterns):
            writer.u8(4)
            writer.strings(patterns)
        }
    }

    package init(fields reader: inout ByteReader) throws(WireError) {
        name = try reader.name("name")
        largestMessage = try reader.u32()
        switch try reader.u8() {
        case 1: role = .camera(try CameraWishes(fields: &reader))
        case 2: role = .worker(try WorkerWishes(fields: &reader))
        case 3: role = .archive(try ArchiveWishes(fields: &reader))
        case 4: role = .viewer(patterns: try reader.patterns())
        default: throw .invalid("role")
        }
    }
}

/// What a camera says of itself.
package struct CameraWishes: Sendable, Equatable {
    /// Which field of ``Ack`` frees the camera's memory.
    package enum Acknowledgement: UInt8, Sendable, CaseIterable {
        /// Nothing is waited for: sending frees.
        case none = 0
        /// `receivedNext` frees.
        case broker = 1
        /// `archivedNext` frees.
        case archive = 2
    }

    /// The stream it sends.
    package var stream: String
    /// The epoch it numbers frames in; 0 while it has not chosen one.
    package var epoch: UInt64
    /// What it waits for.
    package var acknowledgement: Acknowledgement

    /// Puts the parts together.
    package init(stream: String, epoch: UInt64, acknowledgement: Acknowledgement) {
        self.stream = stream
        self.epoch = epoch
        self.acknowledgement = acknowledgement
    }

    func writeFields(to writer: inout ByteWriter) {
        writer.string(stream)
        writer.u64(epoch)
        writer.u8(acknowledgement.rawValue)
    }

    init(fields reader: inout ByteReader) throws(WireError) {
        stream = try reader.streamName()
        epoch = try reader.number("epoch")
        acknowledgement = try reader.choice(Acknowledgement.self, "acks")
    }
}

/// What a worker asks for.
package struct WorkerWishes: Sendable, Equatable {
    /// The group it joins, and how the group works if it is the first to join.
    package var group: GroupDefinition
    /// Frames it may hold, at least 1.
    package var creditFrames: UInt32
    /// Payload bytes it may hold, at most ``Limits/creditByteCount``; one larger frame is allowed when it holds none.
    package var creditBytes: UInt64
    /// Frames it works on at once (threads x batch): its first so many unanswered leases are started.
    package var slots: UInt32
    /// The model, for people to read.
    package var model: String

    /// Puts the parts together.
    package init(
        group: GroupDefinition,
        creditFrames: UInt32,
        creditBytes: UInt64,
        slots: UInt32,
        model: String
    ) {
        self.group = group
        self.creditFrames = creditFrames
        self.creditBytes = creditBytes
        self.slots = slots
        self.model = model
    }

    func writeFields(to writer: inout ByteWriter) {
        group.writeFields(to: &writer)
        writer.u32(creditFrames)
        writer.u64(creditBytes)
        writer.u32(slots)
        writer.text(model)
    }

    init(fields reader: inout ByteReader) throws(WireError) {
        group = try GroupDefinition(fields: &reader)
        creditFrames = try reader.u32()
        creditBytes = try reader.creditBytes()
        slots = try reader.u32()
        model = try reader.text("model")
        guard creditFrames >= 1, slots >= 1 else { throw .invalid("credit") }
    }
}

/// How much the archive takes before it has committed.
package struct ArchiveWishes: Sendable, Equatable {
    /// Messages it may have that are not committed yet, at least 1.
    package var creditMessages: UInt32
    /// Payload bytes it may have that are not committed yet, at most ``Limits/creditByteCount``.
    package var creditBytes: UInt64

    /// Puts the parts together.
    package init(creditMessages: UInt32, creditBytes: UInt64) {
        self.creditMessages = creditMessages
        self.creditBytes = creditBytes
    }

    func writeFields(to writer: inout ByteWriter) {
        writer.u32(creditMessages)
        writer.u64(creditBytes)
    }

    init(fields reader: inout ByteReader) throws(WireError) {
        creditMessages = try reader.u32()
        creditBytes = try reader.creditBytes()
        guard creditMessages >= 1 else { throw .invalid("credit") }
    }
}
