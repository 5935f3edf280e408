internal import Wire

/// What a run has done of one stream, and what it owes: the archive's last word, kept up to date.
///
/// The archive counts frames as it commits them; frames on their way to it are counted here. So the
/// sum of all fields is what was ever offered, whoever restarts.
struct Account {
    /// The most frames that a peer is believed: far more than any, and sums of them are numbers.
    static let most: UInt64 = 1 << 40

    var completed: UInt64 = 0
    var failed: UInt64 = 0
    var dead: UInt64 = 0
    var shed: UInt64 = 0
    /// Frames owed by the archive's last word, less what was settled since.
    ///
    /// Below 0 when frames were settled that came after that word.
    var owed: Int64 = 0
    /// How many of ``Stream/keptFrames`` that word takes in; `nil` before the group is recorded.
    var countedFrames: UInt64?

    /// Nothing known.
    init() {}

    /// A group that is recorded when `countedFrames` frames of the stream have been committed.
    init(countedFrames: UInt64) { self.countedFrames = countedFrames }

    /// The archive's word, true when it had committed `countedFrames` frames of the stream.
    init(_ debt: Debt, countedFrames: UInt64?) {
        completed = min(debt.completedFrames, Self.most)
        failed = min(debt.failedFrames, Self.most)
        dead = min(debt.deadFrames, Self.most)
        shed = min(debt.shedFrames, Self.most)
        owed = Int64(min(debt.owedFrames, Self.most))
        self.countedFrames = countedFrames
    }

    /// Frames that are not done, when the stream has had `keptFrames` frames put on their way.
    func pending(keptFrames: UInt64) -> UInt64 {
        let fresh = countedFrames.map { Int64(clamping: keptFrames) - Int64(clamping: $0) } ?? 0
        return UInt64(max(0, owed + fresh))
    }

    /// Takes in that one frame is done.
    mutating func settle(_ outcome: Outcome) {
        owed -= 1
        switch outcome {
        case .completed: completed += 1
        case .failed:
            completed += 1
            failed += 1
        case .dead: dead += 1
        }
    }

    /// How a frame can be done.
    enum Outcome {
        case completed
        case failed
        case dead
    }
}
