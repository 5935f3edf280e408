/// What one run has found otherwise than another, in sums by hour and label, and the frames that
/// differ most.
///
/// Pure. Its size depends on the hours, streams and labels, not on the frames.
struct RunComparison {
    /// Sums over frames that both runs have finished.
    struct Tally: Equatable {
        /// Frames.
        var frames = 0
        /// Those of them on which a label has another number of detections.
        var differing = 0
        /// Detections of the first run, and of the second.
        var before = 0
        var after = 0
        /// Detections that both have.
        var same = 0
        /// Detections that only the second has, and only the first.
        var gained = 0
        var lost = 0
        /// How much surer the second is of those that both have, in all.
        var shift = 0.0

        /// How much surer the second is of one that both have, on average.
        var meanShift: Double? { same == 0 ? nil : shift / Double(same) }
    }

    /// An hour of a stream.
    struct Hour: Hashable, Comparable {
        let stream: String
        /// Such as `2026-11-24 10:00`.
        let begin: String

        static func < (left: Hour, right: Hour) -> Bool {
            (left.stream, left.begin) < (right.stream, right.begin)
        }
    }

    /// A frame on which the runs differ.
    struct Difference {
        let place: FramePlace
        let match: DetectionMatch
        /// Its place among all: the more the runs differ, and then the earlier, the further ahead.
        fileprivate func comes(before other: Difference) -> Bool {
            (other.match.difference, place) < (match.difference, other.place)
        }
    }

    /// Everything.
    private(set) var total = Tally()
    /// By hour and stream.
    private(set) var hours: [Hour: Tally] = [:]
    /// By label; their frames are those on which either has found it.
    private(set) var labels: [String: Tally] = [:]
    /// Frames that only the first, or only the second, has finished.
    private(set) var onlyBefore = 0
    private(set) var onlyAfter = 0
    /// Frames on which a run has failed, so that there is nothing to compare.
    private(set) var failedBefore = 0
    private(set) var failedAfter = 0

    /// Frames kept at most of those that differ.
    private let limit: Int
    private var found: [Difference] = []

    /// A comparison that keeps the `limit` frames that differ most.
    init(limit: Int) { self.limit = limit }

    /// The frames that differ most, the most differing first.
    var differences: [Difference] {
        Array(found.sorted { $0.comes(before: $1) }.prefix(limit))
    }

    /// Adds a frame that the first run, the second, or both have finished.
    mutating func add(_ before: ComparedResult?, _ after: ComparedResult?) {
        if before?.hasFailed == true { failedBefore += 1 }
        if after?.hasFailed == true { failedAfter += 1 }
        guard let before else {
            onlyAfter += after == nil ? 0 : 1
            return
        }
        guard let after else {
            onlyBefore += 1
            return
        }
        guard !before.hasFailed, !after.hasFailed else { return }
        let match = DetectionMatch(before.detections, after.detections)
        total.add(match)
        let place = before.place
        let hour = Hour(stream: place.stream, begin: "\(place.capturedAt.prefix(13)):00")
        hours[hour, default: Tally()].add(match)
        let names = Set((before.detections + after.detections).map(\.label))
        for label in names { labels[label, default: Tally()].add(match, label: label) }
        guard limit > 0, match.difference > 0 else { return }
        found.append(Difference(place: place, match: match))
        if found.count >= limit * 2 + 64 { found = differences }
    }
}

extension RunComparison.Tally {
    fileprivate mutating func add(_ match: DetectionMatch, label: String? = nil) {
        func isCounted(_ detection: FoundDetection) -> Bool {
            label == nil || detection.label == label
        }
        let gained = match.gained.count(where: isCounted)
        let lost = match.lost.count(where: isCounted)
        let same = match.same.filter { isCounted($0.before) }
        frames += 1
        let differs = label == nil ? match.hasOtherCounts : gained != lost
        differing += differs ? 1 : 0
        self.gained += gained
        self.lost += lost
        self.same += same.count
        before += same.count + lost
        after += same.count + gained
        shift += same.reduce(0) { $0 + $1.shift }
    }
}
