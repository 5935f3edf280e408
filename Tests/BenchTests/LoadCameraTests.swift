import Logging
import Service
import Synchronization
import Testing
import Wire
import ZeroMQ

@testable import Bench

@Suite struct LoadCameraTests {
    @Test(.timeLimit(.minutes(1)))
    func aCameraWhoseFramesNobodyAcknowledgesComesToAnEnd() throws {
        let context = try Context()
        let router = try Socket(.router, in: context)
        try router.bind(to: "tcp://127.0.0.1:*")
        var plan = CameraPlan(
            endpoint: try router.lastEndpoint(),
            stream: "cam",
            pictures: try Pictures(byteCount: 1_000),
            acknowledgement: .archive
        )
        plan.patience = .milliseconds(300)
        let (gate, stop) = (Gate(parties: 1), try StopSignal())
        var report = CameraReport()
        try withCamera(plan, gate, stop, report: &report) {
            var poller = Poller()
            _ = poller.add(router)
            // All that it may send is taken, and nothing else said.
            while !gate.isClosed {
                guard let identity = try router.receive() else {
                    _ = try poller.wait(for: .milliseconds(10))
                    continue
                }
                let peer = RoutingID(identity.bytes)
                var part = Message()
                _ = try router.receive(into: &part)
                let type = try Header(part.bytes).type
                try router.skipRest(of: &part)
                guard type == .hello else { continue }
                try say(Welcome(), to: peer, through: router)
                let room = Ack(
                    stream: "cam",
                    epoch: 0,
                    receivedNext: 0,
                    archivedNext: 0,
                    limit: 1 << 30
                )
                try say(room, to: peer, through: router)
            }
        }
        #expect(report.taken > 0)
        #expect(report.delivered == 0)
        #expect(report.givenUp == report.taken)
    }

    private func say(
        _ message: some WireMessage,
        to peer: RoutingID,
        through socket: borrowing Socket
    ) throws {
        #expect(try socket.address(peer) == .sent)
        #expect(try socket.send(copying: message.encoded()) == .sent)
    }

    /// Runs a camera beside `body`, and closes the gate when it has ended.
    private func withCamera(
        _ plan: CameraPlan,
        _ gate: Gate,
        _ stop: StopSignal,
        report: inout CameraReport,
        _ body: () throws -> Void
    ) throws {
        let reports = Reports()
        let thread = try ServiceThread("camera") {
            defer { gate.close() }
            let camera = try LoadCamera(
                plan,
                in: Context(),
                gate: gate,
                backlog: nil,
                stop: stop,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
            reports.add(try camera.run())
        }
        try body()
        try thread.join()
        report = try #require(reports.all.first)
    }
}

private final class Reports: Sendable {
    private let reports = Mutex<[CameraReport]>([])

    func add(_ report: CameraReport) { reports.withLock { $0.append(report) } }

    var all: [CameraReport] { reports.withLock { $0 } }
}
