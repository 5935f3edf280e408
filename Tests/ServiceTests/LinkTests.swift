import Logging
import Service
import Testing
import Wire
import ZeroMQ

/// A link and a bare router, both driven by the test's own thread.
@Suite struct LinkTests {
    let context: Context

    init() throws { context = try Context() }

    @Test func aLinkSaysHelloAndIsWelcomed() throws {
        let router = try Router(in: context)
        var link = try makeLink(to: router.endpoint)
        let hello = try router.receiveFirst(driving: &link)
        #expect(hello == .hello)
        try router.answer(Welcome())
        #expect(try link.nextName() == "connected")
        #expect(link.isConnected == true)
    }

    @Test(arguments: [1, 2, 3])
    func aMessageArrivesWithItsParts(count: Int) throws {
        let router = try Router(in: context)
        var link = try makeLink(to: router.endpoint)
        try connect(&link, to: router)
        let gap = Ack(stream: "a", epoch: 1, receivedNext: 2, archivedNext: 1, limit: 10)
        try router.answer(gap, with: Array(repeating: [7], count: count - 1))
        let parts = try link.nextMessage()
        let decoded: Ack = try parts.read()
        let lengths = parts.lengths
        link.recycle(parts)
        #expect(decoded == gap)
        #expect(lengths == [count < 3 ? 0 : 1, count == 1 ? 0 : 1])
    }

    @Test func headerAndPayloadReachTheBroker() throws {
        let router = try Router(in: context)
        var link = try makeLink(to: router.endpoint)
        try connect(&link, to: router)
        let payload: [UInt8] = [1, 2, 3]
        #expect(try unsafe link.send(Heartbeat(), payload: payload.span.bytes) == .sent)
        #expect(try router.receiveFirst(driving: &link) == .heartbeat)
        #expect(router.lastPayload.copyBytes() == [1, 2, 3])
    }

    @Test func smallMessagesLeaveTogetherAndInOrder() throws {
        let router = try Router(in: context)
        var link = try makeLink(to: router.endpoint)
        try connect(&link, to: router)
        #expect(try link.send(Committed(count: 1, trouble: "")) == .sent)
        let (two, three) = (Committed(count: 2, trouble: ""), Committed(count: 3, trouble: ""))
        let payload: [UInt8] = [1, 2, 3]
        #expect(try unsafe link.send(two, payload: payload.span.bytes) == .sent)
        let large = [UInt8](repeating: 0, count: Bundle.largestMessage)
        #expect(try unsafe link.send(three, payload: large.span.bytes) == .sent)
        #expect(try router.receiveFirst(driving: &link) == .bundle)
        let body = router.lastPayload.copyBytes()
        var reader = BundleReader(Bundle(count: 2))
        let first = try #require(try unsafe reader.next(in: body.span.bytes))
        #expect(Array(body[first[0]]) == Committed(count: 1, trouble: "").encoded())
        let second = try #require(try unsafe reader.next(in: body.span.bytes))
        #expect(Array(body[second[0]]) == Committed(count: 2, trouble: "").encoded())
        #expect(Array(body[second[1]]) == [1, 2, 3])
        #expect(try unsafe reader.next(in: body.span.bytes) == nil)
        // What is large goes alone, behind what was gathered.
        #expect(try router.receiveFirst(driving: &link) == .committed)
    }

    @Test(arguments: [2, 7, 60])
    func aBundleArrivesAsItWasWrittenWhateverItsSize(count: Int) throws {
        let router = try Router(in: context)
        var link = try makeLink(to: router.endpoint)
        try connect(&link, to: router)
        // The storage of the one before may be used again, or may not.
        for round in 0..<3 {
            let payload = [UInt8](repeating: UInt8(round), count: 500)
            for number in 0..<count {
                let message = Committed(count: UInt64(number), trouble: "")
                #expect(try unsafe link.send(message, payload: payload.span.bytes) == .sent)
            }
            #expect(try router.receiveFirst(driving: &link) == .bundle)
            let body = router.lastPayload.copyBytes()
            var reader = BundleReader(Bundle(count: count))
            for number in 0..<count {
                let parts = try #require(try unsafe reader.next(in: body.span.bytes))
                let message = Committed(count: UInt64(number), trouble: "")
                #expect(Array(body[parts[0]]) == message.encoded())
                #expect(Array(body[parts[1]]) == payload)
            }
            #expect(try unsafe reader.next(in: body.span.bytes) == nil)
        }
    }

    @Test func aMessageOutOfABundleOutlivesIt() throws {
        let router = try Router(in: context)
        var link = try makeLink(to: router.endpoint)
        try connect(&link, to: router)
        var body = BundleBody()
        for number in 1...2 as ClosedRange<UInt64> {
            body.begin(parts: 2)
            body.append(Committed(count: number, trouble: "").encoded())
            body.append([UInt8(number)])
        }
        try router.answer(Bundle(count: 2), with: [body.bytes])
        let first = try link.nextMessage()
        link.recycle(try link.nextMessage())
        // What comes next does not take its place.
        try router.answer(Committed(count: 3, trouble: ""), with: [[3]])
        link.recycle(try link.nextMessage())
        let committed: Committed = try first.read()
        let byte = unsafe first.payload.unsafeLoad(as: UInt8.self)
        #expect(committed.count == 1)
        #expect(byte == 1)
    }

