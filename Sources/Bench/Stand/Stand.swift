import ArgumentParser
import Foundation
import Service
import ZeroMQ

/// How the programs of one machine reach each other.
enum Transport: String, CaseIterable, ExpressibleByArgument {
    case tcp, ipc
}

/// When a frame counts as archived.
enum Sync: String, CaseIterable, ExpressibleByArgument {
    case full, none
}

/// A broker, and an archive if wanted, in a directory of their own, which are ended and deleted again.
final class Stand {
    struct Settings {
        var transport = Transport.tcp
        var sync = Sync.full
        var hasArchive = true
        var sharesMemory = true
        /// Where its directory is made.
        var parent: String
        var payloadBudget: ByteCount?
        /// Frames that the broker holds for a `queue` group.
        var queueFrames = Load.queueFrames
    }

    /// Where cameras connect.
    let ingest: String
    /// Where workers connect.
    let work: String
    /// Where results and status are published.
    let events: String
    /// Everything the archive has.
    let data: String

    private let directory: String
    private let programs: String
    private let broker: Process
    private var archive: Process?

    /// Starts the programs beside this one.
    ///
    /// - Throws: A ``Failure`` when they are not there, or do not begin to serve.
    init(_ settings: Settings) throws {
        programs = try Self.programs()
        directory = try Self.makeDirectory(in: settings.parent)
        data = directory + "/data"
        switch settings.transport {
        case .tcp: (ingest, work, events) = try Self.freeEndpoints()
        case .ipc:
            // Beside the data its name might be too long for a socket.
            let place = "ipc:///tmp/zoetrope-bench-\(getpid())-\(UInt32.random(in: 0 ... .max))"
            (ingest, work, events) = (place + "-i", place + "-w", place + "-e")
        }
        var arguments = ["serve", "--ingest", ingest, "--work", work, "--events", events]
        if let budget = settings.payloadBudget {
            arguments += ["--payload-budget", budget.defaultValueDescription]
        }
        arguments += ["--queue-frames", String(settings.queueFrames)]
        if !settings.sharesMemory { arguments.append("--no-shared-memory") }
        broker = try Self.start(programs + "/broker", arguments, log: directory + "/broker.log")
        if settings.hasArchive {
            archive = try Self.start(
                programs + "/archive",
                ["serve", "--data", data, "--broker", work, "--sync", settings.sync.rawValue],
                log: directory + "/archive.log"
            )
        }
        do {
            try wait(for: broker, "broker", toSay: "events:")
            if let archive { try wait(for: archive, "archive", toSay: "serving") }
        } catch {
            close()
            throw error
        }
    }

    /// Waits until a program says in its log that it serves.
    private func wait(for program: Process, _ name: String, toSay words: String) throws(Failure) {
        let end = ContinuousClock.now + .seconds(30)
        while program.isRunning, ContinuousClock.now < end {
            if log(of: name).contains(where: { $0.contains(words) }) { return }
            usleep(10_000)
        }
        let last = log(of: name).last ?? "it said nothing"
        throw Failure(.general, "the \(name) does not serve: \(last)")
    }

    private func log(of name: String) -> [Substring] {
        let text = try? String(contentsOfFile: directory + "/\(name).log", encoding: .utf8)
        return (text ?? "").split(separator: "\n")
    }

    /// The most memory that the broker has had, in bytes.
    var brokerPeakByteCount: Int { Self.memory(broker.processIdentifier, "VmHWM") }
    /// Asks how much memory the broker has, in bytes; from any thread.
    var brokerMemory: @Sendable () -> Int {
        let process = broker.processIdentifier
        return { Self.memory(process, "VmRSS") }
    }
    /// Processor time that broker and archive have taken so far.
    var processorTime: Duration {
        ([broker] + [archive].compactMap { $0 }).map(Self.processorTime).reduce(.zero, +)
    }

