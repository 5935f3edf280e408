internal import Logging
internal import Service
internal import Wire
internal import ZeroMQ

/// The archive's side of the conversation with the broker, on one thread: takes in what is to be
/// kept, says what is committed, and sends what the fetching thread has ready.
struct BrokerLink: ~Copyable {
    /// Messages granted that are not committed yet.
    static let creditMessages = UInt32(RecentAnswers.limit)
    /// Payload bytes granted that are not committed yet.
    static let creditBytes: UInt64 = 64 << 20

    private var link: Link
    private let committer: Committer
    private let fetcher: Fetcher
    private let logger: Logger

    private var session: UInt64 = 0
    /// The last session that was open.
    private var lastOpen: UInt64 = 0
    private var isOpen = false
    private var committed: UInt64 = 0
    /// Why nothing more is committed, as the broker knows it.
    private var trouble = ""
    /// Small messages to send, in order; those before `sent` are on their way.
    private var waiting: [[UInt8]] = []
    private var sent = 0
    /// The replays that the broker knows of, with their streams.
    private var announced: [Run: [String]] = [:]
    private var jobChanges = -1
    /// How many groups the broker was told of, or has had recorded.
    private var knownGroups = 0
    /// The accounts of durable groups, as the broker knows them.
    private var accounts = ToldAccounts()

    /// A link that has not connected yet.
    static func link(
        _ options: ArchiveService.Options,
        stop: StopSignal,
        context: Context,
        logger: Logger
    ) throws(Failure) -> Link {
        var configuration = Link.Configuration(endpoint: options.broker, logger: logger)
        configuration.stop = stop
        configuration.sendHighWater = 4_096
        configuration.receiveHighWater = Int(creditMessages) + 64
        let name = options.name
        return try Link(configuration, in: context) {
            let wishes = ArchiveWishes(creditMessages: creditMessages, creditBytes: creditBytes)
            return Hello(name: name, role: .archive(wishes))
        }
    }

    init(_ link: consuming Link, committer: Committer, fetcher: Fetcher, logger: Logger) {
        self.link = link
        self.committer = committer
        self.fetcher = fetcher
        self.logger = logger
    }

    /// Serves until the process is to stop.
    consuming func run() throws {
        while true {
            let hasOutput = sent < waiting.count || !fetcher.outbox.isEmpty
            let deadline = isOpen ? accounts.due : nil
            switch try link.next(until: deadline, wantsToSend: isOpen && hasOutput) {
            case .connected: if !isOpen { begin() }
            case .message(let parts): take(parts)
            case .lost: end()
            case .refused: end()
            case .warned(let error): logger.warning("the broker says: \(error.sentence)")
            case .writable: break
            case .timedOut: try noticeCommit()
            case .woken: try noticeCommit()
            case .stopped: return try stop()
            }
            try flush()
        }
    }

    // MARK: Sessions

    /// Tells a broker everything it may have forgotten.
    private mutating func begin() {
        isOpen = true
        session += 1
        // A disk that hangs may see many sessions: what waits is bounded by the credit of two.
        committer.forget(before: lastOpen)
        lastOpen = session
        committed = 0
        waiting.removeAll()
        sent = 0
        announced.removeAll()
        fetcher.begin(session: session)
        let (messages, debts, live) = committer.withState { state in
            var messages: [[UInt8]] = []
            for (stream, next) in state.streams {
                messages.append(StreamState(stream: stream, next: next).encoded())
            }
            messages += state.groups.values.map { $0.encoded() }
            var debts: [Debt] = []
            for run in state.debts.owing where run.number > 0 {
                for stream in state.debts.streams(of: run) {
                    let owed = state.debts.count(of: run, stream: stream)
                    debts.append(Debt(run: run, stream: stream, owedFrames: owed))
                }
            }
            return (messages, debts, state.accounts)
        }
        accounts = ToldAccounts(live)
        knownGroups = committer.withState { $0.groups.count }
        for debt in debts {
            announced[debt.run, default: []].append(debt.stream)
        }
        waiting = messages + (live + debts).map { $0.encoded() } + [Ready().encoded()]
        trouble = committer.trouble ?? ""
        if !trouble.isEmpty { waiting.append(Committed(count: 0, trouble: trouble).encoded()) }
    }

    private mutating func end() {
        isOpen = false
        waiting.removeAll()
        sent = 0
        session += 1
        fetcher.begin(session: session)
    }

    private consuming func stop() throws {
        // What was received is committed, and the broker told, as far as it still listens.
        committer.close()
        try noticeCommit()
        try flush()
        link.close(reason: "the archive is stopping")
    }

    // MARK: Receiving

    private mutating func take(_ parts: consuming Parts) {
        guard isOpen else { return link.recycle(parts) }
        switch parts.type {
        case .frame, .result, .group, .gap, .dead: keep(parts)
        case .fetch:
            if let fetch: Fetch = try? parts.read() { fetcher.request(fetch) }
            link.recycle(parts)
        default:
            logger.warning("the broker sent a \(parts.type) message, which means nothing here")
            link.recycle(parts)
        }
    }

