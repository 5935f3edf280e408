import Testing
import Wire

@Suite struct DamageTests {
    @Test(arguments: Vector.all)
    func everyTruncationOfAVectorThrows(vector: Vector) {
        let original = vector.bytes
        for count in 0..<original.count {
            #expect(throws: WireError.truncated) {
                try decodeAny(Array(original.prefix(count)))
            }
        }
    }

    @Test(arguments: Vector.all)
    func everyFlippedBitOfAVectorThrows(vector: Vector) {
        let original = vector.bytes
        for bit in 0..<original.count * 8 {
            var bytes = original
            bytes[bit / 8] ^= 1 << (bit % 8)
            #expect(throws: WireError.self) { try decodeAny(bytes) }
        }
    }

    @Test(arguments: Vector.all)
    func fieldsThatEndTooEarlyThrowThoughTheChecksumIsRight(vector: Vector) {
        let original = vector.bytes
        for count in 16..<original.count {
            #expect(throws: WireError.truncated) {
                try decodeAny(resealed(Array(original.prefix(count))))
            }
        }
    }

    @Test(arguments: Vector.all)
    func fieldsOfALaterVersionAreSkipped(vector: Vector) throws {
        let message = try #require(vectorMessages[vector.name])
        let later = resealed(vector.bytes + [0xFF, 0, 0xFF, 0xFF, 0xFF])
        #expect(areEqual(try decodeAny(later), message))
    }

    @Test(arguments: Vector.all)
    func bytesBehindAHeaderAreLeftAloneButDoNotBelongInAPart(vector: Vector) throws {
        let message = try #require(vectorMessages[vector.name])
        let record = vector.bytes + [1, 2, 3]
        #expect(areEqual(try decodeAny(record), message))
        #expect(try header(record).byteCount == vector.bytes.count)
        #expect(throws: WireError.invalid("header length")) {
            try header(part: record)
        }
        #expect(throws: WireError.invalid("header length")) { try decodeAnyPart(record) }
        #expect(areEqual(try decodeAnyPart(vector.bytes), message))
    }

    @Test(arguments: Vector.all)
    func aLengthOrCountThatLiesNeverTraps(vector: Vector) {
        let original = vector.bytes
        for offset in 16..<max(original.count - 3, 16) {
            for lie in [UInt8.max, 0x7F] {
                var bytes = original
                bytes.replaceSubrange(offset..<offset + 4, with: [lie, lie, lie, lie])
                expectAnErrorOrTheSameFields(resealed(bytes))
            }
        }
    }

    @Test func aHugeCountThrowsBeforeAnythingIsAllocated() throws {
        let found = try #require(vectorMessages["result that found nothing"]).encoded()
        let owed = try #require(vectorMessages["owed nothing"]).encoded()
        for bytes in [found, owed] {
            let lying = resealed(bytes.dropLast(4) + [0xFF, 0xFF, 0xFF, 0x7F])
            #expect(throws: WireError.self) { try decodeAny(lying) }
        }
        let attributes = resealed(found.dropLast(8) + [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0])
        #expect(throws: WireError.truncated) { try decodeAny(attributes) }
    }
}

/// Decodes `bytes`; what is accepted must be written again just as it was read.
func expectAnErrorOrTheSameFields(
    _ bytes: [UInt8],
    sourceLocation: SourceLocation = #_sourceLocation
) {
    guard let message = try? decodeAny(bytes) else { return }
    let again = message.encoded()
    let same = bytes.dropFirst(16).starts(with: again.dropFirst(16))
    #expect(same, "\(bytes) became \(message)", sourceLocation: sourceLocation)
}
