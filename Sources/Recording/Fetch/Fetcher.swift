internal import Dispatch
internal import Logging
internal import Service
internal import Synchronization
internal import Wire
internal import ZeroMQ

/// The fetching thread: answers FETCH with frames that are owed and due.
///
/// A replay at a pace has frames that are not due yet. It is answered at once all the same, with
/// nothing, so that it takes no room at the broker; when its next frame is due, a DEBT says so.
final class Fetcher: Sendable {
    /// Bytes of frames read ahead of the connection, about.
    private static let outboxByteCount = 16 << 20
    /// Wait before a frame is read again that cannot be read now.
    private static let retryPause: Duration = .seconds(1)

    private struct Requests: Sendable {
        var session: UInt64 = 0
        var fetches: [Fetch] = []
        /// Whether a job was paused, goes on, or is over.
        var haveJobsChanged = false
        var isClosed = false
    }

    /// What is ready for the broker.
    let outbox = Outbox(byteLimit: outboxByteCount)

    private let committer: Committer
    private let logger: Logger
    private let wakeUp: WakeUp
    private let requests = Mutex(Requests())
    private let bell = DispatchSemaphore(value: 0)
    private let thread = Mutex<ServiceThread?>(nil)
    private let clock = ContinuousClock()
    private let start = ContinuousClock.now

    /// Starts the thread.
    ///
    /// - Parameters:
    ///   - committer: Whose log and debts are read.
    ///   - wakeUp: Rung when there is something in ``outbox``.
    ///   - logger: Told about damaged records.
    /// - Throws: A `Failure` when the system starts no more threads.
    init(_ committer: Committer, wakeUp: WakeUp, logger: Logger) throws(Failure) {
        self.committer = committer
        self.wakeUp = wakeUp
        self.logger = logger
        let started = try ServiceThread("fetch") { [self] in run() }
        thread.withLock { $0 = started }
    }

    /// Forgets what an earlier session asked for.
    func begin(session: UInt64) {
        requests.withLock { requests in
            requests.session = session
            requests.fetches.removeAll()
        }
        outbox.begin(session: session)
        bell.signal()
    }

    /// Takes a request of the current session.
    func request(_ fetch: Fetch) {
        requests.withLock { requests in
            // At most one is under way for each (run, stream): a second one replaces it.
            requests.fetches.removeAll { $0.run == fetch.run && $0.stream == fetch.stream }
            requests.fetches.append(fetch)
        }
        bell.signal()
    }

    /// Looks again at what waits: a job was paused, goes on, or is over.
    func noticeJobs() {
        requests.withLock { $0.haveJobsChanged = true }
        bell.signal()
    }

    /// Ends the thread.
    func close() {
        requests.withLock { $0.isClosed = true }
        outbox.close()
        bell.signal()
        let thread = thread.withLock { $0.take() }
        try? thread?.join()
    }

    private func run() {
        var held = FetchSession()
        while true {
            let asked = requests.withLock { requests in
                defer {
                    requests.fetches.removeAll(keepingCapacity: true)
                    requests.haveJobsChanged = false
                }
                return requests
            }
            if asked.isClosed { return }
            if asked.session != held.number { held = FetchSession(asked.session) }
            for fetch in asked.fetches { answer(fetch, asked.session, &held) }
            if asked.haveJobsChanged {
                for feed in held.stir(runs) { tellDue(feed, asked.session) }
            }
            for feed in held.takeDue(at: now) { tellDue(feed, asked.session) }
            guard let next = held.next, next < .never else {
                bell.wait()
                continue
            }
            let pause = max(.zero, next - now)
            let nanoseconds = Int(min(pause, .seconds(1)) / .nanoseconds(1))
            _ = bell.wait(timeout: .now() + .nanoseconds(nanoseconds))
        }
    }

    private var now: Duration { clock.now - start }

    /// The replays that are not over, and whether each runs.
    private var runs: [Run: Bool] {
        committer.withState { state in
            let runs = state.runsOfJobs.map { ($0, state.runningJob(of: $0)?.state == .running) }
            return Dictionary(runs) { $0 || $1 }
        }
    }

    /// Answers one request.
    private func answer(_ fetch: Fetch, _ session: UInt64, _ held: inout FetchSession) {
        let feed = FetchSession.Feed(run: fetch.run, stream: fetch.stream)
        if !held.isResting(feed, at: now) {
            guard let due = sendFrames(fetch, session, &held) else { return }
            held.rest(feed, until: due)
        }
        let owed = committer.withState { $0.debts.count(of: fetch.run, stream: fetch.stream) }
        put(.end(.nothingYet(fetch, owedFrames: owed)), session)
    }

    /// Says that a feed has a frame to send, so that the broker asks for it.
    private func tellDue(_ feed: FetchSession.Feed, _ session: UInt64) {
        let owed = committer.withState { $0.debts.count(of: feed.run, stream: feed.stream) }
        guard owed > 0, feed.run.number > 0 else { return }
        put(.due(Debt(run: feed.run, stream: feed.stream, owedFrames: owed)), session)
    }

