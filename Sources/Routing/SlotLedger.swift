/// Counts who needs each slot, and the payload bytes of all slots, each payload once.
struct SlotLedger {
    private var references: [Int] = []
    private var byteCounts: [Int] = []
    /// Bytes of all slots that somebody needs.
    private(set) var byteCount = 0

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
        byteCounts[slot.index] = byteCount
        self.byteCount += byteCount
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
