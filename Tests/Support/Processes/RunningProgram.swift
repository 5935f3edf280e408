package import Glibc

/// A process that a test has started, and what it has said so far.
///
/// A thread of its own reads its output, line by line. The process gets SIGKILL from the kernel when
/// the test's process ends, however that ends.
package final class RunningProgram: Sendable {
    /// How a process ended.
    package struct End: Sendable, Equatable {
        /// The exit code, or nil when a signal ended it.
        package var exitCode: Int32?
        /// The signal that ended it, or nil.
        package var signal: Int32?
        /// When this was seen.
        package var at: ContinuousClock.Instant
    }

    /// What a process has said, and whether it has ended.
    package struct Record: Sendable {
        /// Whole lines of stdout.
        package internal(set) var output: [String] = []
        /// Whole lines of stderr: log lines and error sentences.
        package internal(set) var log: [String] = []
        /// How it ended; nil while it runs.
        ///
        /// Every line is there before this is set.
        package internal(set) var end: End?
    }

    /// What the test calls it, such as `worker` or `worker-2`.
    package let name: String
    private let watch: ProcessWatch

    /// Starts a program with an empty standard input.
    ///
    /// - Parameters:
    ///   - executable: The path of the file to run.
    ///   - arguments: What follows the program's name.
    ///   - environment: All its variables.
    ///   - directory: Where it runs.
    ///   - name: What the test calls it.
    /// - Throws: ``SpawnError`` when it cannot be started.
    package init(
        executable: String,
        arguments: [String],
        environment: [String: String],
        directory: String,
        name: String
    ) throws(SpawnError) {
        self.name = name
        watch = try ProcessWatch.start(
            [executable] + arguments,
            environment: environment,
            directory: directory
        )
    }

    /// Its process id; another process's once ``Record/end`` is set.
    package var processID: pid_t { watch.processID }

    /// What it has said so far.
    package var record: Record { watch.record }

    /// Sends a signal, unless it has ended.
    package func send(_ signal: Int32) { watch.send(signal) }

    /// Waits until `condition` holds, without holding a thread.
    ///
    /// - Parameters:
    ///   - limit: How long at most.
    ///   - condition: Asked after each line and at the end, on the thread that reads the output.
    /// - Returns: Whether it held in time.
    package func wait(
        for limit: Duration,
        until condition: @escaping @Sendable (Record) -> Bool
    ) async -> Bool {
        await watch.wait(until: .now + limit, condition)
    }

    /// Lets time pass until the process says something more or ends, or `limit` is over.
    package func waitForNews(for limit: Duration) async {
        let before = record
        _ = await wait(for: limit) {
            $0.end != nil || $0.log.count != before.log.count
                || $0.output.count != before.output.count
        }
    }

    deinit { watch.send(SIGKILL) }
}
