internal import Wire

/// What retention takes, and what it keeps for whom.
struct RetentionPlan: Sendable, Equatable {
    /// What is taken of one segment.
    struct Part: Sendable, Equatable {
        /// The first position of the segment.
        var first: UInt64
        /// Frames that go, with what was made of them.
        var taken = FrameSet()
        /// Frames whose pictures go.
        var pictures = FrameSet()
        /// Frames of which the results of a run go.
        var results: [Run: FrameSet] = [:]
        /// Frames that are missing and need not be told of any more.
        var gaps = FrameSet()
        /// Bytes that this frees, about.
        var byteCount = 0

        /// Whether nothing is taken.
        var isEmpty: Bool { taken.isEmpty && pictures.isEmpty && results.isEmpty }
    }

    /// What is taken, oldest first.
    var parts: [Part] = []
    /// Frames that groups owed and do not get any more, by group.
    var shed: [String: FrameSet] = [:]
    /// Frames that would have gone and are kept, because a pin has them.
    var pinned: UInt64 = 0
    /// Frames that would have gone and are kept, because somebody owes them, by run.
    var owed: [Run: UInt64] = [:]
    /// Whether there is too little room and nothing left to take.
    var isOut = false

    /// How many pictures go.
    var frameCount: UInt64 { parts.reduce(0) { $0 + $1.taken.count + $1.pictures.count } }
}

/// What a plan is made of.
struct RetentionFacts: Sendable, Equatable {
    /// Nanoseconds since 1970, by the archive's clock.
    var now: Int64
    /// Bytes of all segments.
    var logByteCount = 0
    /// Bytes that are free on the disk.
    var freeByteCount = Int.max
    /// Bytes that are to be free; more are made free once it is less.
    var keepFreeByteCount = 0
    /// The oldest sealed segments, oldest first; all of them when ``isAll``.
    var segments: [SegmentFacts] = []
    /// Whether these are all sealed segments.
    var isAll = true
    /// What pins keep.
    var pinned = FrameSet()
    /// What is owed, by run.
    var owed: [Run: FrameSet] = [:]
    /// What is to be erased, whatever else holds.
    var erasing = FrameSet()
}

extension RetentionPlan {
    /// Decides what to take.
    ///
    /// Pure: the same facts give the same plan. Oldest first; what is pinned never goes, and what is
    /// owed only when there is too little room otherwise.
    init(_ facts: RetentionFacts, _ policy: RetentionPolicy) {
        var planning = Planning(facts, policy)
        planning.takeByAge()
        planning.takeByBytes()
        planning.takeForRoom()
        planning.finish()
        self = planning.plan
    }
}

/// A plan as it comes together.
private struct Planning {
    private let facts: RetentionFacts
    private let policy: RetentionPolicy
    private let owed: FrameSet
    /// For each segment, the frames that are to go, and those of them that go.
    private var wanted: [FrameSet]
    private var going: [FrameSet]
    var plan = RetentionPlan()

    init(_ facts: RetentionFacts, _ policy: RetentionPolicy) {
        self.facts = facts
        self.policy = policy
        owed = facts.owed.values.reduce(into: FrameSet()) { $0.formUnion($1) }
        wanted = facts.segments.map { _ in FrameSet() }
        going = facts.segments.map {
            $0.isDamaged ? FrameSet() : $0.frames.intersection(facts.erasing)
        }
    }

    mutating func takeByAge() {
        for (index, segment) in facts.segments.enumerated() {
            for (stream, has) in segment.streams {
                guard let age = policy.age(of: stream), has.newestAt <= facts.now - age else {
                    continue
                }
                want(has.frames, at: index)
            }
        }
    }

    mutating func takeByBytes() {
        guard let limit = policy.byteCount else { return }
        let byteCount = facts.logByteCount
        take(until: { byteCount - $0 <= limit }, withOwed: false)
    }

    mutating func takeForRoom() {
        guard facts.freeByteCount < facts.keepFreeByteCount else { return }
        // A little more, so that this is not done for each frame that comes in.
        let goal = facts.keepFreeByteCount + facts.keepFreeByteCount / 8 - facts.freeByteCount
        for withOwed in [false, true] { take(until: { $0 >= goal }, withOwed: withOwed) }
        let least = facts.keepFreeByteCount - facts.freeByteCount
        plan.isOut = facts.isAll && freed < least
    }

    private var freed: Int {
        facts.segments.indices.reduce(0) { $0 + freed(by: going[$1], of: facts.segments[$1]) }
    }

    private mutating func take(until isEnough: (Int) -> Bool, withOwed: Bool) {
        var sum = freed
        for index in facts.segments.indices {
            if isEnough(sum) { return }
            let before = freed(by: going[index], of: facts.segments[index])
            want(facts.segments[index].frames, at: index, withOwed: withOwed)
            sum += freed(by: going[index], of: facts.segments[index]) - before
        }
    }

