internal import Foundation
package import Wire
internal import ZeroMQ

/// The command line's end of the control socket; used by one thread.
package struct ControlClient: ~Copyable {
    private let directory: DataDirectory
    private let endpoint: ControlEndpoint
    /// How long the archive may take to answer.
    package var patience: Duration
    private let socket: Socket
    private var poller: Poller
    private let slot: Poller.Slot
    private let clock = ContinuousClock()
    /// Requests asked so far; a late answer to an earlier one is passed over.
    private var asked: UInt64 = 0

    /// A client of whoever serves `directory`, now or within `patience`.
    package init(_ directory: DataDirectory, patience: Duration) throws(RecordingError) {
        let endpoint = try ControlEndpoint(directory)
        let socket = try Self.connect(endpoint, directory)
        var poller = Poller()
        slot = poller.add(socket, [.readable, .writable])
        self.directory = directory
        self.patience = patience
        self.endpoint = endpoint
        self.socket = socket
        self.poller = poller
    }

    private static func connect(
        _ endpoint: ControlEndpoint,
        _ directory: DataDirectory
    ) throws(RecordingError) -> Socket {
        do throws(ZeroMQError) {
            let socket = try Socket(.dealer, in: try Context())
            try socket.connect(to: endpoint.endpoint)
            return socket
        } catch {
            throw .control(error, directory)
        }
    }

    /// Asks, and waits for the answer.
    ///
    /// - Throws: ``RecordingError/Kind/notServing`` when there is none within the client's patience,
    ///   and what the archive refuses with.
    package mutating func ask(_ request: ControlRequest) throws(RecordingError) -> ControlReply {
        try exchange(request).reply
    }

    /// A frame's header and payload, as the camera wrote them.
    package mutating func frame(
        _ id: FrameID
    ) throws(RecordingError) -> (header: [UInt8], payload: [UInt8]) {
        let request = ControlRequest.frame(
            stream: id.stream,
            epoch: id.epoch,
            sequence: id.sequence
        )
        let parts = try exchange(request).parts
        guard parts.count == 2 else {
            throw RecordingError(.failed, "the archive answered with something else than a frame")
        }
        return (parts[0], parts[1])
    }

    /// The next records of the log from `start` on, and the bytes of all of them.
    mutating func records(
        from start: UInt64
    ) throws(RecordingError) -> (stretch: RecordStretch, bytes: [UInt8]) {
        let (reply, parts) = try exchange(.records(from: start))
        guard let stretch = reply.records, parts.count == 2,
            parts[1].count == stretch.byteCounts.reduce(0, +),
            stretch.positions.count == stretch.byteCounts.count
        else {
            throw RecordingError(.failed, "the archive answered with something else than records")
        }
        return (stretch, parts[1])
    }

    /// Hands over records of another archive, and waits until they are committed.
    mutating func transfer(_ bytes: [UInt8]) throws(RecordingError) -> TransferCounts {
        guard let counts = try exchange(.transfer, bytes).reply.transfer else {
            throw RecordingError(.failed, "the archive does not say what it has taken in")
        }
        return counts
    }

    private mutating func exchange(
        _ request: ControlRequest,
        _ bytes: [UInt8]? = nil
    ) throws(RecordingError) -> (reply: ControlReply, parts: [[UInt8]]) {
        let answer: (ControlReply, [[UInt8]])?
        do throws(ZeroMQError) { answer = try send(request, bytes) } catch {
            throw .control(error, directory)
        }
        guard let answer else {
            let holder = LockHolder(of: directory)
            if holder.isHeld, holder.isServing { throw holder.silence }
            throw RecordingError(
                .notServing,
                "no archive serves \(directory.path); start one with: archive serve --data"
                    + " \(directory.path)"
            )
        }
        if let refusal = answer.0.refusal {
            throw RecordingError(refusal.kind, refusal.sentence)
        }
        return answer
    }

    /// Sends a request; `nil` when no answer comes in time.
    private mutating func send(
        _ request: ControlRequest,
        _ bytes: [UInt8]?
    ) throws(ZeroMQError) -> (ControlReply, [[UInt8]])? {
        guard try wait(.writable, until: clock.now + patience) else { return nil }
        asked += 1
        let question = ControlQuestion(number: asked, request: request)
        _ = try socket.send(copying: ControlCoding.encode(question), more: bytes != nil)
        if let bytes { _ = try socket.send(copying: bytes) }
        // Selecting frames, and committing many, may take longer than reaching the archive.
        let longest =
            switch request {
            case .replay, .transfer: Replays.patience
            default: Duration.zero
            }
        let deadline = clock.now + patience + longest
        while try wait(.readable, until: deadline) {
            var parts: [[UInt8]] = []
            var hasMore = true
            while hasMore, let part = try socket.receive() {
                hasMore = part.hasMore
                parts.append(part.copyBytes())
            }
            guard let first = parts.first else { continue }
            guard let reply = ControlCoding.decode(ControlReply.self, first) else {
                let sentence = "the archive's answer makes no sense to this version"
                var reply = ControlReply()
                reply.refusal = .init(kind: .failed, sentence: sentence)
                return (reply, [])
            }
            if reply.number == asked || reply.number == 0 {
                return (reply, Array(parts.dropFirst()))
            }
        }
        return nil
    }

    /// Waits for the socket; returns whether it was ready in time.
    private mutating func wait(
        _ interest: Poller.Interest,
        until deadline: ContinuousClock.Instant
    ) throws(ZeroMQError) -> Bool {
        poller.set(slot, interest)
        while true {
            let rest = deadline - clock.now
            if rest <= .zero { return false }
            if try poller.wait(for: rest) == .ready, poller.isReady(slot, interest) { return true }
        }
    }
}
