import Testing
import TestSupport
import Wire

@testable import Recording

@Suite struct RetentionPlanTests {
    static let day: Int64 = 86_400_000_000_000

    /// Ten frames of each stream, captured on the day `day`, in a file of a megabyte.
    static func segment(
        _ number: UInt64,
        day: Int64,
        streams: [String] = ["a", "b"],
        results: [String] = ["look"]
    ) -> SegmentFacts {
        var facts = SegmentFacts(
            first: number * 100,
            byteCount: 1_000_000,
            endedAt: (day + 1) * Self.day
        )
        for stream in streams {
            var has = SegmentFacts.StreamFacts()
            let range = number * 10...number * 10 + 9
            has.frames.insert(range, epoch: 1, stream: stream)
            has.frameByteCount = 1_000_000 / streams.count
            has.newestAt = day * Self.day
            for group in results {
                var done = FrameSet()
                done.insert(range, epoch: 1, stream: stream)
                has.results[Run(group: group, number: 0)] = done
            }
            facts.streams[stream] = has
        }
        return facts
    }

    static func facts(_ count: UInt64, now: Int64) -> RetentionFacts {
        var facts = RetentionFacts(now: now * day)
        facts.segments = (0..<count).map { segment($0, day: Int64($0)) }
        facts.logByteCount = Int(count) * 1_000_000
        return facts
    }

    static func frames(_ stream: String, _ range: ClosedRange<UInt64>) -> FrameSet {
        var set = FrameSet()
        set.insert(range, epoch: 1, stream: stream)
        return set
    }

    @Test func withoutAPolicyNothingGoes() {
        let plan = RetentionPlan(Self.facts(5, now: 1_000), RetentionPolicy())
        #expect(plan.parts.isEmpty)
        #expect(!plan.isOut)
    }

    @Test func whatIsAsOldAsItsAgeGoesAndNothingYounger() {
        var policy = RetentionPolicy()
        policy.ages = [.init(nanoseconds: 3 * Self.day)]
        let plan = RetentionPlan(Self.facts(5, now: 4), policy)
        #expect(plan.parts.map(\.first) == [0, 100])
        #expect(plan.frameCount == 40)
        #expect(plan.parts[0].taken == Self.segment(0, day: 0).frames)
    }

    @Test func theLastAgeThatCoversAStreamCounts() {
        var policy = RetentionPolicy()
        policy.ages = [
            .init(nanoseconds: 100 * Self.day), .init(pattern: "b*", nanoseconds: 1 * Self.day),
        ]
        let plan = RetentionPlan(Self.facts(2, now: 10), policy)
        #expect(plan.parts.map { Array($0.taken.streams.keys) } == [["b"], ["b"]])
    }

    @Test func resultsGoWithTheirFramesOrAreKeptLonger() {
        var policy = RetentionPolicy()
        policy.ages = [.init(nanoseconds: 3 * Self.day)]
        let run = Run(group: "look", number: 0)
        let plan = RetentionPlan(Self.facts(1, now: 4), policy)
        #expect(plan.parts.first?.results[run]?.count == 20)

        policy.results = 30 * Self.day
        let kept = RetentionPlan(Self.facts(1, now: 4), policy)
        #expect(kept.parts.first?.results == [:])
        #expect(kept.parts.first?.taken.isEmpty == true)
        #expect(kept.parts.first?.pictures.count == 20)
    }

    @Test func theOldestGoUntilThereAreFewEnoughBytes() {
        var policy = RetentionPolicy()
        policy.byteCount = 2_500_000
        let plan = RetentionPlan(Self.facts(5, now: 0), policy)
        #expect(plan.parts.map(\.first) == [0, 100, 200])
    }

    @Test func whatIsPinnedOrOwedStays() {
        var policy = RetentionPolicy()
        policy.ages = [.init(nanoseconds: 0)]
        policy.byteCount = 0
        var facts = Self.facts(2, now: 100)
        let run = Run(group: "look", number: 0)
        facts.pinned = Self.frames("a", 3...5)
        facts.owed = [run: Self.frames("b", 18...19)]
        let plan = RetentionPlan(facts, policy)
        #expect(plan.frameCount == 35)
        #expect(plan.pinned == 3)
        #expect(plan.owed == [run: 2])
        #expect(plan.shed.isEmpty)
        // What was made of a frame that stays, stays.
        #expect(plan.parts[0].results[run]?.intersection(facts.pinned).isEmpty == true)
    }

    @Test func whatIsOwedGoesOnlyForRoomAndIsNamed() {
        var policy = RetentionPolicy()
        policy.keepFree = .bytes(1)
        let run = Run(group: "look", number: 0)
        var facts = Self.facts(3, now: 0)
        facts.owed = [run: Self.frames("a", 0...29).union(Self.frames("b", 0...29))]
        facts.keepFreeByteCount = 1_000_000
        facts.freeByteCount = 1_000_000
        #expect(RetentionPlan(facts, policy).parts.isEmpty)
        facts.freeByteCount = 999_999
        let plan = RetentionPlan(facts, policy)
        #expect(plan.parts.map(\.first) == [0])
        #expect(plan.shed["look"]?.count == 20)
        #expect(!plan.isOut)
    }

