package import Wire

/// Which frames each run has not done yet.
///
/// Pure. A debt is kept for each (run, stream, epoch), as the stretches of owed sequences: a frame enters
/// when it is committed or when a replay selects it, and leaves with its result or dead letter.
package struct Debts: Sendable, Equatable {
    /// What a run owes of one stream: epochs ascending, none of them empty.
    private struct StreamDebt: Sendable, Equatable {
        var epochs: [(number: UInt64, owed: IntervalSet)] = []

        static func == (left: Self, right: Self) -> Bool {
            left.epochs.elementsEqual(right.epochs) { $0 == $1 }
        }

        var count: UInt64 { epochs.reduce(0) { $0 + $1.owed.count } }

        mutating func add(_ range: ClosedRange<UInt64>, epoch number: UInt64) {
            let index = index(from: number)
            if index == epochs.count || epochs[index].number != number {
                epochs.insert((number, IntervalSet()), at: index)
            }
            epochs[index].owed.insert(range)
        }

        mutating func remove(_ place: Place) -> Bool {
            let index = index(from: place.epoch)
            guard index < epochs.count, epochs[index].number == place.epoch,
                epochs[index].owed.remove(place.sequence)
            else { return false }
            if epochs[index].owed.isEmpty { epochs.remove(at: index) }
            return true
        }

        mutating func remove(_ range: ClosedRange<UInt64>, epoch number: UInt64) -> UInt64 {
            let index = index(from: number)
            guard index < epochs.count, epochs[index].number == number else { return 0 }
            let removed = epochs[index].owed.remove(range)
            if epochs[index].owed.isEmpty { epochs.remove(at: index) }
            return removed
        }

        func contains(_ place: Place) -> Bool {
            let index = index(from: place.epoch)
            return index < epochs.count && epochs[index].number == place.epoch
                && epochs[index].owed.contains(place.sequence)
        }

        /// The index of the first epoch that is `number` or more; the newest is looked at first.
        private func index(from number: UInt64) -> Int {
            guard let last = epochs.last, last.number >= number else { return epochs.count }
            guard epochs.count > 1, epochs[epochs.count - 2].number >= number else {
                return epochs.count - 1
            }
            return epochs.firstIndex { $0.number >= number } ?? epochs.count
        }

        /// The first place behind `after`, or the very first.
        func next(after: Place?) -> Place? {
            for epoch in epochs[index(from: after?.epoch ?? 0)...] {
                var from: UInt64 = 0
                if let after, after.epoch == epoch.number { from = after.sequence + 1 }
                if let sequence = epoch.owed.first(from: from) {
                    return Place(epoch: epoch.number, sequence: sequence)
                }
            }
            return nil
        }
    }

    private var runs: [Run: [String: StreamDebt]] = [:]

    /// Nothing owed.
    package init() {}

    /// Adds a stretch of one epoch to what `run` owes.
    package mutating func add(
        _ range: ClosedRange<UInt64>,
        epoch: UInt64,
        stream: String,
        to run: Run
    ) {
        runs[run, default: [:]][stream, default: StreamDebt()].add(range, epoch: epoch)
    }

    /// Takes a frame off what `run` owes; returns whether it was owed.
    package mutating func settle(_ frame: FrameID, of run: Run) -> Bool {
        // Changed in place, link by link: a copy would copy all stretches.
        guard runs[run]?[frame.stream]?.remove(frame.place) == true else { return false }
        if runs[run]?[frame.stream]?.epochs.isEmpty == true { runs[run]?[frame.stream] = nil }
        if runs[run]?.isEmpty == true { runs[run] = nil }
        return true
    }

    /// Takes a stretch off what `run` owes; returns how many frames of it were owed.
    package mutating func settle(
        _ range: ClosedRange<UInt64>,
        epoch: UInt64,
        stream: String,
        of run: Run
    ) -> UInt64 {
        let settled = runs[run]?[stream]?.remove(range, epoch: epoch) ?? 0
        if runs[run]?[stream]?.epochs.isEmpty == true { runs[run]?[stream] = nil }
        if runs[run]?.isEmpty == true { runs[run] = nil }
        return settled
    }

    /// Everything that `run` owes.
    package func owed(by run: Run) -> FrameSet {
        FrameSet(
            (runs[run] ?? [:]).mapValues { debt in
                Dictionary(uniqueKeysWithValues: debt.epochs.map { ($0.number, $0.owed) })
            }
        )
    }

    /// Forgives everything that `run` owes.
    package mutating func forgive(_ run: Run) { runs[run] = nil }

    /// Whether `run` owes `frame`.
    package func owes(_ frame: FrameID, _ run: Run) -> Bool {
        runs[run]?[frame.stream]?.contains(frame.place) ?? false
    }

    /// The first place that `run` owes of `stream` behind `after`; `nil` asks for the very first.
    package func next(of run: Run, stream: String, after: Place?) -> Place? {
        runs[run]?[stream]?.next(after: after)
    }

    /// How many frames `run` owes of `stream`.
    package func count(of run: Run, stream: String) -> UInt64 { runs[run]?[stream]?.count ?? 0 }

    /// How many frames `run` owes in all.
    package func count(of run: Run) -> UInt64 {
        runs[run]?.values.reduce(0) { $0 + $1.count } ?? 0
    }

    /// The streams of which `run` owes something, in order.
    package func streams(of run: Run) -> [String] { runs[run]?.keys.sorted() ?? [] }

    /// The runs that owe something, by group and number.
    package var owing: [Run] {
        runs.keys.sorted { ($0.group, $0.number) < ($1.group, $1.number) }
    }

    /// Everything owed, as records of at most ``Owed/rangeLimit`` stretches each.
    package func records() -> [Owed] {
        owing.flatMap { run in
            streams(of: run).flatMap { stream in
                (runs[run]?[stream]?.epochs ?? []).flatMap { epoch in
                    Owed.records(epoch.owed, epoch: epoch.number, stream: stream, run: run)
                }
            }
        }
    }
}

extension Owed {
    /// The records that say that `run` owes `owed`, each of at most ``rangeLimit`` stretches.
    package static func records(
        _ owed: IntervalSet,
        epoch: UInt64,
        stream: String,
        run: Run
    ) -> [Owed] {
        stride(from: 0, to: owed.ranges.count, by: rangeLimit).map { start in
            let end = min(start + rangeLimit, owed.ranges.count)
            let ranges = Array(owed.ranges[start..<end])
            return Owed(run: run, stream: stream, epoch: epoch, ranges: ranges)
        }
    }
}
