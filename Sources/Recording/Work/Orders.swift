internal import Foundation
internal import Service
internal import Wire

/// What people order of an archive: to keep frames, to take them out, to forget a group.
struct Orders {
    let steward: Steward

    private var committer: Committer { steward.committer }

    /// Keeps what is selected, until the pin is released.
    func pin(_ name: String, _ selection: Catalog.Selection, _ words: String) throws(RecordingError)
        -> String
    {
        guard Names.isValidGroup(name) else {
            throw RecordingError(
                .invalid,
                "\(name) is no name for a pin; names have 1 to 64 of a-z 0-9 - _ ."
            )
        }
        guard committer.withState({ $0.holdings.pins[name] }) == nil else {
            throw RecordingError(
                .invalid,
                "there is a pin \(name) already; choose another name, or release it with archive unpin"
            )
        }
        let frames = try select(selection, words)
        let order = Order(.pin, name: name, at: WallClock.nanoseconds, words: shortened(words))
        try committer.commit([.order(order)] + frames.stretches(.pinned, name: name))
        return "pin \(name) keeps \(Readable.count(frames.count)) frames (\(words))"
    }

    /// Releases what a pin has kept.
    func unpin(_ name: String) throws(RecordingError) -> String {
        guard let pin = committer.withState({ $0.holdings.pins[name] }) else {
            throw RecordingError(.invalid, "there is no pin \(name); archive pins lists them")
        }
        try committer.commit([.order(Order(.unpin, name: name, at: WallClock.nanoseconds))])
        return
            "pin \(name) is released; its \(Readable.count(pin.frames.count)) frames go when they"
            + " are old enough"
    }

    /// Ends what a group owes and what is counted of it; its results stay.
    func forget(_ group: String) throws(RecordingError) -> String {
        let (isKnown, owed, jobs) = committer.withState { state in
            (
                state.groups[group] != nil,
                state.debts.owing.filter { $0.group == group }
                    .reduce(0) { $0 + state.debts.count(of: $1) },
                state.runsOfJobs.filter { $0.group == group }.compactMap {
                    state.runningJob(of: $0)
                }
            )
        }
        guard isKnown else {
            throw RecordingError(
                .invalid,
                "the archive knows no group \(group); archive groups list has them"
            )
        }
        let ended = jobs.map { job in
            var job = job
            job.state = .cancelled
            return LogRecord.job(job)
        }
        let order = Order(.forget, name: group, at: WallClock.nanoseconds)
        try committer.commit(ended + [.order(order)])
        let frames = owed == 0 ? "nothing" : "\(Readable.count(owed)) frames"
        return "group \(group) is forgotten; it owed \(frames), and its results stay"
    }

    /// Takes what is selected out for good, with everything that was made of it; returns when that is
    /// done on disk.
    func erase(
        _ selection: Catalog.Selection,
        _ words: String,
        progress: (UInt64, UInt64) -> Void
    ) throws(RecordingError) -> String {
        let frames = try select(selection, words)
        let pinned = committer.withState { state in
            state.holdings.pins.filter { !$0.value.frames.intersection(frames).isEmpty }.keys
                .sorted()
        }
        guard pinned.isEmpty else {
            throw RecordingError(
                .invalid,
                "some of these frames are kept by pin \(pinned.joined(separator: ", ")); release it"
                    + " first with archive unpin"
            )
        }
        let number = String(WallClock.nanoseconds)
        let order = Order(.erase, name: number, at: WallClock.nanoseconds, words: shortened(words))
        try committer.commit([.order(order)] + frames.stretches(.erasing, name: number))
        let left: String
        do throws(RecordingError) {
            left = try finish(number, progress: progress)
        } catch {
            guard error.kind == .diskFull else { throw error }
            throw RecordingError(
                .diskFull,
                "the erasure is ordered, and not done: \(error); make room, and start the archive"
                    + " again, which then does it"
            )
        }
        return "\(Readable.count(frames.count)) frames and what was made of them are erased on disk"
            + " (\(words))\(left)"
    }