    /// Hands a message to the committing thread.
    private mutating func keep(_ parts: consuming Parts) {
        let record: LogRecord
        do throws(WireError) {
            record = try LogRecord(decoding: parts.head)
        } catch {
            logger.error("the broker sent a \(parts.type) message that cannot be kept: \(error)")
            link.recycle(parts)
            return offer(nil)
        }
        var kept: LogRecord? = record
        if case .frame(let frame) = record, !Self.hasPayload(parts, of: frame) {
            // Never kept under its name: what is read back must be what the camera sent.
            logger.error("frame \(frame.id) arrived damaged and is lost")
            kept = nil
        }
        if let kept {
            offer(LogEntry(kept, bytes: MessageBytes(parts)))
        } else {
            offer(LogEntry(Self.gap(for: record)))
            link.recycle(parts)
        }
    }

    private mutating func offer(_ entry: LogEntry?) {
        if committer.offer(entry, session: session) { return }
        guard committer.failure == nil else { return }
        // What is not counted now is sent again in the next session.
        link.reconnect(reason: "it sent more than it was granted")
        end()
    }

    private static func hasPayload(_ parts: borrowing Parts, of frame: Frame) -> Bool {
        (try? frame.check(payload: parts.payload)) != nil
    }

    private static func gap(for record: LogRecord) -> LogRecord {
        guard case .frame(let frame) = record else { return record }
        return .gap(
            Gap(
                stream: frame.id.stream,
                epoch: frame.id.epoch,
                first: frame.id.sequence,
                last: frame.id.sequence,
                reason: .lost
            )
        )
    }

    // MARK: Sending

    private mutating func noticeCommit() throws(RecordingError) {
        if let failure = committer.failure { throw failure }
        guard isOpen else { return }
        let isDue = accounts.isDue(at: .now)
        // Both of one moment, as the accounts are true for that count.
        let (progress, live, groups) = committer.withStateAndProgress { state, progress in
            (progress, isDue ? state.accounts : [], state.groups.count)
        }
        if groups < knownGroups {
            // The broker learns which groups there are when a session begins.
            link.reconnect(reason: "a group was forgotten")
            return end()
        }
        knownGroups = groups
        let trouble = committer.trouble ?? ""
        let isNew = progress.session == session && progress.count > committed
        if isNew { committed = progress.count }
        if isNew || trouble != self.trouble {
            self.trouble = trouble
            waiting.append(Committed(count: committed, trouble: trouble).encoded())
            accounts.mayHaveChanged()
        }
        if isDue { waiting += accounts.changes(live, at: .now).map { $0.encoded() } }
        announceReplays()
    }

    /// Tells the broker of replays that have begun, and of those that are over.
    private mutating func announceReplays() {
        let (changes, running) = committer.withState { state in
            (state.jobChanges, state.jobChanges == jobChanges ? [] : state.owedByJobs)
        }
        guard changes != jobChanges else { return }
        jobChanges = changes
        fetcher.noticeJobs()
        for (run, streams) in announced where !running.contains(where: { $0.run == run }) {
            for stream in streams {
                waiting.append(Debt(run: run, stream: stream, owedFrames: 0).encoded())
            }
            announced[run] = nil
        }
        for debt in running where announced[debt.run]?.contains(debt.stream) != true {
            waiting.append(debt.encoded())
            announced[debt.run, default: []].append(debt.stream)
        }
    }

    /// Sends as much as the connection takes.
    private mutating func flush() throws {
        guard isOpen else { return }
        while sent < waiting.count {
            let header = waiting[sent]
            guard try unsafe link.send(header: header.span.bytes) != .wouldBlock else { return }
            sent += 1
        }
        waiting.removeAll(keepingCapacity: true)
        sent = 0
        while let item = fetcher.outbox.first() {
            guard try send(item) != .wouldBlock else { return }
            fetcher.outbox.removeFirst()
        }
    }

    private mutating func send(_ item: Outbox.Item) throws -> Link.SendOutcome {
        switch item.content {
        case .end(let end): return try link.send(end)
        case .due(let debt): return try link.send(debt)
        case .fetched(let fetched, let record):
            let header = record.header
            let outcome = try record.withPayload { (payload) throws(Failure) in
                try unsafe link.send(fetched, frameHeader: header.span.bytes, payload: &payload)
            }
            if outcome == .tooLarge {
                logger.error("a frame for run \(fetched.run) is larger than the broker takes")
            }
            return outcome
        }
    }
}

extension LogState {
    /// What the replays that are not over owe, by run and stream.
    fileprivate var owedByJobs: [Debt] {
        runsOfJobs.flatMap { run in
            debts.streams(of: run).map { stream in
                Debt(run: run, stream: stream, owedFrames: debts.count(of: run, stream: stream))
            }
        }
    }
}
