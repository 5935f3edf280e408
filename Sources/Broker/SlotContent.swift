import Wire
import ZeroMQ

/// One message, in a slot: a frame's header and payload, or a result, which is a header alone.
///
/// What came by itself lies in libzmq's messages, and is passed on by reference; what came in a bundle
/// is small, lies in one piece as it did there, and is copied on. Its spans are good until the next call
/// that changes anything here.
@safe
final class SlotContent {
    private var head = Message()
    private var payload = Message()
    /// Holds parts as they stand in the body of a bundle: each behind its length.
    private var storage = unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)
    /// Where they are; none when the message came by itself.
    private var small = BundleReader.Parts()
    /// Parts that came, those that nothing was made of too.
    private(set) var partCount = 0
    var hasPayload = false
    /// Where the payload lies, if the payload's part only says so.
    var place: Sharing.Place?
    /// The payload's bytes for peers that cannot read it there; empty until there is such a peer.
    var fetched = Message()

    deinit { unsafe storage.deallocate() }

    /// What the first part says that it is; nothing is checked yet.
    var type: MessageType? {
        guard partCount > 0 else { return nil }
        let header = header
        guard header.byteCount > 3 else { return nil }
        return MessageType(rawValue: unsafe header.unsafeLoad(fromByteOffset: 3, as: UInt8.self))
    }

    /// The address of the peer that a message came from which came by itself, or a bundle.
    var peerAddress: String? { head.peerAddress }

    /// The first part.
    var header: RawSpan {
        @_lifetime(borrow self)
        get {
            if isSmall { return part(small.ranges.0) }
            return unsafe _overrideLifetime(head.bytes, borrowing: self)
        }
    }

    /// The second part.
    var payloadBytes: RawSpan {
        @_lifetime(borrow self)
        get {
            if small.count > 1 { return part(small.ranges.1) }
            return unsafe _overrideLifetime(payload.bytes, borrowing: self)
        }
    }

    private var isSmall: Bool { small.count > 0 }

    @_lifetime(borrow self)
    private func part(_ range: Range<Int>) -> RawSpan {
        let bytes = unsafe UnsafeRawBufferPointer(rebasing: storage[range])
        return unsafe _overrideLifetime(RawSpan(_unsafeBytes: bytes), borrowing: self)
    }
}

extension BundleReader.Parts {
    /// The same parts, all of them nearer to the start.
    fileprivate func moved(back distance: Int) -> Self {
        func moved(_ range: Range<Int>) -> Range<Int> {
            range.lowerBound - distance..<range.upperBound - distance
        }
        var parts = self
        parts.ranges = (moved(ranges.0), moved(ranges.1), moved(ranges.2))
        return parts
    }

    /// Without the first part.
    fileprivate var withoutFirst: Self {
        var parts = self
        (parts.ranges.0, parts.ranges.1) = (ranges.1, ranges.2)
        parts.count = count - 1
        return parts
    }
}

// MARK: - Receiving

extension SlotContent {
    /// Receives the parts of a message; of those that no message has, only their number is kept.
    ///
    /// - Parameters:
    ///   - socket: Where the first of them waits.
    ///   - third: Takes the third one.
    /// - Throws: ``ZeroMQError`` for what no peer can cause.
    func receive(from socket: borrowing Socket, third: inout Message) throws {
        partCount = 0
        small = BundleReader.Parts()
        var hasMore = true
        while hasMore {
            switch partCount {
            case 0:
                guard try socket.receive(into: &head) else { return }
                hasMore = head.hasMore
            case 1:
                guard try socket.receive(into: &payload) else { return }
                hasMore = payload.hasMore
            case 2:
                guard try socket.receive(into: &third) else { return }
                hasMore = third.hasMore
            default:
                var rest = Message()
                guard try socket.receive(into: &rest) else { return }
                hasMore = rest.hasMore
            }
            partCount += 1
        }
    }

    /// No part came behind the identity.
    func receiveNothing() {
        partCount = 0
        small = BundleReader.Parts()
    }

    /// Takes over what another one received by itself, and gives it its own empty parts instead.
    func takeParts(from other: SlotContent) {
        swap(&head, &other.head)
        swap(&payload, &other.payload)
        partCount = other.partCount
        small = BundleReader.Parts()
        other.receiveNothing()
    }

