import Foundation

/// What a shell script did.
struct ShellResult: Sendable {
    /// 124 when the deadline passed.
    var exitCode: Int32
    /// Standard output and standard error, in the order written.
    var output: String
}

/// Runs scripts with bash, and knows where the project and its programs lie.
enum Shell {
    /// The project's root: where README.md is.
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Where the tests' build has put `broker`, `camera`, `worker` and `archive`.
    static let programs = URL(filePath: "/proc/self/exe")
        .resolvingSymlinksInPath().deletingLastPathComponent()

    /// Runs a script and waits for its end without holding a thread.
    ///
    /// - Parameters:
    ///   - script: Ended at its first failing command, as with `set -euo pipefail`.
    ///   - directory: Where it runs.
    ///   - environment: Variables beside those of the test.
    ///   - seconds: After so many it gets SIGTERM, five seconds later SIGKILL.
    /// - Returns: How it ended and what it printed.
    /// - Throws: A Foundation error when bash cannot be started.
    static func run(
        _ script: String,
        in directory: URL,
        environment: [String: String] = [:],
        seconds: Int = 120
    ) async throws -> ShellResult {
        let log = directory.appending(path: "shell-\(UInt32.random(in: 0 ... .max)).log")
        try Data().write(to: log)
        defer { try? FileManager.default.removeItem(at: log) }
        let output = try FileHandle(forWritingTo: log)
        let process = Process()
        // `env`: this thread blocks signals, and what it starts would inherit that.
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments =
            ["--default-signal", "timeout", "-k", "5", "\(seconds)"]
            + ["bash", "-euo", "pipefail", "-c", script]
        process.currentDirectoryURL = directory
        process.environment = ProcessInfo.processInfo.environment
            .merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        let exitCode = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        try output.close()
        return ShellResult(exitCode: exitCode, output: try String(contentsOf: log, encoding: .utf8))
    }
}