    @Test func whatIsNotOwedGoesBeforeWhatIs() {
        var policy = RetentionPolicy()
        policy.keepFree = .bytes(1)
        let run = Run(group: "look", number: 0)
        var facts = Self.facts(3, now: 0)
        facts.owed = [run: Self.frames("a", 0...9).union(Self.frames("b", 0...9))]
        facts.keepFreeByteCount = 1_000_000
        facts.freeByteCount = 500_000
        let plan = RetentionPlan(facts, policy)
        #expect(plan.parts.map(\.first) == [100])
        #expect(plan.shed.isEmpty)
    }

    @Test func withNothingLeftToTakeThereIsNoRoom() {
        var policy = RetentionPolicy()
        policy.keepFree = .bytes(1)
        var facts = Self.facts(1, now: 0)
        facts.pinned = facts.segments[0].frames
        facts.keepFreeByteCount = 1_000_000
        facts.freeByteCount = 10
        let plan = RetentionPlan(facts, policy)
        #expect(plan.isOut)
        #expect(plan.parts.isEmpty)
        facts.isAll = false
        #expect(!RetentionPlan(facts, policy).isOut)
    }

    @Test func damageIsNoReasonToTakeAnything() {
        var policy = RetentionPolicy()
        policy.ages = [.init(nanoseconds: 0)]
        policy.byteCount = 0
        policy.keepFree = .bytes(1)
        var facts = Self.facts(3, now: 100)
        facts.keepFreeByteCount = .max / 2
        facts.freeByteCount = 0
        facts.segments[1].isDamaged = true
        let plan = RetentionPlan(facts, policy)
        #expect(plan.parts.map(\.first) == [0, 200])
        // Whose frames the results behind the damage belong to is not known.
        #expect(plan.parts[1].results.isEmpty)
    }

    @Test func whatIsToBeErasedGoesWhateverElseHolds() {
        var facts = Self.facts(2, now: 0)
        let run = Run(group: "look", number: 0)
        facts.erasing = Self.frames("a", 5...5)
        facts.owed = [run: Self.frames("a", 5...5)]
        let plan = RetentionPlan(facts, RetentionPolicy())
        #expect(plan.parts.map(\.taken) == [facts.erasing])
        #expect(plan.parts.first?.results == [run: facts.erasing])
        #expect(plan.shed["look"]?.count == 1)
    }

    @Test func erasingTakesNothingElse() {
        // The frames of stream a are gone, and their results are kept by whoever serves the archive.
        var facts = Self.facts(2, now: 1_000)
        for index in facts.segments.indices {
            let frames = facts.segments[index].frames.only("a")
            facts.segments[index].streams["a"]?.stubs = frames
            facts.segments[index].streams["a"]?.frames = FrameSet()
        }
        facts.erasing = Self.frames("b", 5...5)
        let plan = RetentionPlan(facts, RetentionPolicy())
        let run = Run(group: "look", number: 0)
        #expect(plan.parts.map(\.taken) == [facts.erasing])
        #expect(plan.parts.map(\.results) == [[run: facts.erasing]])
    }

    @Test func whateverTheFactsNothingKeptIsTaken() {
        let seed = SeededGenerator.seed
        var random = SeededGenerator(seed: seed)
        for round in 0..<500 {
            var facts = Self.facts(.random(in: 0...6, using: &random), now: 50)
            for index in facts.segments.indices {
                facts.segments[index].isDamaged = Int.random(in: 0..<8, using: &random) == 0
            }
            let runs = [Run(group: "look", number: 0), Run(group: "late", number: 1)]
            for _ in 0..<Int.random(in: 0...8, using: &random) {
                let low = UInt64.random(in: 0..<60, using: &random)
                let range = low...low + .random(in: 0..<20, using: &random)
                let some = Self.frames(Bool.random(using: &random) ? "a" : "b", range)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: facts.pinned.formUnion(some)
                case 1: facts.owed[runs[0], default: FrameSet()].formUnion(some)
                default: facts.owed[runs[1], default: FrameSet()].formUnion(some)
                }
            }
            var policy = RetentionPolicy()
            if Bool.random(using: &random) {
                policy.ages = [.init(nanoseconds: .random(in: 0...60, using: &random) * Self.day)]
            }
            if Bool.random(using: &random) {
                policy.byteCount = .random(in: 0...6_000_000, using: &random)
            }
            let needsRoom = Bool.random(using: &random)
            if needsRoom {
                policy.keepFree = .bytes(1)
                facts.keepFreeByteCount = .random(in: 0...6_000_000, using: &random)
                facts.freeByteCount = .random(in: 0...6_000_000, using: &random)
            }
            let plan = RetentionPlan(facts, policy)
            let comment: Comment = "SEED=\(seed) round \(round)"
            var gone = FrameSet()
            for part in plan.parts {
                let segment = facts.segments.first { $0.first == part.first }
                #expect(segment?.isDamaged == false, comment)
                let all = part.taken.union(part.pictures)
                #expect(all.intersection(segment?.frames ?? FrameSet()) == all, comment)
                #expect(all.intersection(gone).isEmpty, comment)
                gone.formUnion(all)
            }
            #expect(gone.intersection(facts.pinned).isEmpty, comment)
            for (run, owed) in facts.owed {
                let lost = gone.intersection(owed)
                #expect(lost.isEmpty || facts.freeByteCount < facts.keepFreeByteCount, comment)
                let told = plan.shed[run.group] ?? FrameSet()
                #expect(lost.intersection(told) == lost, comment)
            }
        }
    }
}

extension FrameSet {
    func union(_ other: FrameSet) -> FrameSet {
        var both = self
        both.formUnion(other)
        return both
    }
}