    private func put(_ content: Outbox.Item.Content, _ session: UInt64) {
        _ = outbox.put(Outbox.Item(content: content), session: session)
        wakeUp.signal()
    }

    /// Answers one request with frames, or returns when there may be some: when its first frame is
    /// due, or when the disk may work again.
    private func sendFrames(
        _ fetch: Fetch,
        _ session: UInt64,
        _ held: inout FetchSession
    ) -> Duration? {
        let retry = now + Self.retryPause
        switch prepare(fetch.run, &held) {
        case .ready: break
        case .paused: return .never
        case .unknown: return retry
        }
        var answer = FetchAnswer(fetch, committer)
        while !answer.isCutShort, let place = answer.nextPlace() {
            let id = FrameID(stream: fetch.stream, place)
            var wait: Duration?
            switch read(id, &held) {
            case .unreadable: wait = retry
            case .lost(let reason):
                if bury(id, of: fetch.run, reason) { answer.skip(place) } else { wait = retry }
            case .found(let frame, let record):
                if let due = held.pacing[fetch.run]?.due(captured: frame.capturedAt), due > now {
                    wait = due
                }
                guard wait == nil, answer.hasRoom(for: record.byteCount) else { break }
                let item = Outbox.Item(content: .fetched(Fetched(run: fetch.run), record))
                guard outbox.put(item, session: session) else { return nil }
                wakeUp.signal()
                answer.send(place, byteCount: record.byteCount)
                held.pacing[fetch.run]?.rate?.count(at: now)
            }
            if let wait {
                if answer.sentFrames == 0 { return wait }
                answer.isCutShort = true
            }
        }
        put(.end(answer.end()), session)
        return nil
    }

    /// Whether a run's frames may be sent.
    private enum Readiness {
        case ready
        case paused
        /// The disk does not say now when the first one is due.
        case unknown
    }

    /// Works out how fast a run's frames go; the schedule of a paced replay begins with the first
    /// request for it.
    private func prepare(_ run: Run, _ held: inout FetchSession) -> Readiness {
        guard run.number > 0, let job = committer.withState({ $0.runningJob(of: run) }) else {
            return .ready
        }
        guard job.state == .running else { return .paused }
        guard held.pacing[run] == nil, job.pace > 0 || job.rate > 0 else { return .ready }
        var pacing = Pacing()
        if job.rate > 0 { pacing.rate = RateLimit(rate: job.rate, now: now) }
        if job.pace > 0 {
            let first = firstCaptured(of: run, &held)
            guard first.isKnown else { return .unknown }
            pacing.schedule = first.time.map {
                ReplaySchedule(
                    begin: now,
                    firstCaptured: $0,
                    pace: job.pace,
                    silences: job.silences
                )
            }
        }
        held.pacing[run] = pacing
        return .ready
    }

    /// When the oldest frame was captured that a run owes; `nil` when none can be read.
    private func firstCaptured(
        of run: Run,
        _ held: inout FetchSession
    ) -> (time: Int64?, isKnown: Bool) {
        let firsts = committer.withState { state in
            state.debts.streams(of: run).compactMap { stream in
                state.debts.next(of: run, stream: stream, after: nil)
                    .map { FrameID(stream: stream, $0) }
            }
        }
        var first: Int64?
        for id in firsts {
            switch read(id, &held) {
            case .found(let frame, _): first = min(first ?? frame.capturedAt, frame.capturedAt)
            case .lost: continue  // Buried when it is fetched.
            case .unreadable: return (nil, false)
            }
        }
        return (first, true)
    }

    /// What became of reading a frame.
    private enum Reading {
        case found(Frame, Outbox.Record)
        /// It is not what the camera wrote, or not there, for ever.
        case lost(String)
        /// It may be readable later.
        case unreadable
    }

    /// Reads a frame with everything checked.
    private func read(_ id: FrameID, _ held: inout FetchSession) -> Reading {
        do throws(RecordingError) {
            let stored = try StoredFrame.read(id, from: committer.log)
            held.trouble = ""
            switch stored {
            case .found(let frame, let record): return .found(frame, record)
            case .missing: return .lost("the log has no readable record of it")
            case .damaged(let position, let reason):
                return .lost("its record at position \(position) is damaged: \(reason)")
            }
        } catch {
            if error.kind == .damaged { return .lost(error.description) }
            if error.description != held.trouble {
                logger.error("frame \(id) is waited for: \(error)")
                held.trouble = error.description
            }
            return .unreadable
        }
    }

    /// Makes a frame that cannot be read a dead letter of `run`; returns whether there was room for it.
    private func bury(_ id: FrameID, of run: Run, _ reason: String) -> Bool {
        let letter = DeadLetter(
            run: run,
            frame: id,
            attempts: 0,
            reason: reason,
            worker: "",
            at: WallClock.nanoseconds
        )
        guard committer.commitLater(.dead(letter)) else { return false }
        logger.error("frame \(id) cannot be fetched for run \(run): \(reason)")
        return true
    }
}

extension FrameID {
    /// The frame at a place of a stream.
    init(stream: String, _ place: Place) {
        self.init(stream: stream, epoch: place.epoch, sequence: place.sequence)
    }
}
