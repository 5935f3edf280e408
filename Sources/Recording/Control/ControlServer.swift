internal import Logging
internal import Service
internal import Synchronization
internal import Wire
internal import ZeroMQ

/// The control thread: answers the command line; what takes long is done by ``ReplayDesk`` or parked,
/// so that nobody waits for somebody else's request.
final class ControlServer: Sendable {
    private let replays: Replays
    private let desk: ReplayDesk
    private let bench: WorkBench
    private let bell: WakeUp
    private let isClosing = Atomic<Bool>(false)
    private let thread = Mutex<ServiceThread?>(nil)

    /// Requests that may wait for the catalog at a time.
    private static let parkingLimit = 64
    /// How often the catalog is looked at while a request waits for it.
    private static let glance: Duration = .milliseconds(20)

    /// A request that waits for the catalog.
    private struct Parked {
        let question: ControlQuestion
        let peer: RoutingID
    }

    /// Binds the socket of `directory` and starts the thread.
    init(
        _ directory: DataDirectory,
        replays: Replays,
        retention: Retention,
        context: Context,
        logger: Logger
    ) throws {
        self.replays = replays
        bench = WorkBench(
            Steward(
                directory: directory,
                committer: replays.committer,
                projection: replays.projection,
                retention: retention,
                logger: logger
            )
        )
        if replays.committer.withState({ !$0.holdings.erasures.isEmpty }) {
            _ = try bench.begin(.finishErasures)
        }
        bell = try WakeUp()
        desk = try ReplayDesk(replays, bell: bell)
        let endpoint = try ControlEndpoint(directory)
        let started = try ServiceThread("control") { [self] in
            do {
                let socket = try Socket(.router, in: context)
                try socket.bind(to: endpoint.endpoint)
                try serve(socket)
            } catch let error as ZeroMQError {
                logger.error(
                    "\(RecordingError.control(error, directory)); commands cannot reach us"
                )
            }
        }
        thread.withLock { $0 = started }
    }

    /// Ends the threads; what waits for the catalog is not waited for.
    func close() {
        isClosing.store(true, ordering: .releasing)
        bell.signal()
        let thread = thread.withLock { $0.take() }
        try? thread?.join()
        desk.close()
        bench.close()
    }

    private func serve(_ socket: borrowing Socket) throws(ZeroMQError) {
        var poller = Poller()
        _ = poller.add(socket)
        _ = poller.add(fileDescriptor: bell.fileDescriptor)
        var parked = Parking<Parked>()
        while !isClosing.load(ordering: .acquiring) {
            _ = try poller.wait(for: parked.isEmpty ? nil : Self.glance)
            _ = bell.drain()
            while let identity = try socket.receive() {
                guard identity.hasMore, var body = try socket.receive() else { continue }
                let peer = identity.withBytes { RoutingID($0) }
                let question = body.copyBytes()
                var bytes: [UInt8] = []
                if body.hasMore, try socket.receive(into: &body) { bytes = body.copyBytes() }
                _ = try socket.skipRest(of: &body)
                try take(question, bytes, from: peer, socket, &parked)
            }
            for (peer, reply) in desk.takeReplies() { try send(reply, nil, to: peer, socket) }
            for over in parked.takeOver(at: replays.projection.position, now: .now) {
                try finish(over.request, isReady: over.isReady, socket)
            }
        }
    }

    private func take(
        _ question: [UInt8],
        _ bytes: [UInt8],
        from peer: RoutingID,
        _ socket: borrowing Socket,
        _ parked: inout Parking<Parked>
    ) throws(ZeroMQError) {
        guard let question = ControlCoding.decode(ControlQuestion.self, question) else {
            let sentence = "the archive does not understand this command; are both of one version?"
            return try refuse(sentence, 0, to: peer, socket, .invalid)
        }
        let patience: Duration
        switch question.request {
        // A catalog that is far behind answers with what it has.
        case .catchUp: patience = .milliseconds(900)
        case .replay: patience = Replays.patience
        case .change, .transfer:
            return try hand(question, bytes, of: peer, isReady: true, socket)
        case .status, .job, .frame, .records, .position, .begin, .work:
            let (reply, record) = answer(question)
            return try send(reply, record, to: peer, socket)
        }
        guard parked.count < Self.parkingLimit else {
            let sentence = "the archive has too many requests under way; try again in a while"
            return try refuse(sentence, question.number, to: peer, socket)
        }
        parked.add(
            Parked(question: question, peer: peer),
            until: replays.committer.log.promised,
            orAt: .now + patience
        )
    }

