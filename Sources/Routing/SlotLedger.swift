/// Counts who needs each slot, and the bytes of all slots, each payload once.
struct SlotLedger {
    /// What each costs beside its payload.
    let overhead: Int
    private var references: [Int] = []
    private var byteCounts: [Int] = []
    /// Bytes of all slots that somebody needs.
    private(set) var byteCount = 0

    /// Of slots that nobody needs.
    init(overhead: Int) { self.overhead = overhead }

    /// Takes up a slot that nobody has needed so far.
    ///
    /// Call ``release(_:)`` once for this, and once for each ``retain(_:)``.
    mutating func open(_ slot: Slot, byteCount: Int) {
        while references.count <= slot.index {
            references.append(0)
            byteCounts.append(0)
        }
        precondition(references[slot.index] == 0, "a slot was given twice")
        references[slot.index] = 1
        byteCounts[slot.index] = byteCount + overhead
        self.byteCount += byteCount + overhead
    }

    mutating func retain(_ slot: Slot) {
        precondition(references[slot.index] > 0, "a slot was used after its release")
        references[slot.index] += 1
    }

    /// Gives one reference back; returns whether it was the last.
    mutating func release(_ slot: Slot) -> Bool {
        precondition(references[slot.index] > 0, "a slot was released once too often")
        references[slot.index] -= 1
        guard references[slot.index] == 0 else { return false }
        byteCount -= byteCounts[slot.index]
        return true
    }
}
