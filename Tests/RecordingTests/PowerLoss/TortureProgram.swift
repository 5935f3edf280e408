import Foundation
import Testing
import TestSupport
import Wire
import ZeroMQ

@testable import Recording

/// A program that writes to an archive until somebody ends it: records, new segments, retention and the
/// catalog, and says what has been acknowledged.
///
/// Run as a test of a test process of its own; see ``Torture``.
@Suite struct TortureProgram {
    private static let environment = ProcessInfo.processInfo.environment

    @Test(.enabled(if: environment["TORTURE"] != nil)) func run() throws {
        let directory = DataDirectory(path: Self.environment["TORTURE"] ?? "")
        let count = Self.environment["TORTURE_COUNT"].flatMap(UInt64.init) ?? .max
        let options = Log.Options(segmentByteCount: 1 << 16)
        let opened = try LogWriter.open(directory, options: options)
        // The newest step once more: it may have been ended between its frame and its results.
        let kept = opened.state.streams["cam"]?.sequence ?? 0
        var next = kept > 0 ? kept - 1 : 0
        let wakeUp = try WakeUp()
        let committer = try Committer(opened, logger: Fixture.logger, wakeUps: [wakeUp])
        let projection = try CatalogProjection(
            of: committer.log,
            into: try Catalog(path: directory.catalog),
            wakeUp: wakeUp,
            logger: Fixture.logger
        )
        try projection.start()
        var policy = RetentionPolicy()
        policy.ages = [.init(pattern: "tmp", nanoseconds: 0)]
        let retention = try Retention(committer, policy, directory, logger: Fixture.logger)
        // The first time, and again when the disk took it and the process ended before it said so.
        try send([Fixture.group()], to: committer)
        Self.say("acknowledged \(next)")
        while next < count {
            try send(Torture.records(next), to: committer)
            next += 1
            Self.say("acknowledged \(next)")
            if next.isMultiple(of: 25) { try retention.round() }
        }
        retention.close()
        projection.close()
        committer.close()
    }

    private func send(
        _ fixtures: [(record: LogRecord, bytes: OwnedBytes)],
        to committer: Committer
    ) throws {
        for fixture in fixtures {
            guard committer.offer(Fixture.entry(fixture), session: 1) else {
                throw RecordingError(.failed, "there is no room for a record")
            }
        }
        try committer.commit([])
    }

    /// Written at once: what is said is said.
    private static func say(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        unsafe bytes.withUnsafeBytes { _ = unsafe write(STDOUT_FILENO, $0.baseAddress, $0.count) }
    }
}

/// What the program writes, and what must be found of it.
enum Torture {
    /// Whether the frame of a step stays owed.
    static func isOwed(_ step: UInt64) -> Bool { step % 10 == 1 }

    /// The records of a step: a frame that is kept, one that goes, and results of most of them.
    static func records(_ step: UInt64) -> [(record: LogRecord, bytes: OwnedBytes)] {
        var records = [
            Fixture.frame(step, byteCount: 1_000 + Int(step % 7) * 700),
            Fixture.frame(step, stream: "tmp", byteCount: 2_000),
        ]
        if !isOwed(step) { records.append(Fixture.result(step)) }
        records.append(Fixture.result(step, stream: "tmp"))
        return records
    }

    /// The steps that `lines` say are acknowledged.
    static func acknowledged(_ lines: some Sequence<some StringProtocol>) -> UInt64 {
        lines.compactMap { line in
            line.hasPrefix("acknowledged ") ? UInt64(line.dropFirst(13)) : nil
        }.max() ?? 0
    }

    /// Starts the program on an archive.
    static func start(
        _ directory: DataDirectory,
        count: UInt64? = nil,
        more: [String: String] = [:]
    ) throws -> RunningProgram {
        var environment = ProcessInfo.processInfo.environment
        environment["TORTURE"] = directory.path
        environment["TORTURE_COUNT"] = count.map(String.init)
        environment.merge(more) { $1 }
        return try RunningProgram(
            executable: CommandLine.arguments[0],
            arguments: ["--testing-library", "swift-testing", "--filter", "TortureProgram"],
            environment: environment,
            directory: "/tmp",
            name: "torture"
        )
    }

    /// Opens what is left and checks it: every acknowledged frame byte for byte, nothing owed missing,
    /// nothing wrong, and the catalog as the log says.
    static func check(
        _ directory: DataDirectory,
        acknowledged: UInt64,
        _ comment: Comment
    ) throws {
        let state: LogState
        do {
            let opened = try LogWriter.open(
                directory,
                options: Log.Options(segmentByteCount: 1 << 16)
            )
            #expect(opened.damaged.isEmpty, comment)
            state = opened.state
            _ = opened.takeWriter()
        }
        let report = try Verification.run(
            directory,
            patience: .seconds(20),
            command: "archive verify"
        ) { _, _ in }
        #expect(report.findings == [], comment)
        let log = try Log.openReadOnly(in: directory.log).log
        let run = Run(group: "faces", number: 0)
        for step in 0..<acknowledged {
            let expected = Fixture.frame(step, byteCount: 1_000 + Int(step % 7) * 700).bytes
            let id = FrameID(stream: "cam", epoch: 1, sequence: step)
            let bytes = try log.position(of: id).flatMap { position in
                try log.withRecord(at: position) { $0.array }
            }
            #expect(bytes == expected.header + expected.payload, comment)
            #expect(state.debts.owes(id, run) == isOwed(step), comment)
        }
        for run in state.debts.owing {
            state.debts.owed(by: run).forEach { stream, epoch, range in
                for sequence in range {
                    let id = FrameID(stream: stream, epoch: epoch, sequence: sequence)
                    #expect((try? log.position(of: id)) ?? nil != nil, comment)
                }
            }
        }
        let rows = try CatalogReader(directory).rows(
            "SELECT COUNT(*) FROM frames WHERE stream = 'cam' AND sequence < \(acknowledged)"
        )
        #expect(rows == [[.integer(Int64(acknowledged))]], comment)
    }
}