    /// Deals with a request that has waited for the catalog, or long enough.
    private func finish(
        _ waiting: Parked,
        isReady: Bool,
        _ socket: borrowing Socket
    ) throws(ZeroMQError) {
        if case .replay = waiting.question.request {
            return try hand(waiting.question, [], of: waiting.peer, isReady: isReady, socket)
        }
        var reply = ControlReply(number: waiting.question.number)
        if !isReady { reply.behind = lag }
        try send(reply, nil, to: waiting.peer, socket)
    }

    /// How far the catalog is behind the log, and why if it cannot follow.
    private var lag: String {
        let (end, reached) = (replays.committer.log.promised, replays.projection.position)
        let count = Readable.count(Int64(clamping: end - min(end, reached)))
        return "the catalog is \(count) records behind the log"
            + (replays.projection.trouble.map { ", and cannot follow: \($0)" } ?? "")
    }

    private func hand(
        _ question: ControlQuestion,
        _ bytes: [UInt8],
        of peer: RoutingID,
        isReady: Bool,
        _ socket: borrowing Socket
    ) throws(ZeroMQError) {
        guard isReady else {
            let sentence = "\(lag); try again in a while"
            return try refuse(sentence, question.number, to: peer, socket)
        }
        guard desk.offer(question, bytes, from: peer) else {
            let sentence = "the archive has too many requests under way; try again in a while"
            return try refuse(sentence, question.number, to: peer, socket)
        }
    }

    private func refuse(
        _ sentence: String,
        _ number: UInt64,
        to peer: RoutingID,
        _ socket: borrowing Socket,
        _ kind: RecordingError.Kind = .failed
    ) throws(ZeroMQError) {
        var reply = ControlReply(number: number)
        reply.refusal = .init(kind: kind, sentence: sentence)
        try send(reply, nil, to: peer, socket)
    }

    private func send(
        _ reply: ControlReply,
        _ record: Outbox.Record?,
        to peer: RoutingID,
        _ socket: borrowing Socket
    ) throws(ZeroMQError) {
        guard try socket.address(peer) == .sent else { return }
        _ = try socket.send(copying: ControlCoding.encode(reply), more: record != nil)
        guard let record else { return }
        _ = try record.withPayload { (payload) throws(ZeroMQError) in
            _ = try socket.send(copying: record.header, more: true)
            return try socket.send(&payload)
        }
    }

    private func answer(_ question: ControlQuestion) -> (ControlReply, Outbox.Record?) {
        var reply = ControlReply(number: question.number)
        do throws(RecordingError) {
            switch question.request {
            case .status: reply.status = status
            case .job(let number): reply.job = try replays.progress(of: number)
            case .frame(let stream, let epoch, let sequence):
                let id = FrameID(stream: stream, epoch: epoch, sequence: sequence)
                return (reply, try StoredFrame.record(id, from: replays.committer.log))
            case .records(let start):
                let log = replays.committer.log
                let (stretch, record) = try RecordStretch.read(from: start, of: log)
                reply.records = stretch
                return (reply, record)
            case .begin(let request): reply.work = try bench.begin(request)
            case .work(let number): reply.work = bench.status(of: number)
            case .position(let stream, let epoch, let sequence):
                let id = FrameID(stream: stream, epoch: epoch, sequence: sequence)
                reply.position = try replays.committer.log.position(of: id)
            case .catchUp, .replay, .change, .transfer: break
            }
        } catch {
            reply.refusal = .init(error)
        }
        return (reply, nil)
    }

    private var status: ArchiveStatus {
        let log = replays.committer.log
        return replays.committer.withState { state in
            ArchiveStatus(
                state,
                segments: log.segmentCount,
                promised: log.promised,
                cataloged: replays.projection.position
            )
        }
    }
}

extension StoredFrame {
    /// The frame's parts; what is missing or damaged is an error that says so.
    static func record(_ id: FrameID, from log: Log) throws(RecordingError) -> Outbox.Record {
        switch try read(id, from: log) {
        case .found(_, let record): return record
        case .missing: throw .gone(id)
        case .damaged(let position, let reason):
            throw RecordingError(
                .damaged,
                "frame \(id), at position \(position), is damaged: \(reason)"
            )
        }
    }
}