    /// Runs `archive` with arguments; returns what it prints.
    func ask(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: programs + "/archive")
        process.arguments = arguments + ["--data", data]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(.general, "archive \(arguments.joined(separator: " ")) has failed")
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Waits until the catalog has everything that is in the log; returns how long that takes.
    ///
    /// - Throws: A ``Failure`` after `patience`.
    func waitForCatalog(_ stop: StopSignal, patience: Duration = .seconds(120)) throws -> Duration {
        struct Info: Decodable {
            struct Status: Decodable {
                let cataloged: UInt64
                let promised: UInt64
            }
            let status: Status?
        }
        let start = ContinuousClock.now
        while ContinuousClock.now < start + patience, !stop.isRaised {
            let text = try ask(["info", "--json"])
            let taken = ContinuousClock.now - start  // With the asking, which takes 50 ms or so.
            let status = try JSONDecoder().decode(Info.self, from: Data(text.utf8)).status
            guard let status else { throw Failure(.general, "the archive does not serve any more") }
            if status.cataloged >= status.promised { return taken }
            stop.wait(for: .milliseconds(50))
        }
        throw Failure(.general, "the catalog was not complete in \(Readable.duration(patience))")
    }

    /// Lines that broker and archive wrote about something wrong.
    var complaints: [String] {
        ["broker", "archive"].flatMap { name in
            log(of: name).filter { !$0.contains(" info ") }.map(String.init)
        }
    }

    /// Ends the programs and deletes what they wrote.
    func close() {
        for process in [archive, broker].compactMap({ $0 }) where process.isRunning {
            process.terminate()
            process.waitUntilExit()
        }
        try? FileManager.default.removeItem(atPath: directory)
        for endpoint in [ingest, work, events] where endpoint.hasPrefix("ipc://") {
            try? FileManager.default.removeItem(atPath: String(endpoint.dropFirst(6)))
        }
    }

    private static func programs() throws(Failure) -> String {
        let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let directory = (path as NSString?)?.deletingLastPathComponent ?? "."
        for name in ["broker", "archive"]
        where !FileManager.default.isExecutableFile(atPath: "\(directory)/\(name)") {
            throw Failure(.missingInput, "\(name) is not beside bench, in \(directory): build it")
        }
        return directory
    }

    private static func makeDirectory(in parent: String) throws(Failure) -> String {
        let path = "\(parent)/zoetrope-bench-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try OutputFiles.makeDirectory(path)
        return path
    }

    private static func freeEndpoints() throws -> (String, String, String) {
        let context = try Context()
        // All three at once, or one might be given out twice.
        let first = try Socket(.router, in: context)
        let second = try Socket(.router, in: context)
        let third = try Socket(.router, in: context)
        try first.bind(to: "tcp://127.0.0.1:*")
        try second.bind(to: "tcp://127.0.0.1:*")
        try third.bind(to: "tcp://127.0.0.1:*")
        return (try first.lastEndpoint(), try second.lastEndpoint(), try third.lastEndpoint())
    }

    private static func start(
        _ program: String,
        _ arguments: [String],
        log: String
    ) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments + ["--log-level", "info"]
        process.standardInput = FileHandle.nullDevice
        try OutputFiles.write([], to: log)
        process.standardError = FileHandle(forWritingAtPath: log)
        try process.run()
        return process
    }

    private static func memory(_ process: Int32, _ field: String) -> Int {
        let path = "/proc/\(process)/status"
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix(field + ":") }
        let number = line?.split(whereSeparator: \.isWhitespace).dropFirst().first
        return number.flatMap { Int($0) }.map { $0 << 10 } ?? 0
    }

    private static func processorTime(_ process: Process) -> Duration {
        let path = "/proc/\(process.processIdentifier)/stat"
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        // Behind the name in brackets; user and system time are the 12th and 13th.
        let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 13, let user = Int(fields[11]), let system = Int(fields[12]) else {
            return .zero
        }
        return .seconds(Double(user + system) / Double(sysconf(Int32(_SC_CLK_TCK))))
    }
}
