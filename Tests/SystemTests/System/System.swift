import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

/// One Zoetrope of a test's own: a data directory, an address, and the processes started so far.
final class System: Sendable {
    /// The one whose processes' last words go with the test's failures.
    @TaskLocal static var current: System?

    /// How long a test waits for what must come; long, as all tests may share one slow core.
    static let patience: Duration = .seconds(180)

    let directory: TemporaryDirectory
    /// Where cameras, workers and the archive, and listeners connect.
    let ingest: String
    let work: String
    let events: String

    private let programs = Mutex<[RunningProgram]>([])
    private let notes = Mutex<[String]>([])
    private static let count = Atomic<Int>(0)

    /// Runs a test's `body` and ends all its processes, also when it fails.
    static func run(
        _ share: Machine.Share = .light,
        _ body: (System) async throws -> Void
    ) async throws {
        try await Machine.shared.use(share) {
            let system = try System()
            await $current.withValue(system) {
                do {
                    try await body(system)
                } catch let error as GaveUp {
                    Issue.record("\(error.sentence)", sourceLocation: error.sourceLocation)
                } catch is ExpectationFailedError {
                    // It has been recorded where it happened.
                } catch {
                    Issue.record(error)
                }
                await system.endAll()
            }
        }
    }

    private init() throws {
        directory = try TemporaryDirectory()
        // Every address that begins with 127 is this machine: one that no other test has, neither of
        // this process nor of another, makes every port of it free.
        let id = Int(getpid())
        let number = 1 + Self.count.add(1, ordering: .relaxed).oldValue % 254
        let address = "127.\(id >> 8 & 0x7f | 0x80).\(id & 0xff).\(number)"
        ingest = "tcp://\(address):15550"
        work = "tcp://\(address):15551"
        events = "tcp://\(address):15552"
    }

    /// The archive's directory.
    var data: String { directory.url.appending(path: "data").path }

    // MARK: Processes

    /// Starts one of the programs.
    ///
    /// - Parameters:
    ///   - program: `broker`, `camera`, `worker` or `archive`, or the path of another one.
    ///   - arguments: Its command line.
    ///   - environment: Variables beside those of the test.
    ///   - name: What the test calls it.
    /// - Returns: The process.
    /// - Throws: ``SpawnError`` when it cannot be started.
    @discardableResult
    func start(
        _ program: String,
        _ arguments: [String],
        environment: [String: String] = [:],
        name: String? = nil
    ) throws -> RunningProgram {
        let inherited = ProcessInfo.processInfo.environment.filter {
            !$0.key.hasPrefix("ZOETROPE_")
        }
        let running = try RunningProgram(
            executable: program.hasPrefix("/")
                ? program : Shell.programs.appending(path: program).path,
            arguments: arguments,
            environment: inherited.merging(environment) { $1 },
            directory: directory.path,
            name: name ?? program
        )
        programs.withLock { $0.append(running) }
        return running
    }

    /// Runs a command to its end.
    func command(
        _ program: String,
        _ arguments: [String],
        environment: [String: String] = [:],
        within limit: Duration = System.patience,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Finished {
        let running = try start(
            program,
            arguments,
            environment: environment,
            name: "\(program) \(arguments.first ?? "")"
        )
        let end = try await running.ended(within: limit, sourceLocation: sourceLocation)
        programs.withLock { $0.removeAll { $0 === running } }
        let record = running.record
        return Finished(exitCode: end.exitCode, output: record.output, log: record.log)
    }

    /// Waits until `condition` holds, asking again and again.
    func until(
        _ sentence: String,
        within limit: Duration = System.patience,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ condition: () async throws -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + limit
        while try await !condition() {
            guard ContinuousClock.now < deadline else {
                throw GaveUp("not within \(limit): \(sentence)", sourceLocation)
            }
            let one = programs.withLock { $0.last { $0.record.end == nil } }
            guard let one else {
                throw GaveUp("no process is left to wait for: \(sentence)", sourceLocation)
            }
            await one.waitForNews(for: .milliseconds(100))
        }
    }

    /// The process of that name that runs.
    func running(
        _ name: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> RunningProgram {
        let found = programs.withLock { $0.last { $0.name == name && $0.record.end == nil } }
        guard let found else { throw GaveUp("no \(name) is running", sourceLocation) }
        return found
    }

    private func endAll() async {
        let all = programs.withLock { $0 }
        for program in all { program.send(SIGKILL) }
        for program in all { _ = await program.wait(for: Self.patience) { $0.end != nil } }
    }

    /// Adds a line to what is shown when the test fails.
    func note(_ line: String) { notes.withLock { $0.append(line) } }

    /// The notes, and the last lines that each process has said.
    var lastWords: String {
        let words = programs.withLock { $0 }.map { program in
            let record = program.record
            let state = record.end.map {
                "ended, \($0.exitCode.map { "exit code \($0)" } ?? "killed")"
            }
            let lines = record.log.suffix(12) + record.output.suffix(4)
            return "== \(program.name) (\(state ?? "running"))\n" + lines.joined(separator: "\n")
        }
        return (notes.withLock { $0 } + words).joined(separator: "\n")
    }
}

/// What a command that has ended left behind.
struct Finished: Sendable {
    /// Nil when a signal ended it.
    var exitCode: Int32?
    /// Lines of stdout.
    var output: [String]
    /// Lines of stderr.
    var log: [String]
}

/// What should have come did not.
struct GaveUp: Error {
    let sentence: String
    let sourceLocation: SourceLocation

    init(_ sentence: String, _ sourceLocation: SourceLocation) {
        self.sentence = sentence
        self.sourceLocation = sourceLocation
    }
}

extension RunningProgram {
    /// Waits for a log line, or a line of output, with `text` in it.
    ///
    /// - Throws: ``GaveUp`` when it does not come in time, or the process ends without it.
    func says(
        _ text: String,
        within limit: Duration = System.patience,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let said = await wait(for: limit) { record in
            (record.log.reversed() + record.output.reversed()).contains { $0.contains(text) }
        }
        guard said else { throw GaveUp("\(name) did not say '\(text)'", sourceLocation) }
    }

    /// Waits for the process's end.
    ///
    /// - Throws: ``GaveUp`` when it still runs after `limit`.
    @discardableResult
    func ended(
        within limit: Duration = System.patience,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> End {
        guard await wait(for: limit, until: { $0.end != nil }), let end = record.end else {
            throw GaveUp("\(name) has not ended within \(limit)", sourceLocation)
        }
        return end
    }

    /// Ends the process at once, as a power cut would.
    func kill(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        send(SIGKILL)
        try await ended(sourceLocation: sourceLocation)
    }

    /// Asks the process to end and checks that it does so, with exit code 0.
    func stop(
        _ signal: Int32 = SIGTERM,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        send(signal)
        let end = try await ended(sourceLocation: sourceLocation)
        #expect(end.exitCode == 0, "\(name) after signal \(signal)", sourceLocation: sourceLocation)
    }
}

extension Trait where Self == IssueHandlingTrait {
    /// Adds the last words of the test's processes to its failures.
    static var lastWords: Self {
        compactMapIssues { issue in
            // A suite's trait is asked for the suite and for the test.
            let mark = "what the processes said last:\n"
            guard let system = System.current,
                !issue.comments.contains(where: { $0.rawValue.hasPrefix(mark) })
            else { return issue }
            var issue = issue
            issue.comments.append(Comment(rawValue: mark + system.lastWords))
            return issue
        }
    }
}
