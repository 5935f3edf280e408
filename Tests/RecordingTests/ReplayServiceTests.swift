import Foundation
import GRDB
import Service
import Synchronization
import Testing
import TestSupport
import Wire
import ZeroMQ

@testable import Recording

/// Replays through the whole archive but its command line, against a broker moved by hand.
@Suite(.serialized) struct ReplayServiceTests {
    let temporary: TemporaryDirectory
    let context: Context
    var endpoint: String { "ipc://\(temporary.path)/broker" }
    var directory: DataDirectory { DataDirectory(path: temporary.path + "/data") }

    init() throws {
        temporary = try TemporaryDirectory()
        context = try Context()
    }

    func replay(into group: String, pace: Double = 0) -> ControlRequest {
        let selection = Catalog.Selection(stream: "cam")
        return .replay(
            ReplayRequest(selection: selection, group: group, pace: pace, words: "cam")
        )
    }

    @Test func aReplayGivesEachFrameOnceAndEndsWithTheLastResult() throws {
        let archive = try RunningArchive(directory, broker: endpoint)
        var broker = try FakeBroker(endpoint, context)
        try broker.welcome()
        _ = try broker.next(Ready.self)
        for sequence in 0..<4 as Range<UInt64> { try broker.send(Fixture.frame(sequence)) }
        try broker.waitForCommitted(4)

        let request = ReplayRequest(
            selection: .init(stream: "cam", since: 1_700_000_000_040_000_000),
            group: "new",
            pace: 0,
            words: "stream cam"
        )
        let job = try #require(try archive.ask(.replay(request)).job)
        #expect(job.frames == 3)
        let run = Run(group: "new", number: 1)
        #expect(try broker.next(Debt.self) == Debt(run: run, stream: "cam", owedFrames: 3))
        let fetch = Fetch(run: run, stream: "cam", after: nil, frames: 10, bytes: 1 << 20)
        try broker.send(fetch.encoded())
        for sequence in 1..<4 as Range<UInt64> {
            let parts = try broker.nextParts(Fetched.self).rest
            #expect(parts[0] == Fixture.frame(sequence).bytes.header)
        }
        #expect(try broker.next(End.self).isHead)
        for sequence in 1..<4 as Range<UInt64> {
            try broker.send(Fixture.result(sequence, group: "new", run: 1))
        }
        #expect(try broker.next(Debt.self).owedFrames == 0)
        #expect(try archive.ask(.job(number: 1)).job?.state == "done")
        _ = try archive.ask(.catchUp)
        let reader = try CatalogReader(directory)
        #expect(
            try reader.rows("SELECT group_name, run, state, completed FROM runs")
                == [[.text("new"), .integer(1), .text("done"), .integer(3)]]
        )
        try archive.stop()
    }

    @Test func aReplaySurvivesARestartOfTheArchive() throws {
        var archive = try RunningArchive(directory, broker: endpoint)
        var broker = try FakeBroker(endpoint, context)
        try broker.welcome()
        _ = try broker.next(Ready.self)
        for sequence in 0..<4 as Range<UInt64> { try broker.send(Fixture.frame(sequence)) }
        try broker.waitForCommitted(4)
        let request = ReplayRequest(
            selection: .init(stream: "cam"),
            group: "new",
            pace: 0,
            words: "cam"
        )
        _ = try archive.ask(.replay(request))
        let run = Run(group: "new", number: 1)
        _ = try broker.next(Debt.self)
        try broker.send(Fixture.result(0, group: "new", run: 1))
        try broker.waitForCommitted(5)
        try archive.stop()

        archive = try RunningArchive(directory, broker: endpoint)
        try broker.welcome()
        #expect(try broker.next(Debt.self) == Debt(run: run, stream: "cam", owedFrames: 3))
        for sequence in 0..<4 as Range<UInt64> {
            try broker.send(Fixture.result(sequence, group: "new", run: 1))
        }
        #expect(try broker.next(Debt.self).owedFrames == 0)
        #expect(try archive.ask(.job(number: 1)).job?.state == "done")
        try archive.stop()
    }

    @Test func aPacedReplayKeepsTheSpacing() throws {
        let archive = try RunningArchive(directory, broker: endpoint)
        var broker = try FakeBroker(endpoint, context)
        try broker.welcome()
        _ = try broker.next(Ready.self)
        // 40 ms apart, played at half the speed.
        for sequence in 0..<6 as Range<UInt64> { try broker.send(Fixture.frame(sequence)) }
        try broker.waitForCommitted(6)
        let request = ReplayRequest(
            selection: .init(stream: "cam"),
            group: "new",
            pace: 0.5,
            words: "cam"
        )
        let asked = ContinuousClock.now
        _ = try archive.ask(.replay(request))
        let run = try broker.next(Debt.self).run
        var after: Place?
        var arrivals: [ContinuousClock.Instant] = []
        while arrivals.count < 6 {
            let fetch = Fetch(run: run, stream: "cam", after: after, frames: 10, bytes: 1 << 20)
            try broker.send(fetch.encoded())
            let before = arrivals.count
            while true {
                let parts = try broker.receive()
                switch try Fixture.type(parts[0]) {
                case .fetched:
                    arrivals.append(.now)
                    continue
                case .end: after = try Fixture.decode(End.self, parts[0]).through
                default: continue
                }
                break
            }
            // Nothing is due yet: the archive says when.
            if arrivals.count == before { #expect(try broker.next(Debt.self).run == run) }
        }
        // Never early; late only as far as this machine is busy.
        for (number, arrival) in arrivals.enumerated() {
            #expect(arrival - asked >= .milliseconds(80 * number))
        }
        try archive.stop()
    }

    @Test func aPausedReplaySendsNothingUntilItGoesOnAlsoOverARestart() throws {
        var archive = try RunningArchive(directory, broker: endpoint)
        var broker = try FakeBroker(endpoint, context)
        try broker.welcome()
        _ = try broker.next(Ready.self)
        for sequence in 0..<4 as Range<UInt64> { try broker.send(Fixture.frame(sequence)) }
        try broker.waitForCommitted(4)
        _ = try archive.ask(replay(into: "new"))
        let run = try broker.next(Debt.self).run
        #expect(try archive.ask(.change(number: 1, .pause)).job?.state == "paused")
        try archive.stop()

        archive = try RunningArchive(directory, broker: endpoint)
        try broker.welcome()
        _ = try broker.next(Ready.self)
        #expect(try archive.ask(.job(number: 1)).job?.state == "paused")
        let fetch = Fetch(run: run, stream: "cam", after: nil, frames: 2, bytes: 1 << 20)
        try broker.send(fetch.encoded())
        let nothing = try broker.next(End.self)
        #expect(nothing.run == run && nothing.through == nil && !nothing.isHead)
        _ = try archive.ask(replay(into: "other"))
        let other = Fetch(
            run: Run(group: "other", number: 1),
            stream: "cam",
            after: nil,
            frames: 1,
            bytes: 1 << 20
        )
        try broker.send(other.encoded())
        #expect(try broker.next(Fetched.self).run == other.run)
        #expect(try broker.next(End.self).run == other.run)
        #expect(try archive.ask(.change(number: 1, .resume)).job?.state == "running")
        while try broker.next(Debt.self).run != run {}
        try broker.send(fetch.encoded())
        #expect(try broker.next(Fetched.self).run == run)
        #expect(try archive.ask(.change(number: 2, .cancel)).job?.state == "cancelled")
        #expect(throws: RecordingError.self) {
            try archive.ask(.change(number: 2, .resume))
        }
        try archive.stop()
    }

    @Test func whatABrokerIsToldBeforeReadyIsEveryUnfinishedRunAndNoOther() throws {
        let archive = try RunningArchive(directory, broker: endpoint)
        do {
            var broker = try FakeBroker(endpoint, context)
            try broker.welcome()
            _ = try broker.next(Ready.self)
            for sequence in 0..<4 as Range<UInt64> { try broker.send(Fixture.frame(sequence)) }
            try broker.waitForCommitted(4)
            for group in ["a", "b", "c"] {
                _ = try archive.ask(replay(into: group))
                #expect(try broker.next(Debt.self).run == Run(group: group, number: 1))
            }
            for sequence in 0..<4 as Range<UInt64> {
                try broker.send(Fixture.result(sequence, group: "c", run: 1))
            }
            #expect(try broker.next(Debt.self).owedFrames == 0)
        }
        // Called off while no broker is there to be told.
        #expect(try archive.ask(.change(number: 1, .cancel)).job?.state == "cancelled")
        var broker = try FakeBroker(endpoint, context)
        try broker.welcome()
        var told: [Debt] = []
        while true {
            let parts = try broker.receive()
            if try Fixture.type(parts[0]) == .ready { break }
            guard try Fixture.type(parts[0]) == .debt else { continue }
            told.append(try Fixture.decode(Debt.self, parts[0]))
        }
        let unfinished = Run(group: "b", number: 1)
        #expect(told == [Debt(run: unfinished, stream: "cam", owedFrames: 4)])
        try archive.stop()
    }

    @Test func aReplayThatWaitsForTheCatalogKeepsNobodyElseWaiting() throws {
        let archive = try RunningArchive(directory, broker: endpoint)
        var broker = try FakeBroker(endpoint, context)
        try broker.welcome()
        _ = try broker.next(Ready.self)
        // Whoever writes to the catalog from outside keeps it behind the log.
        var settings = Configuration()
        settings.allowsUnsafeTransactions = true
        settings.busyMode = .timeout(10)
        let catalog = try DatabaseQueue(path: directory.catalog, configuration: settings)
        try catalog.inDatabase { try $0.execute(sql: "BEGIN IMMEDIATE") }
        try broker.send(Fixture.frame(0))
        try broker.waitForCommitted(1)
        let request = replay(into: "new")
        let outcome = Mutex<JobProgress?>(nil)
        let asking = try ServiceThread("asking") {
            let job = try archive.ask(request).job
            outcome.withLock { $0 = job }
        }
        var client = try ControlClient(directory, patience: .seconds(2))
        for _ in 0..<20 {
            let status = try #require(try client.ask(.status).status)
            #expect(status.cataloged < status.promised)
        }
        #expect(try client.ask(.catchUp).refusal == nil)
        #expect(outcome.withLock { $0 } == nil)
        try catalog.inDatabase { try $0.execute(sql: "ROLLBACK") }
        try asking.join()
        #expect(outcome.withLock { $0?.frames } == 1)
        try archive.stop()
    }
}
