/// Several small messages in one, so that each costs less; a second part, the body, holds them.
///
/// Either way between the broker and any peer; it means what its messages mean, one after the other. The
/// broker bundles only for a peer that has sent a bundle of none, which says that it reads them.
package struct Bundle: WireMessage {
    package static let type = MessageType.bundle
    /// Most messages in one.
    package static let most = 256
    /// Largest body, in bytes.
    package static let byteCount = 128 << 10
    /// A message of more bytes goes alone.
    package static let largestMessage = 4 << 10

    /// How many messages the body holds; 0, and there is no body, to say that bundles are read here.
    package var count: Int

    /// Puts the parts together.
    package init(count: Int = 0) { self.count = count }

    package func writeFields(to writer: inout ByteWriter) { writer.u32(UInt32(count)) }

    package init(fields reader: inout ByteReader) throws(WireError) {
        let count = try reader.u32()
        guard count <= UInt32(Self.most) else { throw .overLimit("bundle") }
        self.count = Int(count)
    }
}

/// How much a bundle may hold on one connection: little at first, and twice as much whenever one was full.
///
/// All of a bundle has to come before any of it counts. On a link that is cut again and again small ones get
/// through, on one that holds larger ones cost less; so begin anew with each session.
package struct BundleRoom: Sendable, Equatable {
    /// Messages.
    package private(set) var count = 64
    /// Bytes of the body.
    package private(set) var byteCount = 32 << 10

    /// As at the beginning of a session.
    package init() {}

    /// One was full.
    package mutating func grow() {
        count = min(2 * count, Bundle.most)
        byteCount = min(2 * byteCount, Bundle.byteCount)
    }
}

/// Gathers messages for the body of a ``Bundle``; used again, and by one thread.
///
/// ```
/// of each message:   parts (u8, 1 to 3)   of each part:   length (u32)   its bytes
/// ```
package struct BundleBody: ~Copyable, Sendable {
    private var writer = ByteWriter()
    /// Messages in it.
    package private(set) var count = 0

    /// An empty body.
    package init() {}

    /// Whether nothing is in it.
    package var isEmpty: Bool { count == 0 }

    /// The body as it stands, where it lies.
    package var span: RawSpan {
        @_lifetime(borrow self)
        get { writer.span }
    }

    /// A copy of the body as it stands.
    package var bytes: [UInt8] { writer.bytes }

    /// Whether a message may go in, once there is room: whether it is small.
    ///
    /// - Parameter byteCount: Bytes of all its parts.
    /// - Returns: Whether it may.
    package static func takes(_ byteCount: Int) -> Bool { byteCount <= Bundle.largestMessage }

    /// Whether a message fits beside what is there.
    ///
    /// - Parameters:
    ///   - byteCount: Bytes of all its parts.
    ///   - room: How much may be there.
    /// - Returns: Whether it does.
    package func hasRoom(for byteCount: Int, in room: BundleRoom) -> Bool {
        count < room.count && writer.byteCount + byteCount + 13 <= room.byteCount
    }

    /// Begins a message, whose parts follow by ``append(_:)``.
    ///
    /// - Parameter parts: How many, 1 to 3.
    package mutating func begin(parts: Int) {
        writer.u8(UInt8(parts))
        count += 1
    }

    /// Adds a part of the message that was begun last.
    package mutating func append(_ part: RawSpan) {
        writer.u32(UInt32(part.byteCount))
        writer.append(part)
    }

    /// Adds what was written as a part of the message that was begun last.
    package mutating func append(_ written: borrowing ByteWriter) { append(written.span) }

    /// Adds a part of the message that was begun last.
    package mutating func append(_ part: [UInt8]) { unsafe append(part.span.bytes) }

    /// Adds several parts that stand as they do in a body, each behind its length.
    package mutating func append(written parts: RawSpan) { writer.append(parts) }

    /// Forgets all, but keeps the storage.
    package mutating func removeAll() {
        writer.removeAll()
        count = 0
    }

    /// Whether to ``surrender()`` the bytes, where copying them costs more: they are not few, and fill half of
    /// their storage at least.
    package var isWorthGivingAway: Bool {
        writer.byteCount >= Bundle.largestMessage && writer.isHalfFull
    }

    /// Gives the bytes away in their storage, and is empty then.
    ///
    /// - Returns: The body; whoever takes it deallocates it.
    package mutating func surrender() -> UnsafeMutableRawBufferPointer {
        count = 0
        return unsafe writer.surrender()
    }
}

/// Takes the messages out of the body of a ``Bundle``, which a peer may have made of anything.
package struct BundleReader: Sendable {
    /// Where the parts of one message lie in the body.
    package struct Parts: Sendable {
        /// How many there are, 1 to 3; 0 of no message.
        package var count = 0
        /// Of the bytes of each, counted from 0.
        package var ranges = (0..<0, 0..<0, 0..<0)

        /// Of no message.
        package init() {}

        /// The bytes of a part, counted from 0.
        package subscript(index: Int) -> Range<Int> {
            switch index {
            case 0: ranges.0
            case 1: ranges.1
            default: ranges.2
            }
        }

        /// All of them, with the length before each, of a message that is there.
        package var written: Range<Int> {
            ranges.0.lowerBound - 4..<self[count - 1].upperBound
        }

        fileprivate mutating func append(_ range: Range<Int>) {
            switch count {
            case 0: ranges.0 = range
            case 1: ranges.1 = range
            default: ranges.2 = range
            }
            count += 1
        }
    }

    private var offset = 0
    private var left: Int

    /// Before the first message.
    package init(_ bundle: Bundle) { left = bundle.count }

    /// The next message of the body; `nil` behind the last one.
    ///
    /// - Throws: ``WireError`` when the body does not hold what it should, or more.
    package mutating func next(in body: RawSpan) throws(WireError) -> Parts? {
        guard body.byteCount <= Bundle.byteCount else { throw .overLimit("bundle") }
        guard left > 0 else {
            guard offset == body.byteCount else { throw .invalid("bundle length") }
            return nil
        }
        left -= 1
        guard offset < body.byteCount else { throw .truncated }
        let count = Int(unsafe body.unsafeLoad(fromByteOffset: offset, as: UInt8.self))
        guard (1...3).contains(count) else { throw .invalid("parts of a message in a bundle") }
        offset += 1
        var parts = Parts()
        let first = offset
        for _ in 0..<count {
            guard body.byteCount - offset >= 4 else { throw .truncated }
            let length = Int(
                UInt32(
                    littleEndian: unsafe body.unsafeLoadUnaligned(
                        fromByteOffset: offset,
                        as: UInt32.self
                    )
                )
            )
            guard body.byteCount - offset - 4 >= length else { throw .truncated }
            parts.append(offset + 4..<offset + 4 + length)
            offset += 4 + length
        }
        guard BundleBody.takes(offset - first - 4 * count) else {
            throw .overLimit("message in a bundle")
        }
        return parts
    }
}