    @Test func aBundleIsReadAsItsMessages() throws {
        let router = try Router(in: context)
        var link = try makeLink(to: router.endpoint)
        try connect(&link, to: router)
        var body = BundleBody()
        for count in 1...3 {
            body.begin(parts: count)
            body.append(
                Ack(stream: "s", epoch: 1, receivedNext: 1, archivedNext: 1, limit: 1).encoded()
            )
            for _ in 1..<count { body.append([7]) }
        }
        try router.answer(Bundle(count: 3), with: [body.bytes])
        for count in 1...3 {
            let parts = try link.nextMessage()
            let (type, lengths) = (parts.type, parts.lengths)
            link.recycle(parts)
            #expect(type == .ack)
            #expect(lengths == [count < 3 ? 0 : 1, count == 1 ? 0 : 1])
        }
    }

    @Test(arguments: [0, 1, 9])
    func aBundleThatIsNoneEndsTheSession(cut: Int) throws {
        let router = try Router(in: context)
        var link = try makeLink(to: router.endpoint)
        try connect(&link, to: router)
        var body = BundleBody()
        body.begin(parts: 1)
        // A bundle in a bundle, or one that is cut off.
        body.append((cut == 0 ? Bundle(count: 1) : Bundle(count: 0)).encoded())
        try router.answer(Bundle(count: 1), with: [Array(body.bytes.dropLast(cut))])
        #expect(try link.nextName() == "lost")
    }

    @Test func aPartLargerThanTheBrokerTakesIsNotSent() throws {
        let router = try Router(in: context)
        var link = try makeLink(to: router.endpoint)
        var welcome = Welcome()
        welcome.largestMessage = 100
        try connect(&link, to: router, welcome)
        let payload = [UInt8](repeating: 0, count: 101)
        #expect(try unsafe link.send(Heartbeat(), payload: payload.span.bytes) == .tooLarge)
        let less = payload.dropLast()
        #expect(try unsafe link.send(Heartbeat(), payload: less.span.bytes) == .sent)
    }

    @Test func nothingIsSentWithoutASession() throws {
        let router = try Router(in: context)
        var link = try makeLink(to: router.endpoint)
        #expect(try link.send(Heartbeat()) == .wouldBlock)
    }

    @Test func aQuietLinkSendsHeartbeats() throws {
        let router = try Router(in: context)
        var link = try makeLink(to: router.endpoint)
        var welcome = Welcome()
        welcome.heartbeatMilliseconds = 10
        try connect(&link, to: router, welcome)
        #expect(try router.receiveFirst(driving: &link) == .heartbeat)
        #expect(try router.receiveFirst(driving: &link) == .heartbeat)
    }

    @Test func aBrokerThatIsGoneIsNoticedAndFoundAgain() throws {
        var endpoint = ""
        var link = try {
            let router = try Router(in: context)
            endpoint = router.endpoint
            var link = try makeLink(to: endpoint)
            try connect(&link, to: router)
            return link
        }()
        #expect(try link.nextName() == "lost")

        let router = try Router(in: context, endpoint: endpoint)
        #expect(try router.receiveFirst(driving: &link) == .hello)
        try router.answer(Welcome())
        #expect(try link.nextName() == "connected")
    }

    @Test func aRefusedLinkTriesAgain() throws {
        let router = try Router(in: context)
        var link = try makeLink(to: router.endpoint)
        #expect(try router.receiveFirst(driving: &link) == .hello)
        try router.answer(ErrorMessage(code: .nameTaken, mayGoOn: false, sentence: "taken"))
        #expect(try link.nextName() == "refused")
        #expect(try router.receiveFirst(driving: &link) == .hello)
    }

    @Test func theGoodbyeOfAClosedLinkArrives() throws {
        let router = try Router(in: context)
        var link = try makeLink(to: router.endpoint)
        try connect(&link, to: router)
        link.close(reason: "done")
        #expect(try router.receiveFirst() == .goodbye)
    }

    @Test func ringingWakesALinkThatCannotReachAnybody() throws {
        var link = try makeLink(to: "tcp://127.0.0.1:9")
        link.wakeUp.signal()
        #expect(try link.nextName() == "woken")
        #expect(try link.nextName(until: .now) == "timedOut")
    }

    @Test func aCommandGivesUpNamingTheEndpoint() throws {
        var configuration = Link.Configuration(
            endpoint: "tcp://127.0.0.1:9",
            logger: quietLogger()
        )
        configuration.limits = LinkLimits(giveUp: .milliseconds(20))
        var link = try Link(configuration, in: context) { hello() }
        do throws(Failure) {
            _ = try link.nextName(until: .now + patience)
            Issue.record("it did not give up")
        } catch {
            #expect(error.kind == .unreachable)
            #expect(
                error.sentence
                    == "cannot reach the broker at tcp://127.0.0.1:9 within 20 ms; is it running?"
            )
        }
    }

    @Test func anEndpointThatIsNoneIsAUsageFailure() throws {
        do throws(Failure) {
            _ = try makeLink(to: "nonsense")
            Issue.record("it was taken")
        } catch {
            #expect(error.kind == .usage)
        }
    }

    private func makeLink(to endpoint: String) throws(Failure) -> Link {
        let configuration = Link.Configuration(endpoint: endpoint, logger: quietLogger())
        return try Link(configuration, in: context) { hello() }
    }

    private func connect(
        _ link: inout Link,
        to router: borrowing Router,
        _ welcome: Welcome = Welcome()
    ) throws {
        #expect(try router.receiveFirst(driving: &link) == .hello)
        try router.answer(welcome)
        #expect(try link.nextName() == "connected")
    }
}

private func hello() -> Hello { Hello(name: "test", role: .viewer(patterns: ["*"])) }

private func quietLogger() -> Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
