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
    package var payload: Message?
    /// Whether the payload came through shared memory, so that its bytes may be others by now: check
    /// them before you rely on them.
    package var wasShared = false
}
