package import Wire
package import ZeroMQ

/// A message from the broker, as it came: a header part and what belongs to it.
///
/// Give it back to ``Link/recycle(_:)`` when it is done with; what was taken out of it is yours.
package struct Parts: ~Copyable, Sendable {
    /// What ``head`` begins with, with its checksum checked.
    package let header: Header
    /// The first part: the header.
    package var head: Message
    /// The camera's header, between the two others in DELIVER and FETCHED.
    package var frameHeader: Message?
    /// The last part, if there is more than one: the payload.
    ///
    /// It is whatever was sent, or lay in shared memory; check it against the camera's header.
    package var payload: Message?

    /// What kind of message it is.
    package var type: MessageType { header.type }

    /// Reads the fields of ``head``, which has to be there still.
    ///
    /// - Returns: The message.
    /// - Throws: ``WireError``, also when it is of another type.
    package borrowing func read<Kind: WireMessage>() throws(WireError) -> Kind {
        try Kind(head.bytes, behind: header)
    }
}
