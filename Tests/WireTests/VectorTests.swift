import Testing
import Wire

/// The vectors are made from docs/protocol.md alone, by docs/check-vectors.py.
@Suite struct VectorTests {
    @Test(arguments: Vector.all)
    func aVectorIsWhatItsMessageEncodesTo(vector: Vector) throws {
        let message = try #require(vectorMessages[vector.name], "no message for this vector")
        #expect(message.encoded() == vector.bytes)
        #expect(type(of: message).type.pageName == vector.type)
    }

    @Test(arguments: Vector.all)
    func aVectorDecodesToItsMessage(vector: Vector) throws {
        let message = try #require(vectorMessages[vector.name], "no message for this vector")
        let header = try header(part: vector.bytes)
        #expect(header.byteCount == vector.bytes.count)
        #expect(areEqual(try decodeAny(vector.bytes), message))
    }

    @Test func everyTypeOfMessageHasAVector() {
        #expect(!Vector.all.isEmpty, "docs/protocol-vectors.json cannot be read")
        let covered = Set(Vector.all.map(\.type))
        for type in MessageType.allCases {
            #expect(covered.contains(type.pageName), "\(type.pageName) has no vector")
        }
    }

    @Test func everyMessageOfTheTestsHasAVector() {
        #expect(Set(vectorMessages.keys) == Set(Vector.all.map(\.name)))
        #expect(vectorMessages.count == Vector.all.count)
    }
}
