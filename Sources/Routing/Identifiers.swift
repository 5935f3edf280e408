/// A peer's session, named by whoever feeds the router; never used again for another session.
package struct PeerID: Hashable, Sendable {
    /// Any number that is the session's own; its lower half is small, and may be used again.
    package let value: UInt64

    /// Names a session.
    package init(_ value: UInt64) { self.value = value }

    /// Names a session by a small number that no other one has at the time, and how often that
    /// number was used before.
    package init(index: Int, generation: UInt32) {
        value = UInt64(generation) << 32 | UInt64(index)
    }

    /// The small number.
    package var index: Int { Int(value & 0xFFFF_FFFF) }
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