    private mutating func want(_ frames: FrameSet, at index: Int, withOwed: Bool = false) {
        guard !facts.segments[index].isDamaged else { return }
        wanted[index].formUnion(frames)
        var free = frames
        free.subtract(facts.pinned)
        if !withOwed { free.subtract(owed) }
        going[index].formUnion(free)
    }

    private func freed(by frames: FrameSet, of segment: SegmentFacts) -> Int {
        if frames.count == segment.frames.count, policy.results == nil { return segment.byteCount }
        return segment.streams.reduce(0) { sum, stream in
            let count = stream.value.frames.count
            guard count > 0 else { return sum }
            let share = Double(frames.only(stream.key).count) / Double(count)
            return sum + Int(share * Double(stream.value.frameByteCount))
        }
    }

    // MARK: From frames to parts

    mutating func finish() {
        var present = FrameSet()
        var hasDamage = false
        for (index, segment) in facts.segments.enumerated() {
            hasDamage = hasDamage || segment.isDamaged || segment.unreadable > 0
            noteKept(at: index)
            var rest = segment.frames
            rest.subtract(going[index])
            present.formUnion(rest)
            guard !segment.isDamaged else { continue }
            let part = part(of: segment, going[index], rest, present, hasDamage)
            if isWorthwhile(part, of: segment, rest, index) {
                plan.parts.append(part)
                for (run, set) in facts.owed {
                    let lost = going[index].intersection(set)
                    if !lost.isEmpty { plan.shed[run.group, default: FrameSet()].formUnion(lost) }
                }
            } else {
                present.formUnion(going[index])
            }
        }
    }

    private mutating func noteKept(at index: Int) {
        var kept = wanted[index]
        kept.subtract(going[index])
        plan.pinned += kept.intersection(facts.pinned).count
        for (run, set) in facts.owed {
            let count = kept.intersection(set).count
            if count > 0 { plan.owed[run, default: 0] += count }
        }
    }

    private func part(
        of segment: SegmentFacts,
        _ going: FrameSet,
        _ rest: FrameSet,
        _ present: FrameSet,
        _ hasDamage: Bool
    ) -> RetentionPlan.Part {
        var part = RetentionPlan.Part(first: segment.first)
        let keepsResults = policy.results.map { facts.now - $0 < segment.endedAt } ?? false
        let erased = going.intersection(facts.erasing)
        part.taken = erased
        var others = going
        others.subtract(erased)
        if keepsResults { part.pictures = others } else { part.taken.formUnion(others) }
        part.byteCount = freed(by: going, of: segment)
        for (stream, has) in segment.streams {
            if policy.results.map({
                facts.now - $0 - (policy.age(of: stream) ?? 0) >= segment.endedAt
            })
                ?? true
            {
                part.taken.formUnion(has.stubs)
            }
            part.taken.formUnion(has.stubs.intersection(facts.erasing))
            for (run, frames) in has.results {
                var gone = frames.intersection(facts.erasing)
                if !keepsResults, !hasDamage {
                    var old = frames
                    old.subtract(present)
                    old.subtract(facts.pinned)
                    old.subtract(owed)
                    gone.formUnion(old)
                }
                if !gone.isEmpty { part.results[run, default: FrameSet()].formUnion(gone) }
            }
            // Behind the last frame that goes a gap tells of what is still here.
            if !going.only(stream).isEmpty, rest.only(stream).isEmpty {
                part.gaps.formUnion(has.gaps)
            }
        }
        if rest.isEmpty, !keepsResults {
            for (run, set) in segment.groupGaps {
                part.results[run, default: FrameSet()].formUnion(set)
            }
        }
        return part
    }

    /// Whether taking a part is worth writing the rest of its segment anew.
    private func isWorthwhile(
        _ part: RetentionPlan.Part,
        of segment: SegmentFacts,
        _ rest: FrameSet,
        _ index: Int
    ) -> Bool {
        if part.isEmpty { return false }
        let isOrdered =
            !part.taken.intersection(facts.erasing).isEmpty
            || part.results.values.contains { !$0.intersection(facts.erasing).isEmpty }
        if isOrdered || part.byteCount >= segment.byteCount / 8 { return true }
        // Little, but all that there is to take, and nothing will be added to it by itself.
        var open = wanted[index]
        open.subtract(going[index])
        open.subtract(facts.pinned)
        if !going[index].isEmpty { return open.isEmpty }
        let results = segment.streams.values.reduce(0) { sum, stream in
            stream.results.values.reduce(sum) { $0 + $1.count }
        }
        let gone = part.results.values.reduce(0) { $0 + $1.count }
        return rest.isEmpty && gone >= results / 8
    }
}
