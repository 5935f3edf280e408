import Testing

@testable import Wire

@Suite struct HeaderTests {
    private let heartbeat = Heartbeat().encoded()

    @Test func aHeartbeatIsThePrefixAlone() throws {
        #expect(heartbeat.count == Limits.prefixByteCount)
        #expect(try header(part: heartbeat).type == .heartbeat)
    }

    @Test func othersThanZoetropeAreToldApart() {
        let http = Array("GET / HTTP/1.1\r\n\r\n".utf8)
        for bytes in [[0, 0], [0x5A, 0], [0, 0x57], http] {
            #expect(throws: WireError.notZoetrope) { try decodeAny(bytes) }
        }
    }

    @Test(arguments: [0, 2, 255] as [UInt8])
    func anotherVersionIsNamedInTheError(version: UInt8) {
        var bytes = heartbeat
        bytes[2] = version
        #expect(throws: WireError.unknownVersion(version)) { try decodeAny(resealed(bytes)) }
    }

    @Test func anUnknownTypeIsNamedInTheError() {
        let known = Set(MessageType.allCases.map(\.rawValue))
        for type in UInt8.min...UInt8.max where !known.contains(type) {
            var bytes = heartbeat
            bytes[3] = type
            #expect(throws: WireError.unknownType(type)) { try decodeAny(resealed(bytes)) }
        }
    }

    @Test func aMessageOfAnotherTypeIsNotMistaken() {
        #expect(throws: WireError.unexpectedType(.heartbeat)) {
            try decode(Ready.self, heartbeat)
        }
    }

    @Test func theChecksumCoversTheType() {
        var bytes = heartbeat
        bytes[3] = MessageType.ready.rawValue
        #expect(throws: WireError.badChecksum) { try decodeAny(bytes) }
    }

    @Test func aLengthBelowThePrefixThrows() {
        var bytes = heartbeat
        bytes[4] = 15
        #expect(throws: WireError.invalid("header length")) { try decodeAny(bytes) }
    }

    @Test func aHeaderHas64KiBAtMost() throws {
        let goodbye = Goodbye(reason: "bye").encoded()
        let room = [UInt8](repeating: 0, count: Limits.headerByteCount - goodbye.count)
        let largest = resealed(goodbye + room)
        #expect(areEqual(try decodeAny(largest), Goodbye(reason: "bye")))
        #expect(throws: WireError.overLimit("header length")) {
            try decodeAny(resealed(goodbye + room + [0]))
        }
    }

    @Test func aWriterHoldsOneHeaderBehindTheOther() throws {
        var writer = ByteWriter()
        Goodbye(reason: "forgotten").encode(to: &writer)
        writer.removeAll()
        Goodbye(reason: "first").encode(to: &writer)
        let first = writer.byteCount
        Ready().encode(to: &writer)
        #expect(areEqual(try decodeAny(writer.bytes), Goodbye(reason: "first")))
        #expect(areEqual(try decodeAny(Array(writer.bytes.dropFirst(first))), Ready()))
    }

    @Test func xxh3IsTheOneOfTheSpecification() {
        #expect(hash([]) == 0x2D06_8005_38D3_94C2)
        #expect(hash("abc".utf8) == 0x78AF_5F94_892F_3950)
    }

    @Test func everyErrorSaysSomethingOfItsOwn() {
        let errors: [WireError] = [
            .truncated, .notZoetrope, .unknownVersion(2), .unknownType(9), .unexpectedType(.ack),
            .badChecksum, .overLimit("stream"), .invalid("stream"),
        ]
        #expect(Set(errors.map(\.description)).count == errors.count)
    }
}
