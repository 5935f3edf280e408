import Wire
import ZeroMQ

/// One message, in a slot: a frame's header and payload, or a result, which is a header alone.
///
/// What came by itself lies in libzmq's messages, and is passed on by reference; what came in a bundle
/// is small, lies in one piece as it did there, and is copied on. Its spans are good until the next call
/// that changes anything here.
@safe
final class SlotContent {
    // The parts of a message that came by itself.
    private var head: Message?
    private var payload: Message?
    private var third: Message?
    /// Holds parts as they stand in the body of a bundle: each behind its length.
    private var storage = unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)
    /// Where they are; none when the message came by itself.
    private var small = BundleReader.Parts()
    /// Parts that came, those that nothing was made of too.
    private(set) var partCount = 0
    var hasPayload = false
    /// Where the payload lies, if the payload's part only says so.
    var place: Sharing.Place?
    /// The payload's bytes for peers that cannot read it there; `nil` until there is such a peer.
    private var fetched: Message?

    deinit { unsafe storage.deallocate() }

    /// What the first part says that it is; nothing is checked yet.
    var type: MessageType? { header.messageType }

    /// Where a message that came by itself comes from.
    var address: String? {
        switch head {
        case .some(let head): head.peerAddress
        case .none: nil
        }
    }

    /// The first part.
    var header: RawSpan {
        @_lifetime(borrow self)
        get { isSmall ? part(small.ranges.0) : bytes(of: head) }
    }

    /// The second part.
    var payloadBytes: RawSpan {
        @_lifetime(borrow self)
        get { small.count > 1 ? part(small.ranges.1) : bytes(of: payload) }
    }

    private var isSmall: Bool { small.count > 0 }

    @_lifetime(borrow self)
    private func part(_ range: Range<Int>) -> RawSpan {
        let bytes = unsafe UnsafeRawBufferPointer(rebasing: storage[range])
        return unsafe _overrideLifetime(RawSpan(_unsafeBytes: bytes), borrowing: self)
    }

    @_lifetime(borrow self)
    private func bytes(of message: borrowing Message?) -> RawSpan {
        switch message {
        case .some(let message): unsafe _overrideLifetime(message.bytes, borrowing: self)
        case .none: unsafe _overrideLifetime(RawSpan(), borrowing: self)
        }
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
    /// Takes over a message that came by itself.
    func take(_ arrival: inout Arrival, _ pool: inout MessagePool) {
        partCount = arrival.partCount
        small = BundleReader.Parts()
        head = arrival.take(0, for: &pool)
        payload = arrival.take(1, for: &pool)
        third = arrival.take(2, for: &pool)
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
    func dropFirst() {
        if isSmall {
            small = small.withoutFirst
        } else {
            swap(&head, &payload)
            swap(&payload, &third)
            third?.clear()
        }
    }

    /// Gives what was received memory of its own, see ``ZeroMQ/Message/detach(below:)``.
    func detach() throws {
        guard !isSmall else { return }
        try head?.detach()
        if hasPayload { try payload?.detach() }
    }

    /// Holds the payload itself, which lay elsewhere.
    func replacePayload(by message: consuming Message) {
        payload = consume message
        if isSmall { small.count = 1 }
        place = nil
    }

    /// Whether the payload was fetched for peers that cannot read it where it lies.
    var hasFetched: Bool { fetched != nil }

    /// Has the payload at hand for peers that cannot read it where it lies.
    func holdFetched(_ message: consuming Message) { fetched = consume message }

    /// Lets go of all but the storage for small messages.
    func clear(_ pool: inout MessagePool) {
        if let message = head.take() { pool.give(message) }
        if let message = payload.take() { pool.give(message) }
        if let message = third.take() { pool.give(message) }
        if let message = fetched.take() { pool.give(message) }
        small = BundleReader.Parts()
        partCount = 0
        hasPayload = false
        place = nil
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
        return header.byteCount + (isFetched ? bytes(of: fetched) : payloadBytes).byteCount
    }

    /// Adds the parts to a bundle.
    func append(to body: inout BundleBody, fetched isFetched: Bool) {
        if !isFetched, small.count == (hasPayload ? 2 : 1) {
            body.append(written: part(small.written))
            return
        }
        body.append(header)
        if hasPayload { body.append(isFetched ? bytes(of: fetched) : payloadBytes) }
    }

    /// Sends the header, by reference if it came by itself.
    func sendHeader(
        through socket: borrowing Socket,
        _ pool: inout MessagePool,
        more: Bool
    ) throws {
        try Self.send(head, or: header, through: socket, &pool, more: more)
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
            try Self.send(fetched, or: bytes(of: fetched), through: socket, &pool, more: false)
        } else {
            try Self.send(payload, or: payloadBytes, through: socket, &pool, more: false)
        }
    }

    /// Sends a reference to `part`, or a copy of `bytes`, which are small, where there is none.
    private static func send(
        _ part: borrowing Message?,
        or bytes: RawSpan,
        through socket: borrowing Socket,
        _ pool: inout MessagePool,
        more: Bool
    ) throws {
        switch part {
        case .some(let part):
            var reference = pool.takeReference(to: part)
            _ = try socket.send(&reference, more: more)
            pool.give(reference)
        case .none: _ = try socket.send(copying: bytes, more: more)
        }
    }
}
