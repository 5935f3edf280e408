package import Wire

/// What has become of the frames of each durable group's live run, by stream.
///
/// Pure. Together with ``Debts`` it balances: every frame that was ever owed is completed, dead,
/// shed, or owed still.
package struct Ledgers: Sendable, Equatable {
    /// How a frame left what is owed.
    package enum Outcome: Sendable {
        case completed
        case failed
        case dead
    }

    /// Each with `owedFrames` 0: that is for ``Debts`` to say.
    private var entries: [Run: [String: Debt]] = [:]

    /// Nothing done.
    package init() {}

    /// Notes what became of one frame; of replays nothing is kept.
    package mutating func count(_ outcome: Outcome, of run: Run, stream: String) {
        guard run.number == 0 else { return }
        let blank = Debt(run: run, stream: stream, owedFrames: 0)
        switch outcome {
        case .completed: entries[run, default: [:]][stream, default: blank].completedFrames += 1
        case .failed:
            entries[run, default: [:]][stream, default: blank].completedFrames += 1
            entries[run, default: [:]][stream, default: blank].failedFrames += 1
        case .dead: entries[run, default: [:]][stream, default: blank].deadFrames += 1
        }
    }

    /// Notes frames that were owed and are gone; of replays nothing is kept.
    package mutating func shed(_ count: UInt64, of run: Run, stream: String) {
        guard run.number == 0, count > 0 else { return }
        let blank = Debt(run: run, stream: stream, owedFrames: 0)
        entries[run, default: [:]][stream, default: blank].shedFrames += count
    }

    /// Forgets everything that `run` has done.
    package mutating func forget(_ run: Run) { entries[run] = nil }

    /// Takes up what a checkpoint says.
    package mutating func set(_ debt: Debt) {
        var debt = debt
        debt.owedFrames = 0
        entries[debt.run, default: [:]][debt.stream] = debt
    }

    /// What `run` has done of `stream`.
    package func entry(of run: Run, stream: String) -> Debt {
        entries[run]?[stream] ?? Debt(run: run, stream: stream, owedFrames: 0)
    }

    /// The streams of which `run` has done something.
    package func streams(of run: Run) -> [String] { entries[run].map { Array($0.keys) } ?? [] }

    /// Everything done, in order, for a checkpoint.
    package var all: [Debt] {
        entries.values.flatMap(\.values)
            .sorted { ($0.run.group, $0.stream) < ($1.run.group, $1.stream) }
    }
}
