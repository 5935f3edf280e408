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
    /// Bytes of the arenas that the broker makes; what is not used takes no memory.
    package static let byteCount = 64 << 20
    private static let numbers = 64

    /// The memory that it is in.
    package let memory: SharedMemory
    private let blockCount: Int
    /// By its first block: how many blocks a payload has that was put in and, as far as is known, not given
    /// back; 0 where none begins.
    private var lengths: [Int]
    /// Blocks from this one on were not used since they were last given to the system.
    private var unused = 1

    /// Blocks in `memory`, which was opened to be written to.
    ///
    /// - Returns: `nil` when it has no room for a block, or for the numbers of all.
    package init?(_ memory: SharedMemory) {
        blockCount = memory.byteCount / Self.blockByteCount
        guard blockCount > 1, Self.numbers + 4 * blockCount <= Self.blockByteCount else {
            return nil
        }
        self.memory = memory
        lengths = Array(repeating: 0, count: blockCount)
    }

    /// Puts a payload where there is room, as far in front as possible, so that little memory is used.
    ///
    /// - Returns: Where it begins; `nil` when there is no room for it now.
    package mutating func put(_ bytes: RawSpan) -> UInt64? {
        let needed = (bytes.byteCount + Self.blockByteCount - 1) / Self.blockByteCount
        guard needed > 0 else { return nil }
        var block = 1
        var room = 0
        while block < blockCount {
            let length = lengths[block]
            if length > 0, Self.isTaken(block, in: memory) {
                block += length
                room = 0
                continue
            }
            lengths[block] = 0
            room += 1
            block += 1
            guard room == needed else { continue }
            let first = block - needed
            lengths[first] = needed
            unused = max(unused, block)
            memory.setNumber(at: Self.numbers + 4 * first, to: 1)
            memory.write(bytes, at: first * Self.blockByteCount)
            return UInt64(first * Self.blockByteCount)
        }
        return nil
    }

    /// Gives the memory behind the last payload to the system, as after a while in which much was held.
    package mutating func trim() {
        var end = 1
        for block in 1..<unused where lengths[block] > 0 {
            if Self.isTaken(block, in: memory) {
                end = max(end, block + lengths[block])
            } else {
                lengths[block] = 0
            }
        }
        // A few are kept, as they are wanted again at once.
        end = min(unused, end + 16)
        memory.discard(end * Self.blockByteCount..<unused * Self.blockByteCount)
        unused = end
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

    private static func isTaken(_ block: Int, in memory: SharedMemory) -> Bool {
        memory.number(at: numbers + 4 * block) != 0
    }
}
