package import Wire
package import ZeroMQ

/// A message from the broker, as it came: a header part and what belongs to it.
///
/// Give it back to ``Link/recycle(_:)`` on the link's thread when it is done with, or just let go of it,
/// on any thread. One that came in a bundle is read where it lies there, and keeps all of the bundle.
package struct Parts: ~Copyable, Sendable {
    /// What ``head`` begins with, with its checksum checked.
    package let header: Header
    /// The first part; of a message that came in a bundle, the bundle's body.
    private var first: Message
    /// Where parts lie in that; none when the message came alone.
    private var small = BundleReader.Parts()
    /// The camera's header, if the message came alone.
    private var middle: Message?
    /// The last of several parts, unless it lies in the bundle.
    private var last: Message?

    /// A message that came alone.
    ///
    /// - Parameters:
    ///   - head: The header part.
    ///   - frameHeader: The camera's header, between the two others.
    ///   - payload: The payload, of whatever bytes.
    /// - Throws: ``WireError`` when `head` is not exactly one header.
    package init(
        _ head: consuming Message,
        frameHeader: consuming Message? = nil,
        payload: consuming Message? = nil
    ) throws(WireError) {
        header = try Header(part: head.bytes)
        first = head
        middle = frameHeader
        last = payload
    }

    /// A message that came in a bundle.
    ///
    /// - Parameters:
    ///   - parts: Where they are.
    ///   - body: That of the bundle.
    /// - Throws: ``WireError`` when the first part is not exactly one header.
    init(_ parts: BundleReader.Parts, of body: consuming Message) throws(WireError) {
        header = try Header(part: body.bytes.extracting(parts[0]))
        first = body
        small = parts
    }

    /// What kind of message it is.
    package var type: MessageType { header.type }

    /// The first part: the header.
    package var head: RawSpan {
        @_lifetime(borrow self)
        get { small.count > 0 ? part(0) : first.bytes }
    }

    /// The camera's header, between the two others in DELIVER and FETCHED; empty where there is none.
    package var frameHeader: RawSpan {
        @_lifetime(borrow self)
        get {
            switch middle {
            case .some(let middle): return unsafe _overrideLifetime(middle.bytes, borrowing: self)
            case .none: return small.count > 2 ? part(1) : RawSpan()
            }
        }
    }

    /// The last part, if there is more than one: the payload; else empty.
    ///
    /// It is whatever was sent, or lay in shared memory; check it against the camera's header.
    package var payload: RawSpan {
        @_lifetime(borrow self)
        get {
            switch last {
            case .some(let last): return unsafe _overrideLifetime(last.bytes, borrowing: self)
            case .none: return small.count > 1 ? part(small.count - 1) : RawSpan()
            }
        }
    }

    @_lifetime(borrow self)
    private borrowing func part(_ index: Int) -> RawSpan {
        first.bytes.extracting(small[index])
    }

    /// Lends ``head`` and ``payload`` to `body`, for one that an object holds.
    package borrowing func withBytes<Value, Failure: Error>(
        _ body: (_ head: RawSpan, _ payload: RawSpan) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try body(head, payload)
    }

    /// Reads the fields of ``head``.
    ///
    /// - Returns: The message.
    /// - Throws: ``WireError``, also when it is of another type.
    package borrowing func read<Kind: WireMessage>() throws(WireError) -> Kind {
        try Kind(head, behind: header)
    }

    /// The payload is another one, which its part only told of.
    mutating func replacePayload(by message: consuming Message) { last = consume message }

    /// Gives the last part away, if the message came alone and has several.
    mutating func takeLast() -> Message? { last.take() }

    /// Gives the storage of all parts to `pool`.
    consuming func recycle(into pool: inout MessagePool) {
        pool.give(first)
        if let message = middle { pool.give(message) }
        if let message = last { pool.give(message) }
    }
}
