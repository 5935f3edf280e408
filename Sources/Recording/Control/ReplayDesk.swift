internal import Dispatch
internal import Service
internal import Synchronization
internal import ZeroMQ

/// The thread that begins and changes replays and takes in the records of other archives: that may
/// take long, and nobody else is to wait for it.
final class ReplayDesk: Sendable {
    private struct Work: Sendable {
        var questions: [(peer: RoutingID, question: ControlQuestion, bytes: [UInt8])] = []
        var replies: [(peer: RoutingID, reply: ControlReply)] = []
        var isClosed = false
    }

    /// Requests waiting at most.
    private static let limit = 16

    private let replays: Replays
    private let importer: Importer
    private let bell: WakeUp
    private let work = Mutex(Work())
    private let arrival = DispatchSemaphore(value: 0)
    private let thread = Mutex<ServiceThread?>(nil)

    /// Starts the thread; `bell` is rung for each reply.
    init(_ replays: Replays, bell: WakeUp) throws(Failure) {
        self.replays = replays
        importer = Importer(replays.committer, replays.projection)
        self.bell = bell
        let started = try ServiceThread("replays") { [self] in run() }
        thread.withLock { $0 = started }
    }

    /// Takes a request; returns whether there was room for it.
    func offer(_ question: ControlQuestion, _ bytes: [UInt8], from peer: RoutingID) -> Bool {
        let isTaken = work.withLock { work in
            guard work.questions.count < Self.limit, !work.isClosed else { return false }
            work.questions.append((peer, question, bytes))
            return true
        }
        if isTaken { arrival.signal() }
        return isTaken
    }

    /// The replies that are ready, and whom they go to.
    func takeReplies() -> [(peer: RoutingID, reply: ControlReply)] {
        work.withLock { work in
            defer { work.replies.removeAll() }
            return work.replies
        }
    }

    /// Ends the thread after what it is doing.
    func close() {
        work.withLock { work in
            work.isClosed = true
            work.questions.removeAll()
        }
        arrival.signal()
        let thread = thread.withLock { $0.take() }
        try? thread?.join()
    }

    private func run() {
        while true {
            arrival.wait()
            let (next, isClosed) = work.withLock { work in
                (work.questions.isEmpty ? nil : work.questions.removeFirst(), work.isClosed)
            }
            if isClosed { return }
            guard let next else { continue }
            let reply = answer(next.question, next.bytes)
            work.withLock { $0.replies.append((next.peer, reply)) }
            bell.signal()
        }
    }

    private func answer(_ question: ControlQuestion, _ bytes: [UInt8]) -> ControlReply {
        var reply = ControlReply(number: question.number)
        do throws(RecordingError) {
            switch question.request {
            case .replay(let request): reply.job = try replays.begin(request)
            case .change(let number, let change): reply.job = try replays.change(number, change)
            case .transfer: reply.transfer = try importer.take(bytes)
            case .status, .catchUp, .job, .frame, .records, .position, .begin, .work: break
            }
        } catch {
            reply.refusal = .init(error)
        }
        return reply
    }
}
