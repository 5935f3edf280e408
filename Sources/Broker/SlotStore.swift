import Routing
import Wire
import ZeroMQ

/// The bytes of frames and results while anybody needs them, by ``Slot``.
///
/// Storage is used again: in the steady state nothing is allocated for a slot.
final class SlotStore {
    /// Storage for small messages that is kept for the next ones.
    private static let mostSpares = 4_096

    private var contents: [Content] = []
    private var free: [Slot] = []
    private var spares: [[UInt8]] = []

    /// A free slot to receive into; it stays free until ``take(_:)``.
    func next() -> Slot {
        if free.isEmpty {
            free.append(Slot(contents.count))
            contents.append(Content())
        }
        let slot = free[free.count - 1]
        if contents[slot.index].hasNoStorage, let spare = spares.popLast() {
            contents[slot.index].give(spare)
        }
        return slot
    }

    /// The slot is in use from now on, until ``release(_:)``.
    func take(_ slot: Slot) {
        let last = free.popLast()
        precondition(last == slot, "slots are taken in the order given")
    }

    func release(_ slot: Slot) {
        if let storage = contents[slot.index].clear(), spares.count < Self.mostSpares {
            spares.append(storage)
        }
        free.append(slot)
    }

    subscript(slot: Slot) -> Content { contents[slot.index] }
}

extension SlotStore {
    /// One message: a frame's header and payload, or a result, which is a header alone.
    ///
    /// What came by itself lies in libzmq's messages, and is passed on by reference; what came in a bundle
    /// is small, lies in one piece as it did there, and is copied on.
    final class Content {
        fileprivate var head = Message()
        fileprivate var payload = Message()
        /// Parts as they stand in the body of a bundle.
        fileprivate var small: [UInt8] = []
        fileprivate var smallHead: Range<Int>?
        fileprivate var smallPayload: Range<Int>?
        fileprivate var smallThird: Range<Int>?
        /// Parts that came, those that nothing was made of too.
        fileprivate(set) var partCount = 0
        var hasPayload = false
        /// Where the payload lies, if the payload's part only says so.
        var place: Sharing.Place?
        /// The payload's bytes for peers that cannot read it there; empty until there is such a peer.
        var fetched = Message()

        /// What the first part says that it is; nothing is checked yet.
        var type: MessageType? {
            guard partCount > 0 else { return nil }
            return withHeader { bytes in
                guard bytes.byteCount > 3 else { return nil }
                return MessageType(
                    rawValue: unsafe bytes.unsafeLoad(fromByteOffset: 3, as: UInt8.self)
                )
            }
        }

        /// The address of the peer that the message came from by itself, or the bundle whose first part is here.
        var peerAddress: String? { head.peerAddress }

        var headerByteCount: Int { smallHead?.count ?? head.byteCount }
        var payloadByteCount: Int { smallPayload?.count ?? payload.byteCount }

        func withHeader<Value, Failure: Error>(
            _ body: (RawSpan) throws(Failure) -> Value
        ) throws(Failure) -> Value {
            guard let range = smallHead else { return try head.withBytes(body) }
            return try withSmall(range, body)
        }

        func withPayload<Value, Failure: Error>(
            _ body: (RawSpan) throws(Failure) -> Value
        ) throws(Failure) -> Value {
            guard let range = smallPayload else { return try payload.withBytes(body) }
            return try withSmall(range, body)
        }

        fileprivate func withSmall<Value, Failure: Error>(
            _ range: Range<Int>,
            _ body: (RawSpan) throws(Failure) -> Value
        ) throws(Failure) -> Value {
            let small = small
            return try unsafe body(small.span.bytes.extracting(range))
        }
    }
}

// MARK: - Receiving

