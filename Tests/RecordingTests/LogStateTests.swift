import Testing
import Wire

@testable import Recording

@Suite struct LogStateTests {
    var state = LogState()
    let live = Run(group: "faces", number: 0)

    func id(_ sequence: UInt64, epoch: UInt64 = 1) -> FrameID {
        FrameID(stream: "cam", epoch: epoch, sequence: sequence)
    }

    @discardableResult
    mutating func admit(_ fixture: (record: LogRecord, bytes: OwnedBytes)) -> LogState.Admission {
        state.admit(fixture.record)
    }

    @Test mutating func aFrameSentAgainIsNotStoredAgain() {
        #expect(admit(Fixture.frame(0)).isAdmitted)
        #expect(!admit(Fixture.frame(0)).isAdmitted)
        #expect(state.streams["cam"] == Place(epoch: 1, sequence: 1))
    }

    @Test mutating func aJumpNobodyAnnouncedIsAGap() {
        admit(Fixture.frame(0))
        let gap = Gap(stream: "cam", epoch: 1, first: 1, last: 4, reason: .lost)
        #expect(admit(Fixture.frame(5)).before == [.gap(gap)])
    }

    @Test mutating func anAnnouncedGapIsNoLoss() {
        admit(Fixture.frame(0))
        let gap = Gap(stream: "cam", epoch: 1, first: 1, last: 4, reason: .shed)
        #expect(state.admit(.gap(gap)).isAdmitted)
        #expect(!state.admit(.gap(gap)).isAdmitted)
        #expect(admit(Fixture.frame(5)).before.isEmpty)
    }

    @Test mutating func ofAnOverlappingGapTheNewPartIsStored() {
        admit(Fixture.frame(0))
        admit(Fixture.frame(1))
        let gap = Gap(stream: "cam", epoch: 1, first: 1, last: 4, reason: .shed)
        let rest = Gap(stream: "cam", epoch: 1, first: 2, last: 4, reason: .shed)
        #expect(state.admit(.gap(gap)) == .init(before: [.gap(rest)], isAdmitted: false))
        #expect(state.streams["cam"] == Place(epoch: 1, sequence: 5))
    }

    @Test mutating func aNewEpochBeginsAtZero() {
        admit(Fixture.frame(7))
        #expect(admit(Fixture.frame(0, epoch: 2)).before.isEmpty)
        #expect(!admit(Fixture.frame(8)).isAdmitted)
    }

    @Test mutating func theAccountOfADurableGroupBalancesAndSurvivesACheckpoint() {
        admit(Fixture.group())
        for sequence in 0..<5 as Range<UInt64> { admit(Fixture.frame(sequence)) }
        admit(Fixture.result(1))
        admit(Fixture.result(1))
        let letter = DeadLetter(
            run: live,
            frame: id(2),
            attempts: 5,
            reason: "it hangs",
            worker: "w",
            at: 0
        )
        _ = state.admit(.dead(letter))
        var account = Debt(run: live, stream: "cam", owedFrames: 3)
        account.completedFrames = 1
        account.deadFrames = 1
        #expect(state.accounts == [account])
        var other = LogState()
        for record in state.records() { other.apply(record) }
        #expect(other == state)
        #expect(other.accounts == [account])
    }

    @Test mutating func aDurableGroupOwesWhatIsCommittedAfterIt() {
        admit(Fixture.frame(0))
        admit(Fixture.group())
        admit(Fixture.frame(1))
        admit(Fixture.frame(2))
        #expect(state.debts.count(of: live) == 2)
        #expect(admit(Fixture.result(1)).isAdmitted)
        #expect(!admit(Fixture.result(1)).isAdmitted, "the first completion wins")
        #expect(!admit(Fixture.result(0)).isAdmitted, "never owed")
        #expect(
            state.debts.next(of: live, stream: "cam", after: nil) == Place(epoch: 1, sequence: 2)
        )
    }

    @Test mutating func aDeadLetterSettlesToo() {
        admit(Fixture.group())
        admit(Fixture.frame(0))
        let letter = DeadLetter(
            run: live,
            frame: id(0),
            attempts: 5,
            reason: "crash",
            worker: "w",
            at: 1
        )
        #expect(state.admit(.dead(letter)).isAdmitted)
        #expect(state.debts.count(of: live) == 0)
    }

    @Test mutating func otherGroupsOweNothingButKnowTheirRecentAnswers() {
        admit(Fixture.group(policy: .latest))
        admit(Fixture.frame(0))
        #expect(state.debts.owing.isEmpty)
        #expect(admit(Fixture.result(0)).isAdmitted)
        #expect(!admit(Fixture.result(0)).isAdmitted)
    }

    @Test mutating func aReplayIsDoneWithItsLastFrame() throws {
        let run = Run(group: "faces", number: 1)
        let job = Job(
            number: 1,
            run: run,
            state: .running,
            pace: 0,
            createdAt: 0,
            frames: 2,
            selection: ""
        )
        _ = state.admit(.job(job))
        _ = state.admit(.owed(Owed(run: run, stream: "cam", epoch: 1, ranges: [3...4])))
        #expect(admit(Fixture.result(3, run: 1)).after.isEmpty)
        var done = job
        done.state = .done
        #expect(admit(Fixture.result(4, run: 1)).after == [.job(done)])
        #expect(state.runningJob(of: run) == nil)
        #expect(state.nextRunNumber(of: "faces") == 2)
    }

    @Test(arguments: 0..<20)
    func aCheckpointGivesTheSameState(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        var state = LogState()
        let streams = ["cam", "cam/1", "lobby"]
        _ = state.admit(Fixture.group("faces", patterns: ["cam*"]).record)
        _ = state.admit(Fixture.group("all").record)
        for _ in 0..<400 {
            let stream = streams[Int.random(in: 0..<3, using: &random)]
            let next = state.streams[stream]?.sequence ?? 0
            let sequence = UInt64.random(in: 0...next + 2, using: &random)
            let group = Bool.random(using: &random) ? "faces" : "all"
            let epoch = UInt64.random(in: 1...2, using: &random)
            _ =
                Bool.random(using: &random)
                ? state.admit(Fixture.frame(sequence, stream: stream, epoch: epoch).record)
                : state.admit(
                    Fixture.result(sequence, group: group, stream: stream, epoch: epoch).record
                )
        }
        var restored = LogState()
        for record in Checkpoints.encode(state, position: 9) {
            guard case .good(.checkpoint, let header) = unsafe CheckedRecord(record.span.bytes)
            else {
                Issue.record("no checkpoint")
                return
            }
            try unsafe Checkpoints.apply(
                record.span.bytes,
                headerByteCount: header,
                to: &restored
            )
        }
        #expect(restored == state, "seed \(seed)")
    }
}
