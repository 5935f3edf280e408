package import Wire

/// What happened; feed it to ``Router/handle(_:at:into:)``.
package enum Event: Sendable {
    /// A peer began a session.
    case hello(PeerID, Hello)
    /// A peer gave a sign of life that says nothing else.
    case heartbeat(PeerID)
    /// A peer ended its session in good order.
    case goodbye(PeerID)
    /// A peer cannot be reached any more.
    case lost(PeerID)
    /// A peer sent what it should not have, or what is no message.
    case offence(PeerID, ErrorMessage)

    /// A camera sent a frame; its bytes are in the slot.
    case frame(PeerID, Frame, Slot)
    /// A camera announced frames that it had to shed.
    case gap(PeerID, Gap)
    /// A worker answered a lease; the result's bytes are in the slot, this many.
    case result(PeerID, Result, Slot, byteCount: Int)

    /// The archive put more on disk.
    case committed(PeerID, Committed)
    /// The archive sent a frame that was asked for; its bytes are in the slot.
    case fetched(PeerID, Fetched, Frame, Slot)
    /// The archive ended an answer.
    case end(PeerID, End)
    /// The archive told how far a stream is.
    case stream(PeerID, StreamState)
    /// The archive told what is recorded of a group.
    case group(PeerID, GroupDefinition)
    /// The archive told what a run owes.
    case debt(PeerID, Debt)
    /// The archive has told everything.
    case ready(PeerID)

    /// All that had come in was handled: say now what need not be said for every message.
    case flush
    /// Time has passed; send one at least every ``Settings/heartbeat``.
    case tick
}
