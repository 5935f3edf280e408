import SharedMemory
import Testing

#if canImport(Glibc)
import Glibc
#endif

@Suite struct SharedArenaTests {
    private let memory: SharedMemory
    private var arena: SharedArena

    init() throws {
        memory = try #require(SharedMemory(creating: 16 * SharedArena.blockByteCount, key: 7))
        arena = try #require(SharedArena(memory))
    }

    private func bytes(_ count: Int, _ value: UInt8) -> [UInt8] {
        Array(repeating: value, count: count)
    }

    private mutating func put(_ bytes: [UInt8]) -> UInt64? { unsafe arena.put(bytes.span.bytes) }

    private func read(_ count: Int, at offset: UInt64, of memory: SharedMemory) -> [UInt8]? {
        var bytes = bytes(count, 0)
        let isThere = unsafe bytes.withUnsafeMutableBytes { buffer in
            var span = unsafe MutableRawSpan(_unsafeBytes: buffer)
            return memory.read(at: offset, into: &span)
        }
        return isThere ? bytes : nil
    }

    @Test mutating func anotherOneReadsWhatWasPutIn() throws {
        let offset = try #require(put(bytes(100_000, 5)))
        let other = try #require(SharedMemory(opening: memory.path, key: 7, mayWrite: false))
        #expect(read(100_000, at: offset, of: other) == bytes(100_000, 5))
        #expect(other.byteCount == memory.byteCount)
    }

    @Test mutating func payloadsDoNotOverlapAndRoomThatIsGivenBackIsUsedAgain() throws {
        let block = SharedArena.blockByteCount
        // 15 blocks: 2 + 1 + 12.
        let first = try #require(put(bytes(block + 1, 1)))
        let second = try #require(put(bytes(10, 2)))
        let third = try #require(put(bytes(12 * block, 3)))
        #expect(put(bytes(1, 4)) == nil)
        #expect(read(block + 1, at: first, of: memory) == bytes(block + 1, 1))
        #expect(read(10, at: second, of: memory) == bytes(10, 2))
        #expect(read(12 * block, at: third, of: memory) == bytes(12 * block, 3))
        SharedArena.giveBack(first, in: memory)
        #expect(put(bytes(3 * block, 4)) == nil)
        SharedArena.giveBack(second, in: memory)
        #expect(put(bytes(3 * block, 4)) == first)
        #expect(read(12 * block, at: third, of: memory) == bytes(12 * block, 3))
    }

    @Test mutating func whatIsTrimmedIsNothingThatIsHeld() throws {
        let first = try #require(put(bytes(10, 1)))
        let second = try #require(put(bytes(10, 2)))
        SharedArena.giveBack(first, in: memory)
        arena.trim()
        #expect(read(10, at: second, of: memory) == bytes(10, 2))
        SharedArena.giveBack(second, in: memory)
        arena.trim()
        #expect(put(bytes(10, 3)) == first)
    }

    /// Bytes of the memory that the system has given pages for.
    private var takenByteCount: Int {
        var facts = stat()
        return unsafe stat(memory.path, &facts) == 0 ? Int(facts.st_blocks) * 512 : -1
    }

    @Test mutating func whatWasNotNeededSinceTheLastTrimIsGivenToTheSystemBelowWhatIsHeldToo()
        throws
    {
        let block = SharedArena.blockByteCount
        let offsets = try (0..<10).map { try #require(put(bytes(block, UInt8($0)))) }
        let full = takenByteCount
        for offset in offsets.dropLast() { SharedArena.giveBack(offset, in: memory) }
        // What was used a moment ago stays.
        arena.trim()
        #expect(takenByteCount == full)
        #expect(put(bytes(block, 20)) == offsets[0])
        arena.trim()
        #expect(takenByteCount == full - 8 * block)
        #expect(read(block, at: offsets[0], of: memory) == bytes(block, 20))
        #expect(read(block, at: offsets[9], of: memory) == bytes(block, 9))
    }

    @Test mutating func whateverOthersGiveBackNothingIsPutInTwice() throws {
        var random = SystemRandomNumberGenerator()
        var held: [UInt64: (count: Int, value: UInt8)] = [:]
        for round in 0..<2_000 {
            let count = Int.random(in: 1...200_000, using: &random)
            let value = UInt8(truncatingIfNeeded: round)
            if let offset = put(bytes(count, value)) { held[offset] = (count, value) }
            for (offset, payload) in held {
                #expect(read(1, at: offset, of: memory) == [payload.value])
                #expect(
                    read(1, at: offset + UInt64(payload.count - 1), of: memory) == [payload.value]
                )
            }
            if Bool.random(using: &random), let offset = held.keys.randomElement() {
                held[offset] = nil
                SharedArena.giveBack(offset, in: memory)
            }
            if round.isMultiple(of: 50) { arena.trim() }
        }
    }

    @Test func whatIsNoPlaceInItIsPassedOver() {
        for offset: UInt64 in [0, 1, 65_535, 65_537, 1 << 40, .max] {
            SharedArena.giveBack(offset, in: memory)
        }
        #expect(read(1, at: .max, of: memory) == nil)
        #expect(read(1, at: UInt64(memory.byteCount), of: memory) == nil)
        #expect(read(memory.byteCount + 1, at: 0, of: memory) == nil)
        #expect(read(1, at: UInt64(memory.byteCount - 1), of: memory) != nil)
    }

    @Test(arguments: ["/proc/self/fd/0", "/etc/passwd", "", "/proc/1/fd/../0", "/proc/1/fd/999999"])
    func whatIsNoMemoryIsNotOpened(path: String) {
        #expect(SharedMemory(opening: path, key: 7, mayWrite: false) == nil)
    }

    @Test func memoryOfAnotherNameIsNotOpened() {
        #expect(SharedMemory(opening: memory.path, key: 8, mayWrite: true) == nil)
        #expect(SharedMemory(opening: memory.path, key: 7, mayWrite: true) != nil)
    }

    @Test func memoryThatIsTooSmallForABlockIsNoArena() throws {
        let small = try #require(SharedMemory(creating: 4_096, key: 7))
        #expect(SharedArena(small) == nil)
    }
}
