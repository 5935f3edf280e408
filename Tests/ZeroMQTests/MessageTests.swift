import Testing
import ZeroMQ

@Suite struct MessageTests {
    @Test(arguments: [0, 1, 33, 34, 1_000_000])
    func aMessageHoldsTheBytesItWasMadeOf(byteCount: Int) throws {
        let bytes = pattern(byteCount)
        let message = try Message(copying: bytes)
        #expect(message.byteCount == byteCount)
        #expect(message.copyBytes() == bytes)
    }

    @Test func bytesAreWrittenInPlace() throws {
        var message = try Message(byteCount: 40)
        message.withMutableBytes { bytes in
            for index in 0..<bytes.byteCount {
                bytes.storeBytes(of: UInt8(index), toByteOffset: index, as: UInt8.self)
            }
        }
        #expect(message.copyBytes() == (0..<40).map { UInt8($0) })
    }

    @Test(arguments: [0, 33, 34, 1_000_000])
    func aReferenceOutlivesTheOriginal(byteCount: Int) throws {
        let bytes = pattern(byteCount)
        let reference = try Message(copying: bytes).reference()
        #expect(reference.copyBytes() == bytes)
    }

    @Test func aReferenceSharesTheBytesOfALargeMessage() throws {
        let message = try Message(copying: pattern(100_000))
        let reference = message.reference()
        #expect(address(of: reference) == address(of: message))
    }

    @Test(arguments: [0, 33, 34, 8_191, 8_192])
    func detachingKeepsTheBytes(byteCount: Int) throws {
        let original = try Message(copying: pattern(byteCount))
        var reference = original.reference()
        try reference.detach()
        #expect(reference.copyBytes() == pattern(byteCount))
        let isOwn = address(of: reference) != address(of: original)
        #expect(isOwn == (byteCount < 8_192))
    }

    @Test(arguments: [0, 1, 33, 34, 1_000_000])
    func aMessageTakesBytesOverWhereTheyLie(byteCount: Int) throws {
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 16)
        unsafe bytes.copyBytes(from: pattern(byteCount))
        let place = UInt(bitPattern: bytes.baseAddress)
        let message = try unsafe Message(adopting: bytes)
        #expect(message.copyBytes() == pattern(byteCount))
        if byteCount > 0 { #expect(address(of: message) == place) }
        // And they live until the last reference is gone.
        #expect(try referenceOnly(to: pattern(byteCount)).copyBytes() == pattern(byteCount))
    }

    private func referenceOnly(to content: [UInt8]) throws -> Message {
        let bytes = UnsafeMutableRawBufferPointer.allocate(
            byteCount: content.count,
            alignment: 16
        )
        unsafe bytes.copyBytes(from: content)
        return try unsafe Message(adopting: bytes).reference()
    }

    @Test func aClearedMessageIsEmpty() throws {
        var message = try Message(copying: pattern(50))
        message.clear()
        #expect(message.byteCount == 0)
    }

    @Test func aPoolGivesBackTheStorageItWasGiven() throws {
        var pool = MessagePool(capacity: 1)
        let original = try Message(copying: pattern(50))
        pool.give(pool.takeReference(to: original))
        #expect(pool.count == 1)
        let again = pool.take()
        #expect(again.byteCount == 0)
        #expect(pool.count == 0)
        #expect(original.copyBytes() == pattern(50))
    }

    @Test func aPoolKeepsNoMoreThanItsCapacity() {
        var pool = MessagePool(capacity: 1)
        pool.give(Message())
        pool.give(Message())
        #expect(pool.count == 1)
    }

    private func address(of message: borrowing Message) -> UInt {
        message.withBytes { bytes in
            unsafe bytes.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
        }
    }
}

/// Bytes that differ from their neighbours.
func pattern(_ byteCount: Int) -> [UInt8] {
    (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 7) }
}
