import Foundation
import Testing
import TestSupport
import Wire
import ZeroMQ

@testable import Recording

/// Pins, erasures and forgotten groups.
@Suite struct OrdersTests {
    private let tests: RetentionTests
    private var directory: DataDirectory { tests.directory }

    init() throws {
        tests = try RetentionTests()
        let archive = try tests.open()
        try tests.fill(archive)
        // The newest file has something, too.
        try archive.commit([Fixture.frame(60, byteCount: 3_000), Fixture.result(60)])
    }

    @discardableResult
    private func order(_ request: WorkRequest) throws -> String {
        try Upkeep.run(
            request,
            in: directory,
            patience: .seconds(20),
            command: "archive look",
            logger: Fixture.logger
        ) { _, _ in }
    }

    private func selection(_ stream: String, _ condition: String? = nil) -> Catalog.Selection {
        Catalog.Selection(stream: stream, condition: condition)
    }

    private func ledger() throws -> ArchiveStatus {
        var archive = try ArchiveReader.open(
            directory,
            .frames,
            patience: .seconds(20),
            command: "archive look"
        )
        return try archive.ledger()
    }

    @Test func whatAPinKeepsOutlivesItsAge() throws {
        let some = selection("cam", "sequence BETWEEN 10 AND 12")
        let words = try order(.pin(name: "accident", selection: some, words: "three"))
        #expect(words == "pin accident keeps 3 frames (three)")
        #expect(try ledger().pins.map(\.frames) == [3])
        do {
            var archive = try tests.open()
            let log = archive.committer.log
            try archive.committer.roll()
            let all = tests.policy { $0.ages = [.init(nanoseconds: 0)] }
            _ = try archive.round.run(all)
            let left = try tests.frames(log)
            #expect(left == ["cam": [10, 11, 12]])
            try archive.projection.catchUp()
        }
        #expect(
            try CatalogReader(directory).rows("SELECT COUNT(*) FROM results") == [[.integer(3)]]
        )
        try tests.expectSound()
        try order(.unpin(name: "accident"))
        #expect(try ledger().pins.isEmpty)
        var archive = try tests.open()
        _ = try archive.round.run(tests.policy { $0.ages = [.init(nanoseconds: 0)] })
        #expect(try tests.frames(archive.committer.log) == [:])
    }

    @Test func whatIsErasedIsInNoFileAnyMore() throws {
        let secret = Fixture.payload(20, byteCount: 3_000)
        func holders() throws -> [String] {
            let names = try FileManager.default.subpathsOfDirectory(atPath: directory.path)
            return try names.filter { name in
                let url = URL(fileURLWithPath: directory.path + "/" + name)
                guard !name.hasSuffix("lock"), name != "control", name != "log" else {
                    return false
                }
                return try Data(contentsOf: url).range(of: Data(secret)) != nil
            }
        }
        #expect(try !holders().isEmpty)
        let some = selection("cam", "sequence BETWEEN 20 AND 60")
        let outcome = try order(.erase(selection: some, words: "some"))
        #expect(outcome == "41 frames and what was made of them are erased on disk (some)")
        #expect(try holders() == [])
        let log = try Log.openReadOnly(in: directory.log).log
        #expect(try tests.frames(log) == ["cam": Array(0..<20), "b": Array(0..<60)])
        var results = 0
        var position = log.oldest
        while position < log.promised {
            position = try log.scan(from: position) { _, bytes in
                if case .good(.result(let result), _) = CheckedRecord(bytes),
                    result.frame.stream == "cam"
                {
                    results += 1
                }
                return true
            }
        }
        #expect(results == 20)
        #expect(
            try CatalogReader(directory).rows(
                "SELECT COUNT(*), (SELECT COUNT(*) FROM results) FROM frames"
            ) == [[.integer(80), .integer(80)]]
        )
        try tests.expectSound()
        #expect(try Recovery.state(in: directory.log).holdings.erasures.isEmpty)
    }

    @Test func whatIsPinnedIsNotErased() throws {
        try order(.pin(name: "keep", selection: selection("b"), words: "b"))
        #expect {
            try order(.erase(selection: selection("*"), words: "all"))
        } throws: {
            "\($0)".contains("pin keep")
        }
        #expect(try ledger().pins.map(\.name) == ["keep"])
    }

    @Test func anErasureThatWasCutOffIsEndedByTheNextArchive() throws {
        var frames = FrameSet()
        frames.insert(0...60, epoch: 1, stream: "cam")
        do {
            let archive = try tests.open()
            let order = Order(.erase, name: "7", at: 1, words: "cam")
            try archive.committer.commit(
                [.order(order)] + frames.stretches(.erasing, name: "7")
            )
            try archive.committer.roll()
        }
        let archive = try RunningArchive(directory, broker: "ipc://\(tests.temporary.path)/broker")
        let deadline = ContinuousClock.now + .seconds(60)
        while try !archive.ask(.status).isErased, ContinuousClock.now < deadline { sched_yield() }
        var status = try archive.ask(.work(number: 1)).work
        while status?.isOver == false, ContinuousClock.now < deadline {
            sched_yield()
            status = try archive.ask(.work(number: 1)).work
        }
        #expect(status?.outcome == "what was to be erased before is erased")
        try archive.stop()
        let log = try Log.openReadOnly(in: directory.log).log
        #expect(try tests.frames(log) == ["b": Array(0..<60)])
        try tests.expectSound()
    }

    @Test func aServingArchiveErasesAndServesOn() throws {
        let context = try Context()
        let endpoint = "ipc://\(tests.temporary.path)/broker"
        let archive = try RunningArchive(directory, broker: endpoint)
        var broker = try FakeBroker(endpoint, context)
        try broker.welcome()
        _ = try broker.next(Ready.self)
        let outcome = try order(.erase(selection: selection("cam"), words: "cam"))
        #expect(outcome.hasPrefix("61 frames"))
        try broker.send(Fixture.frame(61))
        try broker.waitForCommitted(1)
        _ = try archive.ask(.catchUp)
        #expect(
            try CatalogReader(directory).rows("SELECT stream, frames FROM streams ORDER BY 1")
                == [[.text("b"), .integer(60)], [.text("cam"), .integer(1)]]
        )
        try archive.stop()
        try tests.expectSound()
    }

    @Test func aForgottenGroupOwesNothing() throws {
        do {
            let archive = try tests.open()
            try archive.commit((70..<75).map { Fixture.frame($0) })
        }
        #expect(try ledger().groups.map(\.owed) == [5])
        let outcome = try order(.forget(group: "faces"))
        #expect(outcome == "group faces is forgotten; it owed 5 frames, and its results stay")
        #expect(try ledger().groups.isEmpty)
        #expect(throws: RecordingError.self) { try order(.forget(group: "faces")) }
        try tests.expectSound()
    }

    @Test func aSelectionOfNothingIsRefused() throws {
        #expect {
            try order(.erase(selection: selection("cam", "sequence > 1000"), words: "nothing"))
        } throws: {
            "\($0)" == "no frame is selected by nothing"
        }
    }
}

extension ControlReply {
    /// Whether the catalog has followed what is erased; asked again until it has.
    fileprivate var isErased: Bool { status.map { $0.cataloged == $0.promised } ?? false }
}
