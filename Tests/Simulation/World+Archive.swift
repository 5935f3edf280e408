internal import Recording
internal import Routing
internal import Wire

extension World {
    mutating func connectArchive() {
        let peer = newPeer()
        archive.peer = peer
        archive.committed = 0
        let wishes = ArchiveWishes(creditMessages: plan.archiveMessages, creditBytes: 9_000)
        let hello = Hello(name: "archive", role: .archive(wishes))
        network.send(.event(.hello(peer, hello)), from: peer)
    }

    mutating func restartArchive() {
        guard let peer = archive.peer else { return }
        note("the archive restarts")
        network.cut(peer)
        archive.disconnect()
        forgetFetches()
        tell(.lost(peer))
        // What a new process knows is what its log says.
        var state = LogState()
        for record in archive.state.records() { state.apply(record) }
        archive.state = state
    }

    mutating func receiveAtArchive(_ message: Downstream) {
        switch message {
        case .welcome: sync()
        case .refuse:
            if let peer = archive.peer { network.cut(peer) }
            archive.disconnect()
            forgetFetches()
        case .frame(let frame): archive.inbox.append(.frame(frame))
        case .result(let result): archive.inbox.append(.result(result))
        case .record(.group(let group)): archive.inbox.append(.group(group))
        case .record(.gap(let gap)): archive.inbox.append(.gap(gap))
        case .record(.dead(let letter)): archive.inbox.append(.dead(letter))
        case .fetch(let fetch): archive.fetches.append(fetch)
        default: fail("the archive is sent \(message)")
        }
        if archive.inbox.count > Int(plan.archiveMessages) {
            fail("the archive is sent \(archive.inbox.count) messages")
        }
    }

    private mutating func say(_ event: Event) {
        guard let peer = archive.peer else { return }
        network.send(.event(event), from: peer)
    }

    /// What it tells the broker when a session begins.
    private mutating func sync() {
        guard let peer = archive.peer else { return }
        archive.isWelcome = true
        for (stream, next) in archive.state.streams.sorted(by: { $0.key < $1.key }) {
            say(.stream(peer, StreamState(stream: stream, next: next)))
        }
        for group in archive.state.groups.values.sorted(by: { $0.name < $1.name }) {
            say(.group(peer, group))
        }
        for account in sortedAccounts { tellAccount(account) }
        for run in sortedJobRuns {
            for stream in archive.state.debts.streams(of: run) { announce(run, stream) }
        }
        say(.ready(peer))
    }

    private var sortedAccounts: [Debt] {
        archive.state.accounts.sorted { ($0.run.group, $0.stream) < ($1.run.group, $1.stream) }
    }

    private var sortedJobRuns: [Run] {
        archive.state.runsOfJobs.sorted { ($0.group, $0.number) < ($1.group, $1.number) }
    }

    private mutating func tellAccount(_ account: Debt) {
        guard let peer = archive.peer else { return }
        let key = SimulatedArchive.Key(run: account.run, stream: account.stream)
        guard archive.told.updateValue(account, forKey: key) != account else { return }
        say(.debt(peer, account))
    }

    private mutating func announce(_ run: Run, _ stream: String) {
        guard let peer = archive.peer else { return }
        archive.announced[run, default: []].append(stream)
        let owed = archive.state.debts.count(of: run, stream: stream)
        say(.debt(peer, Debt(run: run, stream: stream, owedFrames: owed)))
    }

    /// The archive commits a few messages and says so.
    mutating func archiveWorks() {
        guard let peer = archive.peer, archive.isWelcome, archive.hangsUntil <= now else {
            return
        }
        let before = archive.inbox.count
        for _ in 0..<Int.random(in: 1...6, using: &random) { archive.commitOne() }
        if archive.inbox.count < before {
            say(.committed(peer, Committed(count: archive.committed)))
        }
        if random.once(in: 3) {
            for account in sortedAccounts { tellAccount(account) }
        }
        tellOverJobs(peer)
    }

    private mutating func tellOverJobs(_ peer: PeerID) {
        let running = Set(archive.state.runsOfJobs)
        let over = archive.announced.filter { !running.contains($0.key) }
        for (run, streams) in over.sorted(by: { $0.key.description < $1.key.description }) {
            for stream in streams {
                say(.debt(peer, Debt(run: run, stream: stream, owedFrames: 0)))
            }
            archive.announced[run] = nil
        }
    }

    /// The archive answers one FETCH, message by message.
    mutating func archiveAnswers() {
        guard let peer = archive.peer, !archive.fetches.isEmpty, archive.hangsUntil <= now else {
            return
        }
        let fetch = archive.fetches.removeFirst()
        var (after, bytes, isHead, frames) = (fetch.after, 0, true, 0)
        let state = archive.state
        while let place = state.debts.next(of: fetch.run, stream: fetch.stream, after: after) {
            guard let frame = archive.frames[fetch.stream]?.first(where: { $0.id.place == place })
            else { return fail("\(place) of \(fetch.stream) is owed and not there") }
            bytes += Int(frame.byteCount)
            guard frames < Int(fetch.frames), frames == 0 || bytes <= Int(fetch.bytes) else {
                isHead = false
                break
            }
            frames += 1
            after = place
            network.send(.fetched(peer, Fetched(run: fetch.run), frame), from: peer)
        }
        if isHead, fetch.run.number == 0, let next = state.streams[fetch.stream], next.sequence > 0
        {
            // Past announced gaps, too.
            let last = Place(epoch: next.epoch, sequence: next.sequence - 1)
            after = after.map { max($0, last) } ?? last
        }
        let end = End(
            run: fetch.run,
            stream: fetch.stream,
            through: after,
            isHead: isHead,
            owedFrames: state.debts.count(of: fetch.run, stream: fetch.stream),
            owedBytes: 0
        )
        say(.end(peer, end))
    }

    // MARK: Replays

    mutating func startReplay() {
        guard archive.jobs < 6, let group = plan.groups.randomElement(using: &random),
            let stream = archive.frames.keys.sorted().randomElement(using: &random),
            let frames = archive.frames[stream], !frames.isEmpty
        else { return }
        archive.jobs += 1
        let run = Run(group: group.name, number: archive.state.nextRunNumber(of: group.name))
        let places = frames.suffix(20).map(\.id.place)
        archive.commit(.job(job(archive.jobs, run, .running, frames: places.count)))
        archive.owe(places, of: stream, to: run)
        announce(run, stream)
    }

    /// Cancels the oldest replay that runs; the broker may be away, and hears of it later.
    mutating func cancelReplay() {
        guard let run = sortedJobRuns.first, var job = archive.state.runningJob(of: run) else {
            return
        }
        job.state = .cancelled
        archive.commit(.job(job))
        archive.cancelled.insert(run)
    }

    private func job(_ number: UInt64, _ run: Run, _ state: Job.State, frames: Int) -> Job {
        Job(
            number: number,
            run: run,
            state: state,
            pace: 0,
            createdAt: 0,
            frames: UInt64(frames),
            selection: "the last \(frames)"
        )
    }
}
