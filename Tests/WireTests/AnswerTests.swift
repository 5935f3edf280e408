import Testing
import Wire

@Suite struct AnswerTests {
    private func answer(_ bytes: [UInt8]) throws -> Answer {
        let span = unsafe bytes.span.bytes
        return try Answer(span, behind: Header(part: span))
    }

    private func result(_ bytes: [UInt8]) throws -> Wire.Result {
        try unsafe Wire.Result(part: bytes.span.bytes)
    }

    @Test func itSaysWhatTheResultSays() throws {
        var messages = RandomMessages(seed: SeededGenerator.seed)
        for _ in 0..<300 {
            let result = try #require(messages.message(.result) as? Wire.Result)
            #expect(try answer(result.encoded()) == Answer(result))
        }
    }

    @Test func whatIsNoResultIsNoAnswerForTheSameReason() {
        var messages = RandomMessages(seed: SeededGenerator.seed)
        var random = SeededGenerator(seed: SeededGenerator.seed)
        var refused = 0
        for _ in 0..<3_000 {
            var bytes = messages.message(.result).encoded()
            if Bool.random(using: &random) {
                bytes = Array(bytes.prefix(.random(in: 16..<bytes.count, using: &random)))
            }
            for _ in 0..<Int.random(in: 0...2, using: &random) where bytes.count > 16 {
                let offset = Int.random(in: 16..<bytes.count, using: &random)
                bytes[offset] = .random(in: 0 ... .max, using: &random)
            }
            let damaged = resealed(bytes)
            let (whole, part) = (
                Swift.Result { try result(damaged) }, Swift.Result { try answer(damaged) }
            )
            switch (whole, part) {
            case (.success(let whole), .success(let part)): #expect(part == Answer(whole))
            case (.failure(let whole), .failure(let part)):
                refused += 1
                #expect(whole as? WireError == part as? WireError)
            default: Issue.record("\(whole) and \(part) of \(damaged)")
            }
        }
        #expect(refused > 1_000)
    }

    @Test func anotherMessageIsNone() {
        #expect(throws: WireError.unexpectedType(.heartbeat)) { try answer(Heartbeat().encoded()) }
    }
}
