import Testing
import Wire

@Suite struct BundleTests {
    /// What is put in, by the parts of each message.
    private static let messages: [[[UInt8]]] = [
        [[1, 2, 3]],
        [[4], []],
        [[5, 6], [7], [8, 9, 10]],
        [Array(repeating: 11, count: Bundle.largestMessage)],
    ]

    private func body(_ messages: [[[UInt8]]]) -> BundleBody {
        var body = BundleBody()
        for parts in messages {
            body.begin(parts: parts.count)
            for part in parts { body.append(part) }
        }
        return body
    }

    private func read(_ bytes: [UInt8], count: Int) throws -> [[[UInt8]]] {
        var reader = BundleReader(Bundle(count: count))
        var messages: [[[UInt8]]] = []
        while let parts = try unsafe reader.next(in: bytes.span.bytes) {
            messages.append((0..<parts.count).map { Array(bytes[parts[$0]]) })
        }
        return messages
    }

    @Test func whatIsPutInComesOutInOrder() throws {
        let body = body(Self.messages)
        #expect(body.count == Self.messages.count)
        #expect(try read(body.bytes, count: body.count) == Self.messages)
    }

    @Test func partsThatStandAsInABodyAreTakenAsTheyAre() throws {
        let first = body([[[5, 6], [7]]])
        var second = BundleBody()
        second.begin(parts: 3)
        second.append([4])
        unsafe second.append(written: first.bytes.span.bytes.extracting(1..<first.bytes.count))
        #expect(try read(second.bytes, count: 1) == [[[4], [5, 6], [7]]])
    }

    @Test func whatIsGivenAwayIsNoLongerThere() throws {
        var body = BundleBody()
        // Twice, as the storage is another one then.
        for round in 1...2 {
            for parts in Self.messages {
                body.begin(parts: parts.count)
                for part in parts { body.append(part) }
            }
            let given = unsafe body.surrender()
            defer { unsafe given.deallocate() }
            #expect(body.isEmpty && body.bytes.isEmpty, "round \(round)")
            let bytes = unsafe [UInt8](given)
            #expect(try read(bytes, count: Self.messages.count) == Self.messages)
        }
    }

    @Test func onlyABodyThatFillsItsStorageIsWorthGivingAway() {
        var body = BundleBody()
        let part = [UInt8](repeating: 0, count: Bundle.largestMessage)
        for _ in 0..<8 {
            body.begin(parts: 1)
            body.append(part)
        }
        #expect(body.isWorthGivingAway == true)
        body.removeAll()
        #expect(body.isWorthGivingAway == false)
        body.begin(parts: 1)
        body.append(part)
        #expect(body.isWorthGivingAway == false)
    }

    @Test func roomGrowsToTheLargestBundle() {
        var room = BundleRoom()
        #expect(room.count < Bundle.most && room.byteCount < Bundle.byteCount)
        for _ in 0..<10 { room.grow() }
        #expect(room.count == Bundle.most && room.byteCount == Bundle.byteCount)
    }

    @Test(arguments: [0, 1, 10])
    func aBodyTakesNoMoreThanThereIsRoom(growths: Int) {
        var room = BundleRoom()
        for _ in 0..<growths { room.grow() }
        var body = BundleBody()
        let part = [UInt8](repeating: 0, count: Bundle.largestMessage)
        while body.hasRoom(for: part.count, in: room) {
            body.begin(parts: 1)
            body.append(part)
        }
        #expect(body.bytes.count <= room.byteCount)
        #expect(body.bytes.count > room.byteCount - 2 * part.count)
        body.removeAll()
        while body.hasRoom(for: 1, in: room) {
            body.begin(parts: 1)
            body.append([0])
        }
        #expect(body.count == room.count)
    }

    @Test func aBodyThatIsCutAnywhereIsAnError() {
        let whole = body(Self.messages).bytes
        for length in 0..<whole.count {
            #expect(throws: WireError.self) {
                try read(Array(whole.prefix(length)), count: Self.messages.count)
            }
        }
    }

    @Test func moreThanWasAnnouncedIsAnError() {
        let body = body(Self.messages)
        #expect(throws: WireError.self) { try read(body.bytes, count: body.count - 1) }
    }

    @Test func aLargeMessageHasNoPlaceInABody() {
        let body = body([[[UInt8](repeating: 0, count: Bundle.largestMessage), [1]]])
        #expect(throws: WireError.overLimit("message in a bundle")) {
            try read(body.bytes, count: 1)
        }
    }

    @Test func anyBytesAreMessagesOrAnError() {
        var random = SeededGenerator(seed: 28)
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0..<60, using: &random)).map { _ in
                UInt8.random(in: 0...4, using: &random)
            }
            let count = Int.random(in: 0...6, using: &random)
            guard let messages = try? read(bytes, count: count) else { continue }
            // What was understood is all that there is.
            let length = messages.joined().reduce(messages.count) { $0 + 4 + $1.count }
            #expect(length == bytes.count)
            #expect(messages.count == count)
        }
    }
}
