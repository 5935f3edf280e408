internal import Service
internal import Wire

/// Begins, calls off and describes replays; one thread begins them and calls them off.
struct Replays {
    let committer: Committer
    let catalog: Catalog
    let projection: CatalogProjection

    /// How long a selection waits for the catalog at most.
    static let patience: Duration = .seconds(60)
    /// How long finding the frames may take.
    static let selectionLimit: Duration = .seconds(50)

    /// Works out what is selected, once, and stores it: from then on the replay survives restarts.
    ///
    /// The catalog must have what was promised when the replay was asked for.
    func begin(_ request: ReplayRequest) throws(RecordingError) -> JobProgress {
        guard Names.isValidGroup(request.group) else {
            throw RecordingError(
                .invalid,
                "\(request.group) is no name for a group; names have 1 to 64 of a-z 0-9 - _ ."
            )
        }
        guard request.pace >= 0, request.pace.isFinite else {
            throw RecordingError(.invalid, "a pace is 1, another number above 0, or max")
        }
        guard request.rate >= 0, request.rate.isFinite else {
            throw RecordingError(.invalid, "a rate is a number of frames a second above 0")
        }
        var selected = try catalog.frames(in: request.selection)
        if let dead = request.selection.dead, !dead.withCompleted {
            leaveOut(&selected, underWayIn: dead.group)
        }
        let frames = selected.values.reduce(0) { $0 + $1.values.reduce(0) { $0 + $1.count } }
        guard frames > 0 else { throw nothing(in: request) }
        let (number, run) = committer.withState { state in
            let run = Run(group: request.group, number: state.nextRunNumber(of: request.group))
            return (1 + (state.jobs.keys.max() ?? 0), run)
        }
        let job = Job(
            number: number,
            run: run,
            state: .running,
            pace: request.pace,
            createdAt: WallClock.nanoseconds,
            frames: frames,
            selection: request.words,
            rate: request.rate,
            silences: try silences(in: request)
        )
        var records: [LogRecord] = [.job(job)]
        for stream in selected.keys.sorted() {
            for (epoch, set) in selected[stream] ?? [:] {
                let owed = Owed.records(set, epoch: epoch, stream: stream, run: run)
                records += owed.map(LogRecord.owed)
            }
        }
        try committer.commit(records)
        return try progress(of: number)
    }

    /// Leaves out the frames that a replay into the group has still before it.
    private func leaveOut(
        _ selected: inout [String: [UInt64: IntervalSet]],
        underWayIn group: String
    ) {
        committer.withState { state in
            for run in state.runsOfJobs where run.group == group {
                for (stream, epochs) in selected {
                    for (epoch, set) in epochs {
                        for sequence in set.ranges.joined() {
                            let frame = FrameID(stream: stream, epoch: epoch, sequence: sequence)
                            guard state.debts.owes(frame, run) else { continue }
                            selected[stream]?[epoch]?.remove(sequence)
                        }
                    }
                }
            }
        }
    }

    private func nothing(in request: ReplayRequest) -> RecordingError {
        guard let dead = request.selection.dead else {
            return RecordingError(.invalid, "no frame is selected by \(request.words)")
        }
        var sentence = "nothing is left to retry of \(request.words)"
        if !dead.withCompleted {
            sentence += "; --again takes those too that a later run has completed or has before it"
        }
        return RecordingError(.invalid, sentence)
    }

    /// What a paced replay leaves out of long silences.
    private func silences(in request: ReplayRequest) throws(RecordingError) -> [Job.Silence] {
        guard let maxGap = request.maxGap, request.pace > 0 else { return [] }
        let times = try catalog.captureTimes(in: request.selection)
        let silences = ReplaySchedule.silences(in: times, longerThan: maxGap)
        guard silences.count <= Job.silenceLimit else {
            throw RecordingError(
                .invalid,
                "\(silences.count) silences are longer than the longest that is to be played, and"
                    + " \(Job.silenceLimit) can be shortened: give a longer one, or select less"
            )
        }
        return silences
    }

    /// Pauses a replay, lets it go on, or calls it off; twice changes nothing.
    func change(_ number: UInt64, _ change: JobChange) throws(RecordingError) -> JobProgress {
        guard var job = committer.withState({ $0.jobs[number] }) else { throw unknown(number) }
        let state: Job.State =
            switch change {
            case .pause: .paused
            case .resume: .running
            case .cancel: .cancelled
            }
        if job.state != state {
            guard job.state == .running || job.state == .paused else {
                let reason = "replay \(number) is \(job.state): there is nothing to \(change)"
                throw RecordingError(.invalid, reason)
            }
            job.state = state
            try committer.commit([.job(job)])
        }
        return try progress(of: number)
    }

    /// How far a replay has come.
    func progress(of number: UInt64) throws(RecordingError) -> JobProgress {
        let progress = committer.withState { state in
            state.jobs[number].map { JobProgress($0, owed: state.debts.count(of: $0.run)) }
        }
        guard var progress else { throw unknown(number) }
        if progress.isOver,
            let counts = try? catalog.counts(of: Run(group: progress.group, number: progress.run))
        {
            (progress.completed, progress.failed, progress.dead) = counts
        }
        return progress
    }

    private func unknown(_ number: UInt64) -> RecordingError {
        RecordingError(.invalid, "there is no replay \(number); archive jobs lists them")
    }
}

extension JobProgress {
    init(_ job: Job, owed: UInt64) {
        self.init(
            number: job.number,
            group: job.run.group,
            run: job.run.number,
            state: "\(job.state)",
            pace: job.pace,
            rate: job.rate,
            frames: job.frames,
            owed: owed,
            createdAt: Timestamp.text(job.createdAt),
            selection: job.selection
        )
    }
}
