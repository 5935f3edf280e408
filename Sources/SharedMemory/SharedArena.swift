/// Shared memory in blocks, into which one process puts payloads and another one gives them back.
///
/// ```
/// block 0: key (8 bytes), zeros, from byte 64 on a number for each block: 1 while it begins a payload
/// block 1, 2, ...: payloads, each in as many blocks as it needs, one behind the other
/// ```
///
/// Whoever puts payloads in keeps the account of them and sets the numbers; whoever gives a payload back
/// clears the number of its first block. A number that is wrong is only ever the account's owner's loss.
package struct SharedArena: Sendable {
    /// Bytes of a block.
    package static let blockByteCount = 64 << 10
    /// Bytes of the arenas that the broker makes: more than it holds of a camera's frames.
    ///
    /// What is not used takes no memory.
    package static let byteCount = 256 << 20
    private static let numbers = 64

    /// The memory that it is in.
    package let memory: SharedMemory
    private let blockCount: Int
    /// By its first block: how many blocks a payload has that was put in and, as far as is known, not given
    /// back; 0 where none begins.
    private var lengths: [Int]
    /// Blocks from this one on were not used since they were last given to the system.
    private var unused = 1
    /// Blocks from this one on were not used since the last ``trim()``.
    private var idle = 1

    /// Blocks in `memory`, which was opened to be written to.
    ///
    /// `nil` when it has no room for a block, or for the numbers of all.
    package init?(_ memory: SharedMemory) {
        blockCount = memory.byteCount / Self.blockByteCount
        guard blockCount > 1, Self.numbers + 4 * blockCount <= Self.blockByteCount else {
            return nil
        }
        self.memory = memory
        lengths = Array(repeating: 0, count: blockCount)
    }

    /// Puts a payload where there is room first: memory that was used a moment ago is in the caches still,
    /// and what was never used takes none.
    ///
    /// - Returns: Where it begins; `nil` when there is no room for it now.
    package mutating func put(_ bytes: RawSpan) -> UInt64? {
        let needed = (bytes.byteCount + Self.blockByteCount - 1) / Self.blockByteCount
        guard needed > 0, let first = room(for: needed) else { return nil }
        lengths[first] = needed
        idle = max(idle, first + needed)
        unused = max(unused, idle)
        memory.setNumber(at: Self.numbers + 4 * first, to: 1)
        memory.write(bytes, at: first * Self.blockByteCount)
        return UInt64(first * Self.blockByteCount)
    }

    /// The first of so many free blocks, one behind the other.
    private mutating func room(for needed: Int) -> Int? {
        var block = 1
        var room = 0
        while block < blockCount {
            if isHeld(block) {
                block += lengths[block]
                room = 0
                continue
            }
            room += 1
            block += 1
            if room == needed { return block - needed }
        }
        return nil
    }

    /// Whether a payload begins at a block; forgets one that was given back.
    private mutating func isHeld(_ block: Int) -> Bool {
        guard lengths[block] > 0 else { return false }
        if memory.number(at: Self.numbers + 4 * block) != 0 { return true }
        lengths[block] = 0
        return false
    }

    /// Gives what no payload takes, and none has taken since this was last called, to the system: as after
    /// a while in which much was held.
    package mutating func trim() {
        var block = 1
        // Neither held nor used of late is what lies between here and the next that is held.
        var free = idle
        while block < unused {
            guard isHeld(block) else {
                block += 1
                continue
            }
            if free < block { discard(free..<block) }
            block += lengths[block]
            free = max(free, block)
        }
        if free < unused { discard(free..<unused) }
        unused = free
        idle = 1
    }

    private func discard(_ blocks: Range<Int>) {
        memory.discard(
            blocks.lowerBound * Self.blockByteCount..<blocks.upperBound * Self.blockByteCount
        )
    }

    /// Gives all of an arena to the system but the payloads that are still held, once nobody puts any in.
    ///
    /// - Parameters:
    ///   - memory: The arena's memory.
    ///   - held: Where they begin, and how many bytes they have.
    package static func abandon(_ memory: SharedMemory, but held: [UInt64: Int]) {
        var end = blockByteCount
        for (offset, byteCount) in held.sorted(by: { $0.key < $1.key }) {
            let first = Int(offset)
            if first > end { memory.discard(end..<first) }
            end = max(
                end,
                first + (byteCount + blockByteCount - 1) / blockByteCount * blockByteCount
            )
        }
        if end < memory.byteCount { memory.discard(end..<memory.byteCount) }
    }

    /// Gives a payload back, in whichever process.
    ///
    /// - Parameters:
    ///   - offset: Where it begins; anything else is passed over.
    ///   - memory: The arena's memory.
    package static func giveBack(_ offset: UInt64, in memory: SharedMemory) {
        let block = Int(clamping: offset) / blockByteCount
        guard offset % UInt64(blockByteCount) == 0, block > 0,
            block < memory.byteCount / blockByteCount
        else { return }
        memory.setNumber(at: numbers + 4 * block, to: 0)
    }
}