    /// Takes out what an erasure is about that was ordered before.
    ///
    /// - Returns: What could not be looked into, as a part of a sentence; empty when all could.
    func finish(
        _ number: String,
        progress: (UInt64, UInt64) -> Void
    ) throws(RecordingError) -> String {
        // The head is sealed with the order in it, so that from now on all of it can be written anew.
        try committer.roll()
        progress(1, 3)
        try steward.retention.round()
        progress(2, 3)
        let (rest, damaged) = try left(of: number)
        guard rest == 0 || damaged > 0 else {
            throw RecordingError(
                .failed,
                "\(Readable.count(rest)) of the frames are still there: the log says why; what is"
                    + " left is erased when the archive is started the next time"
            )
        }
        guard rest == 0 else {
            throw RecordingError(
                .damaged,
                "\(Readable.count(rest)) of the frames lie in files that are damaged and left as they"
                    + " are (\(damaged)); when these are whole again, or gone, the rest is erased"
            )
        }
        try eraseTraces()
        try committer.commit([.order(Order(.erased, name: number, at: WallClock.nanoseconds))])
        progress(3, 3)
        return damaged == 0 ? "" : "; \(damaged) damaged files are left as they are"
    }

    /// Ends the erasures that a stop has left half done.
    func finishAll() throws(RecordingError) -> String {
        let numbers = committer.withState { $0.holdings.erasures.keys.sorted() }
        var failure: RecordingError?
        for number in numbers {
            do throws(RecordingError) { _ = try finish(number) { _, _ in } } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
        return "what was to be erased before is erased"
    }

    /// How many of the frames can still be found in the log, and how many files are damaged.
    private func left(of number: String) throws(RecordingError) -> (frames: UInt64, damaged: Int) {
        let frames = committer.withState { $0.holdings.erasures[number]?.frames } ?? FrameSet()
        var damaged = 0
        let present = FrameSet(
            try committer.log.frames(
                covering: { frames.streams[$0] != nil },
                damage: { _ in damaged += 1 }
            )
        )
        return (present.intersection(frames).count, damaged)
    }

    /// Has the catalog follow, and leave nothing of the rows in its free pages.
    private func eraseTraces() throws(RecordingError) {
        try waitForCatalog(
            .seconds(600),
            else: "the catalog does not follow; archive verify says why"
        )
        try steward.catalog.vacuum()
    }

    /// Waits until the catalog has everything that is promised now.
    private func waitForCatalog(
        _ patience: Duration,
        else sentence: String
    ) throws(RecordingError) {
        let end = committer.log.promised
        let deadline = ContinuousClock.now + patience
        while steward.projection.position < end {
            if let trouble = steward.projection.trouble {
                throw RecordingError(.failed, "the catalog cannot follow the log: \(trouble)")
            }
            guard ContinuousClock.now < deadline else { throw RecordingError(.failed, sentence) }
            usleep(5_000)
        }
    }

    private func select(
        _ selection: Catalog.Selection,
        _ words: String
    ) throws(RecordingError) -> FrameSet {
        try waitForCatalog(
            Replays.patience,
            else: "the catalog is behind the log and not there yet; try again in a while"
        )
        let frames = FrameSet(try steward.catalog.frames(in: selection))
        guard !frames.isEmpty else {
            throw RecordingError(.invalid, "no frame is selected by \(words)")
        }
        return frames
    }

    private func shortened(_ words: String) -> String {
        String(decoding: words.utf8.prefix(1_000), as: UTF8.self)
    }
}

extension Holdings.Entry {
    /// As the command line shows it.
    var listed: PinStatus {
        PinStatus(
            name: order.name,
            frames: frames.count,
            createdAt: Timestamp.text(order.at),
            selection: order.words
        )
    }
}
