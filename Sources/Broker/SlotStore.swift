import Routing

/// The bytes of frames and results while anybody needs them, by ``Slot``.
///
/// Storage is used again: in the steady state nothing is allocated for a slot.
struct SlotStore: ~Copyable {
    private var contents: [SlotContent] = []
    private var free: [Slot] = []
    private var spares = SpareStorage()

    /// A free slot to receive into; it stays free until ``take(_:)``.
    mutating func next() -> Slot {
        if free.isEmpty {
            free.append(Slot(contents.count))
            contents.append(SlotContent())
        }
        let slot = free[free.count - 1]
        spares.move(to: contents[slot.index])
        return slot
    }

    /// The slot is in use from now on, until ``release(_:)``.
    mutating func take(_ slot: Slot) {
        let last = free.popLast()
        precondition(last == slot, "slots are taken in the order given")
    }

    mutating func release(_ slot: Slot) {
        let content = contents[slot.index]
        content.clear()
        spares.move(from: content)
        free.append(slot)
    }

    subscript(slot: Slot) -> SlotContent { contents[slot.index] }
}

/// Storage for small messages that is kept for the next ones, so that a free slot holds none.
@safe
private struct SpareStorage: ~Copyable {
    private static let most = 4_096

    private var spares: [UnsafeMutableRawBufferPointer] = unsafe []

    deinit {
        unsafe spares.forEach { unsafe $0.deallocate() }
    }

    mutating func move(to content: SlotContent) {
        guard unsafe content.storage.count == 0, let spare = unsafe spares.popLast() else { return }
        unsafe content.storage = spare
    }

    mutating func move(from content: SlotContent) {
        guard unsafe content.storage.count > 0, unsafe spares.count < Self.most else { return }
        unsafe spares.append(content.storage)
        unsafe content.storage = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }
}
