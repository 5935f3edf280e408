import Testing
import ZeroMQ

@Suite struct SocketTests {
    let context: Context

    init() throws { context = try Context() }

    @Test(arguments: [0, 1, 33, 34, 1_000_000])
    func aPartArrivesWithTheBytesItWasSentWith(byteCount: Int) throws {
        let pair = try connectedPair(.dealer)
        var message = try Message(copying: pattern(byteCount))

        #expect(try pair.client.send(&message) == .sent)
        let received = try pair.server.awaitPart()

        #expect(message.byteCount == 0)
        #expect(received.copyBytes() == pattern(byteCount))
        #expect(received.hasMore == false)
    }

    @Test func partsOfOneMessageStayTogether() throws {
        let pair = try connectedPair(.dealer)
        #expect(try pair.client.send(copying: pattern(5), more: true) == .sent)
        #expect(try pair.client.send(copying: pattern(100), more: true) == .sent)
        #expect(try pair.client.send(copying: []) == .sent)
        #expect(try pair.client.send(copying: [9]) == .sent)

        var part = try pair.server.awaitPart()
        #expect(part.hasMore == true)
        #expect(try pair.server.skipRest(of: &part) == 2)
        #expect(try pair.server.awaitPart().copyBytes() == [9])
    }

    @Test func aRouterAnswersThePeerThatSent() throws {
        let pair = try connectedPair(.router)
        #expect(try pair.client.send(copying: [1, 2]) == .sent)
        let peer = try pair.server.awaitPart().withBytes { RoutingID($0) }
        #expect(try pair.server.awaitPart().copyBytes() == [1, 2])

        #expect(try pair.server.address(peer) == .sent)
        #expect(try pair.server.send(copying: [3]) == .sent)
        #expect(try pair.client.awaitPart().copyBytes() == [3])
    }

    @Test func aRouterSaysThatAPeerIsUnreachable() throws {
        let router = try Socket(.router, in: context)
        try router.bind(to: "tcp://127.0.0.1:*")
        let nobody = try Message(copying: [1, 2, 3]).withBytes { RoutingID($0) }
        #expect(try router.address(nobody) == .unreachable)
    }

    @Test func aRouterWouldBlockWhenAPeerReadsNothing() throws {
        var options = SocketOptions()
        options.sendHighWater = 2
        options.receiveHighWater = 2
        let pair = try connectedPair(.router, options)
        #expect(try pair.client.send(copying: [1]) == .sent)
        let peer = try pair.server.awaitPart().withBytes { RoutingID($0) }
        let payload = try Message(copying: pattern(1 << 20))

        var outcome = try pair.server.address(peer)
        for _ in 0..<1_000 where outcome == .sent {
            var reference = payload.reference()
            #expect(try pair.server.send(&reference) == .sent)
            outcome = try pair.server.address(peer)
        }
        #expect(outcome == .wouldBlock)
    }

    @Test func aDealerWithoutAPeerWouldBlockAndKeepsTheMessage() throws {
        let dealer = try Socket(.dealer, in: context)
        var message = try Message(copying: pattern(50))
        #expect(try dealer.send(&message) == .wouldBlock)
        #expect(message.copyBytes() == pattern(50))
    }

    @Test func aPeerThatSendsTooLargeAPartIsCutOff() throws {
        var options = SocketOptions()
        options.largestPartByteCount = 1_000
        let server = try Socket(.dealer, in: context, options: options)
        try server.bind(to: "tcp://127.0.0.1:*")
        let client = try Socket(.dealer, in: context)
        try client.watchConnections()
        try client.connect(to: try server.lastEndpoint())
        #expect(try client.awaitConnectionEvent() == .ready)

        #expect(try client.send(copying: pattern(1_000)) == .sent)
        #expect(try server.awaitPart().byteCount == 1_000)
        #expect(try client.send(copying: pattern(1_001)) == .sent)
        #expect(try client.awaitConnectionEvent() == .disconnected)
    }

