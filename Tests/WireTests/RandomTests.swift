import Testing
import Wire

@Suite struct RandomTests {
    @Test(arguments: MessageType.allCases)
    func anyMessageSurvivesTheRoundTrip(type: MessageType) throws {
        var messages = RandomMessages(seed: SeededGenerator.seed ^ UInt64(type.rawValue))
        var writer = ByteWriter()
        for _ in 0..<200 {
            let message = messages.message(type)
            writer.removeAll()
            message.encode(to: &writer)
            guard writer.byteCount <= Limits.headerByteCount else { continue }
            let decoded = try decodeAny(writer.bytes)
            #expect(areEqual(decoded, message))
            #expect(decoded.encoded() == writer.bytes)
        }
    }

    @Test func garbageThrows() {
        var random = SeededGenerator(seed: SeededGenerator.seed)
        for _ in 0..<20_000 {
            let bytes = garbage(upTo: 200, &random)
            #expect(throws: WireError.self) { try decodeAny(bytes) }
        }
    }

    @Test(arguments: MessageType.allCases)
    func garbageUnderARightChecksumNeverTraps(type: MessageType) {
        var random = SeededGenerator(seed: SeededGenerator.seed ^ UInt64(type.rawValue))
        for _ in 0..<2_000 {
            expectAnErrorOrTheSameFields(sealed(type, fields: garbage(upTo: 200, &random)))
        }
    }

    @Test(arguments: Vector.all)
    func aVectorWithAnyBytesChangedNeverTraps(vector: Vector) {
        let original = vector.bytes
        var random = SeededGenerator(seed: SeededGenerator.seed ^ UInt64(original.count))
        guard original.count > 16 else { return }
        for _ in 0..<1_000 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let offset = Int.random(in: 16..<bytes.count, using: &random)
                bytes[offset] =
                    Bool.random(using: &random) ? 0xFF : UInt8.random(in: 0...127, using: &random)
            }
            if Int.random(in: 0..<4, using: &random) == 0 {
                bytes.removeLast(Int.random(in: 0...bytes.count - 16, using: &random))
            }
            expectAnErrorOrTheSameFields(resealed(bytes))
        }
    }

    private func garbage(upTo limit: Int, _ random: inout SeededGenerator) -> [UInt8] {
        (0..<Int.random(in: 0...limit, using: &random)).map { _ in
            // Small values make short lengths, which lead deeper into the fields.
            Bool.random(using: &random) ? UInt8(random.next() & 3) : UInt8(random.next() & 0xFF)
        }
    }
}