extension SlotStore.Content {
    /// Receives the parts of a message; of those that no message has, only their number is kept.
    ///
    /// - Parameters:
    ///   - socket: Where the first of them waits.
    ///   - third: Takes the third one.
    /// - Throws: ``ZeroMQError`` for what no peer can cause.
    func receive(from socket: borrowing Socket, third: inout Message) throws {
        partCount = 0
        smallHead = nil
        smallPayload = nil
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
    func receiveNothing() { partCount = 0 }

    /// Takes a message out of the body of a bundle.
    func receive(_ parts: BundleReader.Parts, of body: RawSpan) {
        // With the length before each part, as they are passed on.
        let start = parts[0].lowerBound - 4
        func moved(_ range: Range<Int>) -> Range<Int> {
            range.lowerBound - start..<range.upperBound - start
        }
        partCount = parts.count
        smallHead = moved(parts[0])
        smallPayload = parts.count > 1 ? moved(parts[1]) : nil
        smallThird = parts.count > 2 ? moved(parts[2]) : nil
        small.removeAll(keepingCapacity: true)
        let end = parts[parts.count - 1].upperBound
        unsafe body.extracting(start..<end).withUnsafeBytes {
            unsafe small.append(contentsOf: $0)
        }
    }

    /// Of three parts the first has been read: the others are header and payload.
    func dropFirst(third: inout Message) {
        if smallHead == nil {
            swap(&head, &payload)
            swap(&payload, &third)
        } else {
            smallHead = smallPayload
            smallPayload = smallThird
        }
    }

    /// Gives what was received memory of its own, see ``ZeroMQ/Message/detach(below:)``.
    func detach() throws {
        guard smallHead == nil else { return }
        try head.detach()
        if hasPayload { try payload.detach() }
    }

    /// Holds the payload itself, which lay elsewhere.
    func replacePayload(by message: consuming Message) {
        payload = message
        smallPayload = nil
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
        if partCount > 1, smallHead == nil { payload.clear() }
        if partCount > 2 { third.clear() }
    }

    /// Lets go of all.
    ///
    /// - Returns: The storage of a small message, if it had any.
    func clear() -> [UInt8]? {
        if smallHead == nil { head.clear() }
        if hasPayload, smallPayload == nil { payload.clear() }
        hasPayload = false
        place = nil
        smallHead = nil
        smallPayload = nil
        if fetched.byteCount > 0 { fetched.clear() }
        guard !hasNoStorage else { return nil }
        var storage: [UInt8] = []
        swap(&storage, &small)
        return storage
    }

    /// Whether a small message would need memory.
    var hasNoStorage: Bool { small.capacity == 0 }

    /// Takes storage for a small message.
    func give(_ storage: consuming [UInt8]) { small = storage }
}

// MARK: - Passing on

extension SlotStore.Content {
    /// Bytes of all parts as they are sent.
    ///
    /// - Parameter isFetched: Whether to somebody who cannot read the payload where it lies.
    /// - Returns: Their number.
    func byteCount(fetched isFetched: Bool) -> Int {
        guard hasPayload else { return headerByteCount }
        return headerByteCount + (isFetched ? fetched.byteCount : payloadByteCount)
    }

    /// Adds the parts to a bundle.
    func append(to body: inout BundleBody, fetched isFetched: Bool) {
        if let header = smallHead, !isFetched, !hasPayload || smallPayload != nil {
            let end = hasPayload ? smallPayload?.upperBound ?? 0 : header.upperBound
            let parts = header.lowerBound - 4..<end
            withSmall(parts) { body.append(written: $0) }
            return
        }
        withHeader { body.append($0) }
        guard hasPayload else { return }
        if isFetched {
            fetched.withBytes { body.append($0) }
        } else {
            withPayload { body.append($0) }
        }
    }

    /// Sends the header, by reference if it came by itself.
    func sendHeader(
        through socket: borrowing Socket,
        _ pool: inout MessagePool,
        more: Bool
    ) throws {
        if let range = smallHead {
            _ = try withSmall(range) { try socket.send(copying: $0, more: more) }
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
        } else if let range = smallPayload {
            _ = try withSmall(range) { try socket.send(copying: $0) }
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