    /// Copies a message out of the body of a bundle.
    func copy(_ parts: BundleReader.Parts, of body: RawSpan) {
        partCount = parts.count
        let written = parts.written
        small = parts.moved(back: written.lowerBound)
        let bytes = body.extracting(written)
        if unsafe storage.count < bytes.byteCount { grow(to: bytes.byteCount) }
        unsafe bytes.withUnsafeBytes { unsafe storage.copyMemory(from: $0) }
    }

    /// Bytes there are for a small message.
    var storageByteCount: Int { unsafe storage.count }

    /// Has memory for a small message from now on, where it had none.
    func give(storage memory: UnsafeMutableRawBufferPointer) { unsafe storage = memory }

    /// Gives its memory for a small message away, if it has any.
    func takeStorage() -> UnsafeMutableRawBufferPointer? {
        guard unsafe storage.count > 0 else { return nil }
        defer { unsafe storage = UnsafeMutableRawBufferPointer(start: nil, count: 0) }
        return unsafe storage
    }

    private func grow(to byteCount: Int) {
        unsafe storage.deallocate()
        unsafe storage = .allocate(byteCount: max(256, byteCount), alignment: 16)
    }

    /// Of three parts the first has been read: the others are header and payload.
    func dropFirst(third: inout Message) {
        if isSmall {
            small = small.withoutFirst
        } else {
            swap(&head, &payload)
            swap(&payload, &third)
        }
    }

    /// Gives what was received memory of its own, see ``ZeroMQ/Message/detach(below:)``.
    func detach() throws {
        guard !isSmall else { return }
        try head.detach()
        if hasPayload { try payload.detach() }
    }

    /// Holds the payload itself, which lay elsewhere.
    func replacePayload(by message: consuming Message) {
        payload = message
        if isSmall { small.count = 1 }
        place = nil
    }

    /// Gives the second part away.
    func takePayload() -> Message {
        var taken = Message()
        swap(&taken, &payload)
        return taken
    }

    /// Lets go of what came and nobody needs; it is in use no more than before.
    func forgetParts(third: inout Message) {
        place = nil
        hasPayload = false
        guard !isSmall else { return }
        head.clear()
        if partCount > 1 { payload.clear() }
        if partCount > 2 { third.clear() }
    }

    /// Lets go of all but the storage for small messages.
    func clear() {
        if !isSmall { head.clear() }
        if hasPayload, small.count < 2 { payload.clear() }
        hasPayload = false
        small = BundleReader.Parts()
        if place != nil {
            place = nil
            fetched.clear()
        }
    }
}

// MARK: - Passing on

extension SlotContent {
    /// Bytes of all parts as they are sent.
    ///
    /// - Parameter isFetched: Whether to somebody who cannot read the payload where it lies.
    /// - Returns: Their number.
    func byteCount(fetched isFetched: Bool) -> Int {
        guard hasPayload else { return header.byteCount }
        return header.byteCount + (isFetched ? fetched.byteCount : payloadBytes.byteCount)
    }

    /// Adds the parts to a bundle.
    func append(to body: inout BundleBody, fetched isFetched: Bool) {
        if !isFetched, small.count == (hasPayload ? 2 : 1) {
            body.append(written: part(small.written))
            return
        }
        body.append(header)
        guard hasPayload else { return }
        if isFetched {
            fetched.withBytes { body.append($0) }
        } else {
            body.append(payloadBytes)
        }
    }

    /// Sends the header, by reference if it came by itself.
    func sendHeader(
        through socket: borrowing Socket,
        _ pool: inout MessagePool,
        more: Bool
    ) throws {
        if isSmall {
            _ = try socket.send(copying: header, more: more)
        } else {
            try Self.send(head, through: socket, &pool, more: more)
        }
    }

    /// Sends all parts, by reference where they came by themselves.
    func send(
        through socket: borrowing Socket,
        _ pool: inout MessagePool,
        fetched isFetched: Bool
    ) throws {
        try sendHeader(through: socket, &pool, more: hasPayload)
        guard hasPayload else { return }
        if isFetched {
            try Self.send(fetched, through: socket, &pool, more: false)
        } else if small.count > 1 {
            _ = try socket.send(copying: payloadBytes)
        } else {
            try Self.send(payload, through: socket, &pool, more: false)
        }
    }

    /// Sends a reference to the bytes of `part`, never a copy.
    private static func send(
        _ part: borrowing Message,
        through socket: borrowing Socket,
        _ pool: inout MessagePool,
        more: Bool
    ) throws {
        var reference = pool.takeReference(to: part)
        _ = try socket.send(&reference, more: more)
        pool.give(reference)
    }
}
