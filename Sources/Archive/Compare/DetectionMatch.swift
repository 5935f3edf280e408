/// Which detections of one result are those of another: the best overlap first, within a label.
///
/// Pure.
struct DetectionMatch {
    /// Two detections of the same thing.
    struct Pair: Equatable {
        let before: FoundDetection
        let after: FoundDetection

        /// How much surer the second is.
        var shift: Double { after.score - before.score }
    }

    /// The share of both boxes that must be common to both: the usual limit, as of PASCAL VOC.
    static let minOverlap = 0.5

    /// The detections that both have.
    private(set) var same: [Pair] = []
    /// Those that only the first has.
    private(set) var lost: [FoundDetection] = []
    /// Those that only the second has.
    private(set) var gained: [FoundDetection] = []

    /// Matches two results.
    init(_ before: [FoundDetection], _ after: [FoundDetection]) {
        var candidates: [(before: Int, after: Int, overlap: Double)] = []
        for (first, old) in before.enumerated() {
            for (second, new) in after.enumerated() where old.label == new.label {
                let overlap = old.box.overlap(with: new.box)
                if overlap >= Self.minOverlap { candidates.append((first, second, overlap)) }
            }
        }
        candidates.sort {
            ($1.overlap, $0.before, $0.after) < ($0.overlap, $1.before, $1.after)
        }
        var isFree = (
            before: [Bool](repeating: true, count: before.count),
            after: [Bool](repeating: true, count: after.count)
        )
        for candidate in candidates
        where isFree.before[candidate.before] && isFree.after[candidate.after] {
            isFree.before[candidate.before] = false
            isFree.after[candidate.after] = false
            same.append(Pair(before: before[candidate.before], after: after[candidate.after]))
        }
        lost = before.indices.filter { isFree.before[$0] }.map { before[$0] }
        gained = after.indices.filter { isFree.after[$0] }.map { after[$0] }
    }

    /// How much the two differ: detections that only one has, and the shifts of the others' scores.
    var difference: Double {
        same.reduce(Double(lost.count + gained.count)) { $0 + abs($1.shift) }
    }

    /// Whether a label has another number of detections.
    var hasOtherCounts: Bool {
        var counts: [String: Int] = [:]
        for detection in gained { counts[detection.label, default: 0] += 1 }
        for detection in lost { counts[detection.label, default: 0] -= 1 }
        return counts.values.contains { $0 != 0 }
    }
}