    @Test func connectingToNobodyIsReportedAsFailed() throws {
        let client = try Socket(.dealer, in: context)
        try client.watchConnections()
        // A free port could be taken by a test beside this one; nobody listens on port 1.
        try client.connect(to: "tcp://127.0.0.1:1")
        #expect(try client.awaitConnectionEvent() == .failed)
    }

    @Test func aSubscriberReceivesWhatBeginsWithItsPrefix() throws {
        let publisher = try Socket(.publish, in: context)
        try publisher.bind(to: "tcp://127.0.0.1:*")
        let subscriber = try Socket(.subscribe, in: context)
        try subscriber.subscribe(to: "ready")
        try subscriber.subscribe(to: "b/")
        try subscriber.connect(to: try publisher.lastEndpoint())
        // A publisher says nothing about who listens: repeat until the subscription is there.
        var heard = try subscriber.receive()
        let deadline = ContinuousClock.now + patience
        while heard == nil, .now < deadline {
            #expect(try publisher.send(copying: [UInt8]("ready".utf8)) == .sent)
            heard = try subscriber.receive()
        }
        #expect(try publisher.send(copying: [UInt8]("a/1".utf8)) == .sent)
        #expect(try publisher.send(copying: [UInt8]("b/2".utf8)) == .sent)
        var text = "ready"
        while text == "ready" {
            text = String(decoding: try subscriber.awaitPart().copyBytes(), as: UTF8.self)
        }
        #expect(text == "b/2")
    }

    @Test func bindingAUsedPortSaysSo() throws {
        let first = try Socket(.router, in: context)
        try first.bind(to: "tcp://127.0.0.1:*")
        let second = try Socket(.router, in: context)
        let endpoint = try first.lastEndpoint()
        let error = #expect(throws: ZeroMQError.self) { try second.bind(to: endpoint) }
        #expect(error?.isAddressInUse == true)
        #expect(error?.reason == "Address already in use")
    }

    @Test func bindingABadEndpointNamesTheFailedCall() throws {
        let socket = try Socket(.router, in: context)
        let error = #expect(throws: ZeroMQError.self) { try socket.bind(to: "nonsense") }
        #expect(error?.operation.description == "zmq_bind")
    }

    @Test(arguments: ["65536", "71086", "99999999999999999999"])
    func aPortThatCannotBeIsRefused(port: String) throws {
        let socket = try Socket(.router, in: context)
        let endpoint = "tcp://127.0.0.1:\(port)"
        let bound = #expect(throws: ZeroMQError.self) { try socket.bind(to: endpoint) }
        #expect(bound?.reason == "there is no port above 65535")
        let connected = #expect(throws: ZeroMQError.self) { try socket.connect(to: endpoint) }
        #expect(connected?.operation.description == "zmq_connect")
    }

    @Test(arguments: ["", "-1", "5550x", "+5", "5 5"])
    func aPortThatIsNoNumberIsRefused(port: String) throws {
        let socket = try Socket(.router, in: context)
        #expect(throws: ZeroMQError.self) { try socket.bind(to: "tcp://127.0.0.1:\(port)") }
        #expect(throws: ZeroMQError.self) { try socket.connect(to: "tcp://127.0.0.1:\(port)") }
    }

    @Test func theLastPortIsTaken() throws {
        let socket = try Socket(.dealer, in: context)
        try socket.connect(to: "tcp://127.0.0.1:65535")
    }

    private struct Pair: ~Copyable {
        let server: Socket
        let client: Socket
    }

    /// A bound socket of `kind` and a dealer connected to it.
    private func connectedPair(
        _ kind: Socket.Kind,
        _ options: SocketOptions = SocketOptions()
    ) throws -> Pair {
        let server = try Socket(kind, in: context, options: options)
        try server.bind(to: "tcp://127.0.0.1:*")
        let client = try Socket(.dealer, in: context, options: options)
        try client.connect(to: try server.lastEndpoint())
        try client.awaitWritable()
        return Pair(server: server, client: client)
    }
}
