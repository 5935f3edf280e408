import Foundation
import TestSupport
import Testing
import Wire

@testable import Recording

/// Records on their way from one archive to another.
@Suite(.serialized) struct TransferTests {
    let temporary: TemporaryDirectory

    init() throws { temporary = try TemporaryDirectory() }

    func directory(_ name: String) -> DataDirectory {
        DataDirectory(path: temporary.path + "/" + name)
    }

    /// Records one behind the other, and where each begins.
    func file(
        _ records: [(record: LogRecord, bytes: OwnedBytes)]
    ) -> (bytes: [UInt8], starts: [Int]) {
        var bytes: [UInt8] = []
        var starts: [Int] = []
        for record in records {
            starts.append(bytes.count)
            bytes += record.bytes.header + record.bytes.payload
        }
        starts.append(bytes.count)
        return (bytes + TransferRecord.end(count: UInt64(records.count)), starts)
    }

    /// Imports a file; returns the counts and what is wrong with it.
    func take(
        _ bytes: [UInt8],
        into directory: DataDirectory
    ) throws -> (counts: TransferCounts, damage: RecordingError?) {
        let path = temporary.path + "/file.zoe"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let descriptor = unsafe open(path, O_RDONLY)
        defer { close(descriptor) }
        var source = TransferSource(descriptor: descriptor, name: "file.zoe")
        var counts = TransferCounts()
        try ArchiveImport.run(
            &source,
            into: directory,
            patience: .seconds(60),
            logger: Fixture.logger
        ) { more, _ in counts.add(more) }
        return (counts, source.damage)
    }

    func rows(_ sql: String, _ directory: DataDirectory) throws -> [[SQLValue]] {
        let archive = try ArchiveReader.open(
            directory,
            .catalog,
            patience: .seconds(60),
            command: "archive sql"
        )
        return try archive.catalog.rows(sql)
    }

    var recording: [(record: LogRecord, bytes: OwnedBytes)] {
        (0..<6 as Range<UInt64>).flatMap { sequence in
            [Fixture.frame(sequence), Fixture.result(sequence), Fixture.result(sequence, run: 2)]
        }
    }

    @Test func everyCutAndEveryWrongBitIsNamedWithItsByte() throws {
        let (bytes, starts) = file(Array(recording.prefix(5)))
        for count in 0..<bytes.count {
            let found = scan(Array(bytes.prefix(count)))
            let start = starts.last { $0 <= count } ?? 0
            #expect(found.damage?.description.hasPrefix("f at byte \(start): ") == true)
            #expect(found.bytes == Array(bytes[..<start]))
        }
        for place in bytes.indices {
            var wrong = bytes
            wrong[place] ^= 1 << (place % 8)
            let found = scan(wrong)
            let start = starts.last { $0 <= place } ?? 0
            #expect(found.damage?.description.hasPrefix("f at byte \(start): ") == true)
            #expect(found.bytes == Array(bytes[..<start]))
        }
        #expect(scan(bytes).damage == nil)
        #expect(scan(bytes + bytes).damage == nil)
        #expect(scan(bytes + bytes).bytes.count == 2 * (starts.last ?? 0))
    }

    /// What a source makes of bytes that come through a pipe.
    func scan(_ bytes: [UInt8]) -> (bytes: [UInt8], damage: RecordingError?) {
        let pipe = Pipe()
        try? pipe.fileHandleForWriting.write(contentsOf: Data(bytes))
        try? pipe.fileHandleForWriting.close()
        let descriptor = pipe.fileHandleForReading.fileDescriptor
        var source = TransferSource(descriptor: descriptor, name: "f")
        var whole: [UInt8] = []
        while let chunk = source.next() { whole += chunk }
        return (whole, source.damage)
    }

