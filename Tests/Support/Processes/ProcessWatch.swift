import Dispatch
import Foundation
import Glibc
import Synchronization

/// The thread that reads what a process says, and those who wait for it.
final class ProcessWatch: Sendable {
    private struct Waiter {
        let condition: @Sendable (RunningProgram.Record) -> Bool
        let deadline: ContinuousClock.Instant
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var record = RunningProgram.Record()
        var waiters: [Waiter] = []
    }

    private let process: Spawn.Spawned
    /// Written to when there is a new waiter.
    private let bell: (read: Int32, write: Int32)
    private let state = Mutex(State())

    /// How often a process that has closed its output is asked whether it has ended.
    private static let endInterval: Int32 = 5

    init(_ process: Spawn.Spawned) {
        self.process = process
        var ends: [Int32] = [-1, -1]
        let code = unsafe pipe(&ends)
        precondition(code == 0, "the tests have too many files open")
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        bell = (ends[0], ends[1])
    }

    deinit {
        close(bell.read)
        close(bell.write)
    }

    var record: RunningProgram.Record { state.withLock { $0.record } }

    /// Starts a process on the thread that will read what it says.
    ///
    /// Not on the caller's: the kernel ends the process when the thread that started it ends, and
    /// those of Swift's pool come and go.
    static func start(
        _ command: [String],
        environment: [String: String],
        directory: String
    ) throws(SpawnError) -> ProcessWatch {
        let outcome = Handover<Result<ProcessWatch, SpawnError>>()
        Thread.detachNewThread {
            do throws(SpawnError) {
                let process = try Spawn.start(
                    command,
                    environment: environment,
                    directory: directory
                )
                let watch = ProcessWatch(process)
                outcome.give(.success(watch))
                watch.run()
            } catch {
                outcome.give(.failure(error))
            }
        }
        return try outcome.take().get()
    }

    var processID: pid_t { process.processID }

    func send(_ signal: Int32) {
        // Under the lock, so that the process is not reaped, and its id another's, in between.
        state.withLock { state in
            if state.record.end == nil { kill(process.processID, signal) }
        }
    }

    func wait(
        until deadline: ContinuousClock.Instant,
        _ condition: @escaping @Sendable (RunningProgram.Record) -> Bool
    ) async -> Bool {
        await withCheckedContinuation { continuation in
            state.withLock {
                $0.waiters.append(
                    Waiter(condition: condition, deadline: deadline, continuation: continuation)
                )
            }
            ring()
            // When the thread is gone, nobody else answers.
            if record.end != nil { _ = answerWaiters() }
        }
    }

    private func ring() { unsafe _ = write(bell.write, "!", 1) }

    // MARK: The thread

    private func run() {
        var output = LineReader(process.output)
        var log = LineReader(process.log)
        while !output.isAtEnd || !log.isAtEnd {
            let timeout = answerWaiters()
            var items = [
                pollfd(fd: output.descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: log.descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: bell.read, events: Int16(POLLIN), revents: 0),
            ]
            guard unsafe poll(&items, nfds_t(items.count), timeout) > 0 else { continue }
            let newOutput = items[0].revents != 0 ? output.read() : []
            let newLog = items[1].revents != 0 ? log.read() : []
            if items[2].revents != 0 { drainBell() }
            state.withLock {
                $0.record.output += newOutput
                $0.record.log += newLog
            }
        }
        awaitEnd()
        _ = answerWaiters()
    }

    private func awaitEnd() {
        while !reap() {
            let timeout = answerWaiters()
            var item = pollfd(fd: bell.read, events: Int16(POLLIN), revents: 0)
            let limit = timeout < 0 ? Self.endInterval : min(timeout, Self.endInterval)
            if unsafe poll(&item, 1, limit) > 0 { drainBell() }
        }
    }

    /// Takes the process's end in, if it has come.
    private func reap() -> Bool {
        state.withLock { state in
            var status: Int32 = 0
            guard unsafe waitpid(process.processID, &status, WNOHANG) != 0 else { return false }
            let signal = status & 0x7f
            state.record.end = .init(
                exitCode: signal == 0 ? (status >> 8) & 0xff : nil,
                signal: signal == 0 ? nil : signal,
                at: .now
            )
            return true
        }
    }

    private func drainBell() {
        var bytes = [UInt8](repeating: 0, count: 64)
        while unsafe read(bell.read, &bytes, bytes.count) > 0 {}
    }

    /// Answers those whose condition holds or whose time is over.
    ///
    /// - Returns: The milliseconds until the next one's time is over, or -1, as `poll` wants it.
    private func answerWaiters() -> Int32 {
        let (answers, next) = state.withLock { state in
            let now = ContinuousClock.now
            var answers: [(CheckedContinuation<Bool, Never>, Bool)] = []
            state.waiters.removeAll { waiter in
                let holds = waiter.condition(state.record)
                let isOver = state.record.end != nil || waiter.deadline <= now
                if holds || isOver { answers.append((waiter.continuation, holds)) }
                return holds || isOver
            }
            let next = state.waiters.map { $0.deadline - now }.min()
            return (answers, next)
        }
        for (continuation, holds) in answers { continuation.resume(returning: holds) }
        guard let next else { return -1 }
        return Int32(clamping: Int64((next / .milliseconds(1)).rounded(.up)))
    }
}

/// One value, from one thread to another.
private final class Handover<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)
    private let isThere = DispatchSemaphore(value: 0)

    func give(_ value: Value) {
        self.value.withLock { $0 = value }
        isThere.signal()
    }

    func take() -> Value {
        isThere.wait()
        guard let value = value.withLock({ $0 }) else { fatalError("nothing was handed over") }
        return value
    }
}

/// Cuts what comes through a pipe into lines.
private struct LineReader {
    /// -1 after the end: `poll` passes over it.
    private(set) var descriptor: Int32
    private var rest: [UInt8] = []

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    var isAtEnd: Bool { descriptor < 0 }

    /// Reads what is there and returns the lines that are whole; at the end, the rest too.
    mutating func read() -> [String] {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
        if count < 0 && errno == EINTR { return [] }
        guard count > 0 else {
            close(descriptor)
            descriptor = -1
            defer { rest = [] }
            return rest.isEmpty ? [] : [String(decoding: rest, as: UTF8.self)]
        }
        rest += buffer[..<count]
        guard let last = rest.lastIndex(of: 0x0a) else { return [] }
        let lines = rest[..<last].split(separator: 0x0a, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        rest.removeSubrange(...last)
        return lines
    }
}
