import Routing
import ZeroMQ

/// The bytes of frames and results while anybody needs them, by ``Slot``.
///
/// Storage is used again: in the steady state nothing is allocated for a slot.
final class SlotStore {
    /// One message: a frame's header and payload, or a result, which is a header alone.
    final class Content {
        var header = Message()
        var payload = Message()
        var hasPayload = false
        /// Where the payload lies, if ``payload`` only says so.
        var place: Sharing.Place?
        /// The payload's bytes for peers that cannot read it there; empty until there is such a peer.
        var fetched = Message()
    }

    private var contents: [Content] = []
    private var free: [Slot] = []

    /// A free slot to receive into; it stays free until ``take(_:)``.
    func next() -> Slot {
        if let slot = free.last { return slot }
        let slot = Slot(contents.count)
        contents.append(Content())
        free.append(slot)
        return slot
    }

    /// The slot is in use from now on, until ``release(_:)``.
    func take(_ slot: Slot) {
        let last = free.popLast()
        precondition(last == slot, "slots are taken in the order given")
    }

    func release(_ slot: Slot) {
        let content = contents[slot.index]
        content.header.clear()
        content.payload.clear()
        content.hasPayload = false
        content.place = nil
        if content.fetched.byteCount > 0 { content.fetched.clear() }
        free.append(slot)
    }

    subscript(slot: Slot) -> Content { contents[slot.index] }
}