    @Test func importingTwiceChangesNothingAndRunsGetNumbersOfTheirOwn() throws {
        let target = directory("new")
        let bytes = file(recording).bytes
        let first = try take(bytes, into: target)
        #expect(first.damage == nil)
        #expect(first.counts.frames == 6 && first.counts.results == 12)
        let log = try Log.openReadOnly(in: target.log).log.promised
        let again = try take(bytes, into: target)
        #expect(again.counts.framesThere == 6 && again.counts.resultsThere == 12)
        #expect(again.counts.frames + again.counts.results + again.counts.skipped == 0)
        #expect(try Log.openReadOnly(in: target.log).log.promised == log)
        let state = try LogWriter.open(target, options: Log.Options()).state
        #expect(state.nextRunNumber(of: "faces") == 3)
        #expect(state.jobs.values.map(\.selection) == ["imported"])
    }

    @Test func aFileWithHolesMakesGapsAndOldFramesAreCounted() throws {
        let target = directory("new")
        let later = file([Fixture.frame(3), Fixture.frame(6), Fixture.result(9)])
        let counts = try take(later.bytes, into: target).counts
        #expect(counts.frames == 2 && counts.resultsWithoutFrame == 1)
        let gaps = "SELECT first_sequence, last_sequence, reason FROM gaps ORDER BY 1"
        #expect(
            try rows(gaps, target) == [
                [.integer(0), .integer(2), .text("transfer")],
                [.integer(4), .integer(5), .text("transfer")],
            ]
        )
        let other = file([Fixture.frame(2), Fixture.frame(3, byteCount: 300)])
        let old = try take(other.bytes, into: target).counts
        #expect(old.frames == 0 && old.framesOlder == 1 && old.framesDiffering == 1)
    }

    @Test(arguments: [false, true])
    func aDurableGroupDoesNotOweWhatIsImported(isServed: Bool) throws {
        let target = directory("new")
        do {
            let opened = try LogWriter.open(target, options: Log.Options())
            let state = opened.state
            var writer = opened.takeWriter()
            _ = try writer.append([Fixture.entry(Fixture.group())], state: state)
        }
        let broker = "ipc://\(temporary.path)/broker"
        let serving = isServed ? try RunningArchive(target, broker: broker) : nil
        if let serving { _ = try serving.ask(.status) }
        let counts = try take(file(recording).bytes, into: target).counts
        #expect(counts.frames == 6 && counts.results == 12)
        try serving?.stop()
        let state = try LogWriter.open(target, options: Log.Options()).state
        #expect(state.debts.owing == [])
        #expect(state.accounts.allSatisfy { $0.completedFrames == 0 && $0.shedFrames == 0 })
        #expect(try rows("SELECT COUNT(*) FROM results", target) == [[.integer(12)]])
    }

    @Test func resultsOfAReplayOfItsOwnAreNotMixedWithOthers() throws {
        let target = directory("new")
        do {
            let opened = try LogWriter.open(target, options: Log.Options())
            let job = Job(
                number: 1,
                run: Run(group: "faces", number: 2),
                state: .done,
                pace: 0,
                createdAt: 1,
                frames: 1,
                selection: "stream cam"
            )
            let state = opened.state
            var writer = opened.takeWriter()
            _ = try writer.append([LogEntry(.job(job))], state: state)
        }
        let counts = try take(file(recording).bytes, into: target).counts
        #expect(counts.results == 6 && counts.resultsOfOwnRuns == 6)
    }

    @Test func aDamagedFileKeepsWhatCameBefore() throws {
        let target = directory("new")
        let (bytes, starts) = file(recording)
        var wrong = bytes
        wrong[starts[9] + 150] ^= 4
        let found = try take(wrong, into: target)
        #expect(found.damage?.description.hasPrefix("file.zoe at byte \(starts[9]): ") == true)
        #expect(found.counts.frames == 3 && found.counts.results == 6)
        let rest = try take(bytes, into: target).counts
        #expect(rest.frames == 3 && rest.results == 6 && rest.framesThere == 3)
    }
}
