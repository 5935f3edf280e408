package import Wire

/// What happened; feed it to ``Router/handle(_:at:into:)``.
package enum Event: Sendable {
    /// A peer began a session.
    indirect case hello(PeerID, Hello)
    /// A peer gave a sign of life that says nothing else.
    case heartbeat(PeerID)
    /// A peer ended its session in good order.
    case goodbye(PeerID)
    /// A peer cannot be reached any more.
    case lost(PeerID)
    /// A lease could not be sent: its worker cannot be reached, or does not read. What it has sent
    /// before may still come, its goodbye too; if it does not, ``lost(_:)`` is to follow.
    case undelivered(PeerID, token: UInt64)
    /// A peer sent what it should not have, or what is no message.
    indirect case offence(PeerID, ErrorMessage)

    /// A camera sent a frame; its bytes are in the slot.
    case frame(PeerID, Frame, Slot)
    /// A camera announced frames that it had to shed.
    indirect case gap(PeerID, Gap)
    /// A worker answered a lease; the result's bytes are in the slot, this many.
    case answer(PeerID, Answer, Slot, byteCount: Int)

    /// The archive put more on disk.
    case committed(PeerID, Committed)
    /// The archive sent a frame that was asked for; its bytes are in the slot.
    case fetched(PeerID, Fetched, Frame, Slot)
    /// The archive ended an answer.
    indirect case end(PeerID, End)
    /// The archive told how far a stream is.
    indirect case stream(PeerID, StreamState)
    /// The archive told what is recorded of a group.
    indirect case group(PeerID, GroupDefinition)
    /// The archive told what a run owes.
    indirect case debt(PeerID, Debt)
    /// The archive has told everything.
    case ready(PeerID)

    /// All that had come in was handled: say now what need not be said for every message.
    case flush
    /// Time has passed; send one at least every ``Settings/heartbeat``.
    case tick
}
