package import Wire
package import ZeroMQ

/// A message from the broker, as it came: a header part and what belongs to it.
///
/// Give it back to ``Link/recycle(_:)`` when it is done with; what was taken out of it is yours.
package struct Parts: ~Copyable, Sendable {
    /// What ``head`` says, with its checksum checked.
    package let type: MessageType
    /// The first part: the header.
    package var head: Message
    /// The camera's header, between the two others in DELIVER and FETCHED.
    package var frameHeader: Message?
    /// The last part, if there is more than one: the payload.
    ///
    /// It is whatever was sent, or lay in shared memory; check it against the camera's header.
    package var payload: Message?
}
