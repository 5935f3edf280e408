internal import Wire

extension LogState {
    /// What the selection of a run that came from another archive says.
    static let importedWords = "imported"

    /// Decides what is to be stored for a frame, gap or result of another archive, and takes that in.
    ///
    /// A result is stored: whether there is one already is in the catalog, not here.
    mutating func admitTransferred(_ record: LogRecord) -> Admission {
        var admission = Admission()
        switch record {
        case .frame(let frame):
            let next = streams[frame.id.stream]
            if let next, frame.id.place < next { return admission }
            let gap = missing(
                before: frame.id.place,
                of: frame.id.stream,
                next: next,
                reason: .transfer
            )
            admission = Admission(before: gap.map { [.gap($0)] } ?? [], isAdmitted: true)
        case .gap(let gap) where gap.group.isEmpty:
            admission = verdict(on: gap, unannounced: .transfer)
        case .result: admission.isAdmitted = true
        default: return admission
        }
        for record in admission.before { apply(record) }
        guard admission.isAdmitted else { return admission }
        apply(record)
        admission.after = finishJobs(after: record)
        return admission
    }

    /// The records by which durable groups do not owe frames that came from another archive.
    mutating func excuse(_ frames: FrameSet) -> [LogRecord] {
        var records: [LogRecord] = []
        for stream in frames.streams.keys.sorted() {
            for run in liveRuns(of: stream) {
                for (epoch, set) in frames.streams[stream] ?? [:] {
                    for range in set.ranges {
                        let gap = Gap(
                            stream: stream,
                            epoch: epoch,
                            first: range.lowerBound,
                            last: range.upperBound,
                            reason: .transfer,
                            group: run.group
                        )
                        records.append(.gap(gap))
                    }
                }
            }
        }
        for record in records { apply(record) }
        return records
    }

    /// The record by which the archive knows a run of another archive, if it needs one, so that no
    /// replay of its own gets that number; `nil` when the run is a replay of its own.
    mutating func imported(_ run: Run, now: Int64) -> [LogRecord]? {
        if run.number == 0 { return [] }
        if let job = jobs.values.first(where: { $0.run == run }) {
            return job.selection == Self.importedWords ? [] : nil
        }
        let job = Job(
            number: 1 + (jobs.keys.max() ?? 0),
            run: run,
            state: .done,
            pace: 0,
            createdAt: now,
            frames: 0,
            selection: Self.importedWords
        )
        apply(.job(job))
        return [.job(job)]
    }
}
