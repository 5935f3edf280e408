/// What a camera says of one still image; the payload follows as a part of its own.
///
/// From a camera to the broker, on to the archive, into the log; behind ``Deliver`` to a worker and
/// behind ``Fetched`` from the archive. Always the very bytes that the camera wrote.
package struct Frame: WireMessage {
    package static let type = MessageType.frame

    /// How the payload is coded.
    package enum Format: UInt8, Sendable, CaseIterable {
        case jpeg = 0
        case png = 1
        /// `height x width x 3` bytes, row-major, blue first, 8 bits a channel.
        case bgr8 = 2
        /// `height x width` bytes, row-major, 8 bits.
        case gray8 = 3
    }

    /// Names this payload for ever.
    package var id: FrameID
    /// When the image was taken by the camera's clock, in nanoseconds since 1970 (UTC), 0 or more.
    package var capturedAt: Int64
    /// How the payload is coded.
    package var format: Format
    /// Width in pixels, 1 to ``Limits/imageSidePixels``.
    package var width: UInt32
    /// Height in pixels, 1 to ``Limits/imageSidePixels``.
    package var height: UInt32
    /// Bytes of the payload, at most ``Limits/payloadByteCount``.
    package var byteCount: UInt32
    /// XXH3-64 of the payload.
    package var payloadHash: UInt64
    /// For a derived stream (annotated, crops): the frame it was made from.
    package var parent: FrameID?

    /// Puts the parts together.
    package init(
        id: FrameID,
        capturedAt: Int64,
        format: Format,
        width: UInt32,
        height: UInt32,
        byteCount: UInt32,
        payloadHash: UInt64,
        parent: FrameID? = nil
    ) {
        self.id = id
        self.capturedAt = capturedAt
        self.format = format
        self.width = width
        self.height = height
        self.byteCount = byteCount
        self.payloadHash = payloadHash
        self.parent = parent
    }

    package func writeFields(to writer: inout ByteWriter) {
        id.writeFields(to: &writer)
        writer.i64(capturedAt)
        writer.u8(format.rawValue)
        writer.u32(width)
        writer.u32(height)
        writer.u32(byteCount)
        writer.u64(payloadHash)
        writer.flag(parent != nil)
        parent?.writeFields(to: &writer)
    }

    package init(fields reader: inout ByteReader) throws(WireError) {
        id = try FrameID(fields: &reader)
        capturedAt = try reader.instant("captured at")
        format = try reader.choice(Format.self, "format")
        width = try reader.u32()
        height = try reader.u32()
        byteCount = try reader.u32()
        payloadHash = try reader.u64()
        parent = try reader.flag("parent") ? try FrameID(fields: &reader) : nil
        try checkLimits()
    }

    /// Checks that `payload` is the one that this header announces.
    ///
    /// - Throws: ``WireError`` when its length or its checksum differs.
    package func check(payload: RawSpan) throws(WireError) {
        guard payload.byteCount == Int(byteCount) else { throw .invalid("payload length") }
        guard xxh3(payload) == payloadHash else { throw .badChecksum }
    }

    private func checkLimits() throws(WireError) {
        let sides = 1...Limits.imageSidePixels
        guard sides.contains(width), sides.contains(height) else { throw .overLimit("image side") }
        let pixels = Int(width) * Int(height)
        guard pixels <= Limits.imagePixels else { throw .overLimit("image size") }
        guard byteCount >= 1 else { throw .invalid("payload length") }
        guard byteCount <= UInt32(Limits.payloadByteCount) else { throw .overLimit("payload") }
        switch format {
        case .jpeg, .png: break
        case .bgr8: guard Int(byteCount) == pixels * 3 else { throw .invalid("payload length") }
        case .gray8: guard Int(byteCount) == pixels else { throw .invalid("payload length") }
        }
    }
}

/// How far the broker has come with a camera's frames, and how much more it may send.
///
/// From the broker to a camera. Every field only ever grows within a session.
package struct Ack: WireMessage {
    package static let type = MessageType.ack

    /// The camera's stream.
    package var stream: String
    /// The epoch that the sequences belong to.
    package var epoch: UInt64
    /// The first sequence that the broker has not received.
    package var receivedNext: UInt64
    /// The first sequence that the archive has not committed.
    package var archivedNext: UInt64
    /// Payload bytes that the camera may have sent in this session, all in all.
    package var limit: UInt64

    /// Puts the parts together.
    package init(
        stream: String,
        epoch: UInt64,
        receivedNext: UInt64,
        archivedNext: UInt64,
        limit: UInt64
    ) {
        self.stream = stream
        self.epoch = epoch
        self.receivedNext = receivedNext
        self.archivedNext = archivedNext
        self.limit = limit
    }

    package func writeFields(to writer: inout ByteWriter) {
        writer.string(stream)
        writer.u64(epoch)
        writer.u64(receivedNext)
        writer.u64(archivedNext)
        writer.u64(limit)
    }

    package init(fields reader: inout ByteReader) throws(WireError) {
        stream = try reader.streamName()
        epoch = try reader.number("epoch")
        receivedNext = try reader.number("received next")
        archivedNext = try reader.number("archived next")
        limit = try reader.number("limit")
    }
}

/// A stretch of a stream that nobody will ever get, and why.
///
/// From a camera to the broker for what it shed, from the broker to the archive, and in the log.
package struct Gap: WireMessage {
    package static let type = MessageType.gap

    /// Why the frames are missing.
    package enum Reason: UInt8, Sendable, CaseIterable {
        /// The camera had no room left for them.
        case shed = 1
        /// Nobody announced them: they were on their way when something died.
        case lost = 2
        /// They flowed on while no archive was there to keep them.
        case archiveAway = 3
        /// They were deleted to keep the disk free while a group still owed them.
        case retention = 4
        /// They were not in a file that was imported; of a group: they were, and it did not get them.
        case transfer = 5
    }

    /// The stream.
    package var stream: String
    /// The epoch that the sequences belong to.
    package var epoch: UInt64
    /// The first missing sequence.
    package var first: UInt64
    /// The last missing sequence.
    package var last: UInt64
    /// Why.
    package var reason: Reason
    /// The group that misses them; empty when everybody does.
    package var group: String

    /// Puts the parts together.
    package init(
        stream: String,
        epoch: UInt64,
        first: UInt64,
        last: UInt64,
        reason: Reason,
        group: String = ""
    ) {
        self.stream = stream
        self.epoch = epoch
        self.first = first
        self.last = last
        self.reason = reason
        self.group = group
    }

    package func writeFields(to writer: inout ByteWriter) {
        writer.string(stream)
        writer.u64(epoch)
        writer.range(first...last)
        writer.u8(reason.rawValue)
        writer.string(group)
    }

    package init(fields reader: inout ByteReader) throws(WireError) {
        stream = try reader.streamName()
        epoch = try reader.number("epoch")
        let range = try reader.range()
        (first, last) = (range.lowerBound, range.upperBound)
        reason = try reader.choice(Reason.self, "reason")
        group = try reader.name("group")
    }
}
