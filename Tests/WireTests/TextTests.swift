import Testing

@testable import Wire

@Suite struct TextTests {
    /// GOODBYE with the bytes of its reason as they are.
    private func goodbye(_ reason: [UInt8]) -> [UInt8] {
        let count = [UInt8(reason.count & 0xFF), UInt8(reason.count >> 8)]
        return sealed(.goodbye, fields: count + reason)
    }

    @Test(
        arguments: [
            [0xFF], [0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80],
            [0x61, 0x80],
        ] as [[UInt8]]
    )
    func whatIsNotUTF8Throws(bytes: [UInt8]) {
        #expect(throws: WireError.invalid("reason")) { try decodeAny(goodbye(bytes)) }
    }

    @Test func aTextHas4096BytesAtMost() throws {
        let longest = [UInt8](repeating: 0x61, count: Limits.textByteCount)
        let expected = Goodbye(reason: String(decoding: longest, as: UTF8.self))
        #expect(areEqual(try decodeAny(goodbye(longest)), expected))
        #expect(throws: WireError.overLimit("reason")) { try decodeAny(goodbye(longest + [0x61])) }
    }

    @Test func aTextThatIsTooLongIsCutBetweenTwoCharactersWhenWritten() throws {
        for padding in 0..<4 {
            let start = String(repeating: "a", count: padding)
            let sent = Goodbye(reason: start + String(repeating: "🎥", count: 30_000))
            let received = try decode(Goodbye.self, sent.encoded())
            #expect(sent.reason.hasPrefix(received.reason))
            let count = received.reason.utf8.count
            #expect(count <= Limits.textByteCount && count > Limits.textByteCount - 4)
        }
    }

    @Test func aNameThatIsTooLongIsCutWhenWritten() throws {
        let hello = Hello(name: String(repeating: "h", count: 65), role: .viewer(patterns: []))
        let received = try decode(Hello.self, hello.encoded())
        #expect(received.name == String(repeating: "h", count: 64))
    }

    @Test func aStreamsNameHas64BytesAtMostAndIsNeverCut() throws {
        func debt(_ count: Int) -> Debt {
            let stream = String(repeating: "s", count: count)
            return Debt(run: Run(group: "g", number: 0), stream: stream, owedFrames: 1)
        }
        #expect(areEqual(try decodeAny(debt(64).encoded()), debt(64)))
        #expect(throws: WireError.overLimit("stream")) { try decodeAny(debt(65).encoded()) }
    }

    @Test(arguments: ["", "Lobby", "a b", "café", "a:b", "a*"])
    func aStreamsNameOfOtherBytesThrows(name: String) {
        let state = StreamState(stream: name, next: Place(epoch: 0, sequence: 0))
        #expect(throws: WireError.invalid("stream")) { try decodeAny(state.encoded()) }
    }

    @Test(arguments: ["", "a/b", "A", "a*"])
    func aGroupsNameOfOtherBytesThrows(name: String) {
        let group = GroupDefinition(name: name)
        #expect(throws: WireError.invalid("group")) { try decodeAny(group.encoded()) }
    }

    @Test(arguments: ["A", "a b", "a?"])
    func aPatternOfOtherBytesThrows(pattern: String) {
        let group = GroupDefinition(name: "g", patterns: [pattern])
        #expect(throws: WireError.invalid("pattern")) { try decodeAny(group.encoded()) }
    }

    @Test func aGroupHas64PatternsAtMost() throws {
        let most = GroupDefinition(name: "g", patterns: Array(repeating: "a*", count: 64))
        #expect(areEqual(try decodeAny(most.encoded()), most))
        let more = GroupDefinition(name: "g", patterns: Array(repeating: "a*", count: 65))
        #expect(throws: WireError.overLimit("patterns")) { try decodeAny(more.encoded()) }
    }
}
