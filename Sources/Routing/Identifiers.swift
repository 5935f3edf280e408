/// A peer's session, named by whoever feeds the router; never used again for another session.
package struct PeerID: Hashable, Sendable {
    /// Any number that is the session's own.
    package let value: UInt64

    /// Names a session.
    package init(_ value: UInt64) { self.value = value }
}

/// Where the caller keeps the bytes of one message: a frame with its payload, or a result.
///
/// The router counts who still needs a slot and says ``Effect/release(_:)`` when nobody does.
package struct Slot: Hashable, Sendable {
    /// An index; small, and used again after release.
    package let index: Int

    /// Names a slot.
    package init(_ index: Int) { self.index = index }
}
