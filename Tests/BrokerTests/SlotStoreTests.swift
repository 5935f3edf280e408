import Routing
import Testing
import Wire
import ZeroMQ

@testable import Broker

@Suite struct SlotStoreTests {
    /// A body with one message, and where its parts are.
    private func body(_ parts: [[UInt8]]) throws -> (bytes: [UInt8], parts: BundleReader.Parts) {
        var body = BundleBody()
        body.begin(parts: 1)
        body.append([0])
        body.begin(parts: parts.count)
        for part in parts { body.append(part) }
        let bytes = body.bytes
        var reader = BundleReader(Bundle(count: 2))
        _ = try unsafe reader.next(in: bytes.span.bytes)
        return (bytes, try #require(try unsafe reader.next(in: bytes.span.bytes)))
    }

    private func put(_ parts: [[UInt8]], into store: inout SlotStore) throws -> Slot {
        let (bytes, places) = try body(parts)
        let slot = store.next()
        unsafe store.copy(places, of: bytes.span.bytes, into: store[slot])
        store[slot].hasPayload = parts.count > 1
        store.take(slot)
        return slot
    }

    private func bytes(_ span: RawSpan) -> [UInt8] {
        unsafe span.withUnsafeBytes { unsafe [UInt8]($0) }
    }

    @Test func smallMessagesAreWhatTheyWere() throws {
        var store = SlotStore()
        let messages: [[[UInt8]]] = [[[1, 2, 3]], [[4, 5], [6, 7, 8]], [[9], []]]
        let slots = try messages.map { try put($0, into: &store) }
        for (slot, parts) in zip(slots, messages) {
            #expect(bytes(store[slot].header) == parts[0])
            if parts.count > 1 { #expect(bytes(store[slot].payloadBytes) == parts[1]) }
            #expect(store[slot].byteCount(fetched: false) == parts.joined().count)
            var next = BundleBody()
            next.begin(parts: parts.count)
            store[slot].append(to: &next, fetched: false)
            var expected = BundleBody()
            expected.begin(parts: parts.count)
            for part in parts { expected.append(part) }
            #expect(next.bytes == expected.bytes)
        }
    }

    @Test func theFirstOfThreePartsIsLeftOut() throws {
        var store = SlotStore()
        let (bytes, places) = try body([[1], [2, 2], [3, 3, 3]])
        let slot = store.next()
        unsafe store.copy(places, of: bytes.span.bytes, into: store[slot])
        store[slot].dropFirst()
        store[slot].hasPayload = true
        #expect(self.bytes(store[slot].header) == [2, 2])
        #expect(self.bytes(store[slot].payloadBytes) == [3, 3, 3])
        #expect(store[slot].byteCount(fetched: false) == 5)
    }

    @Test func aPayloadThatLayElsewhereTakesThePlaceOfASmallPart() throws {
        var store = SlotStore()
        var pool = MessagePool()
        let slot = try put([[1, 2], [3]], into: &store)
        store[slot].replacePayload(by: try Message(copying: [7, 7, 7, 7]))
        #expect(bytes(store[slot].header) == [1, 2])
        #expect(bytes(store[slot].payloadBytes) == [7, 7, 7, 7])
        store.release(slot, &pool)
        #expect(pool.count == 1)
        // The next message there has nothing of it.
        let next = try put([[8]], into: &store)
        #expect(next == slot)
        #expect(bytes(store[next].header) == [8])
        #expect(store[next].byteCount(fetched: false) == 1)
    }

    @Test func whatIsReleasedKeepsNoMoreStorageThanTheSpares() throws {
        var store = SlotStore()
        var pool = MessagePool()
        let count = 6_000
        let part = [UInt8](repeating: 1, count: 1_000)
        let slots = try (0..<count).map { _ in try put([part], into: &store) }
        #expect(store.storageByteCount >= count * 1_000)
        for slot in slots { store.release(slot, &pool) }
        #expect(store.storageByteCount <= 4_096 * 1_100)
        // And it is used again.
        let before = store.storageByteCount
        let again = try (0..<4_000).map { _ in try put([part], into: &store) }
        #expect(store.storageByteCount == before)
        for slot in again { store.release(slot, &pool) }
    }
}
