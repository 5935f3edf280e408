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
        switch try link.next(until: .now + patience) {
        case .message(let parts):
            #expect(parts.type == .ack)
            let decoded = try parts.head.withBytes { try Ack(decoding: $0) }
            #expect(decoded == gap)
            #expect((parts.payload == nil) == (count == 1))
            #expect((parts.frameHeader == nil) == (count < 3))
            link.recycle(parts)
        default: Issue.record("no message")
        }
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
            switch try link.next(until: .now + patience) {
            case .message(let parts):
                #expect(parts.type == .ack)
                #expect((parts.payload == nil) == (count == 1))
                #expect((parts.frameHeader == nil) == (count < 3))
                link.recycle(parts)
            default: Issue.record("no message")
            }
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
