import Service
import Wire
import ZeroMQ

/// Listens on `events` and puts the messages of one moment together.
final class StatusReader {
    enum Outcome {
        case snapshot(StatusSnapshot)
        case result(Wire.Result)
        case timedOut
        case stopped
    }

    private let socket: Socket
    private let clock = ContinuousClock()
    private var message = Message()
    private var building: StatusSnapshot?

    init(events: String, withResults: Bool) throws {
        var options = SocketOptions()
        options.receiveHighWater = Sockets.eventsHighWater
        socket = try Socket(.subscribe, in: Context(), options: options)
        do {
            try socket.connect(to: events)
        } catch {
            throw Failure(.usage, "\(events) is no endpoint (\(error.reason)); try tcp://HOST:5552")
        }
        try socket.subscribe(to: "status")
        if withResults { try socket.subscribe(to: "result/") }
    }

    /// Waits for a whole snapshot or a result.
    func next(timeout: Duration?, stop: StopSignal) throws -> Outcome {
        let deadline = timeout.map { clock.now + $0 }
        var poller = Poller()
        let socketSlot = poller.add(socket)
        let stopSlot = poller.add(fileDescriptor: stop.fileDescriptor)
        while true {
            if let outcome = try receive() { return outcome }
            let remaining = deadline.map { $0 - clock.now }
            if let remaining, remaining <= .zero { return .timedOut }
            _ = try poller.wait(for: remaining)
            if poller.isReady(stopSlot) { return .stopped }
            _ = poller.isReady(socketSlot)
        }
    }

    /// Takes what has come until something is whole.
    private func receive() throws -> Outcome? {
        while try socket.receive(into: &message) {
            guard message.hasMore, try socket.receive(into: &message) else { continue }
            try socket.skipRest(of: &message)
            // What does not parse comes from something else than a broker of this version.
            if let outcome = try? message.withBytes(take) { return outcome }
        }
        return nil
    }

    private func take(_ bytes: RawSpan) throws(WireError) -> Outcome? {
        switch try Header(part: bytes).type {
        case .status: building = StatusSnapshot(broker: try Status(decoding: bytes))
        case .streamStatus: building?.streams.append(try StreamStatus(decoding: bytes))
        case .groupStatus: building?.groups.append(try GroupStatus(decoding: bytes))
        case .workerStatus: building?.workers.append(try WorkerStatus(decoding: bytes))
        case .result: return .result(try Wire.Result(decoding: bytes))
        default: return nil
        }
        guard let whole = building, whole.isWhole else { return nil }
        building = nil
        return .snapshot(whole)
    }
}

/// Everything that the broker said of one moment.
struct StatusSnapshot {
    var broker: Status
    var streams: [StreamStatus] = []
    var groups: [GroupStatus] = []
    var workers: [WorkerStatus] = []

    init(broker: Status) { self.broker = broker }

    var isWhole: Bool {
        streams.count == Int(broker.streams) && groups.count == Int(broker.groups)
            && workers.count == Int(broker.workers)
    }
}
