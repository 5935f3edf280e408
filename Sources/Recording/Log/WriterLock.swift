internal import Foundation

/// The lock of a data directory: whoever writes has it alone, those that only read may share it.
///
/// It is given back when the process ends, however it ends.
package final class WriterLock: Sendable {
    /// How the lock is held.
    package enum Mode: Sendable {
        /// To write; nobody else has it.
        case exclusive
        /// To read the log while nobody writes to it; its catalog is up to date.
        case shared
    }

    private let descriptor: Int32

    private init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Takes the lock to write, for an archive that serves or a command that does its work.
    ///
    /// - Parameters:
    ///   - directory: What to write to.
    ///   - command: Who takes it, for whoever finds it taken.
    ///   - patience: How long to wait for it: a command that only reads may have it for a moment.
    /// - Returns: The lock.
    /// - Throws: ``RecordingError/Kind/locked``, naming the process that has it.
    package static func writing(
        _ directory: DataDirectory,
        as command: String,
        patience: Duration
    ) throws(RecordingError) -> WriterLock {
        let deadline = ContinuousClock.now + patience
        while true {
            if let lock = try take(directory, .exclusive, as: command) { return lock }
            guard ContinuousClock.now < deadline else { throw LockHolder(of: directory).refusal }
            usleep(20_000)
        }
    }

    /// Takes the lock if that is possible now; `nil` when somebody else has it.
    ///
    /// - Parameters:
    ///   - directory: What to write to, or to read.
    ///   - mode: Which of both.
    ///   - command: Who takes it, such as `archive sql`, for whoever finds it taken.
    /// - Returns: The lock.
    /// - Throws: ``RecordingError/Kind/unwritable`` when its file cannot be opened.
    package static func take(
        _ directory: DataDirectory,
        _ mode: Mode,
        as command: String
    ) throws(RecordingError) -> WriterLock? {
        var descriptor = unsafe open(directory.lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        if descriptor < 0, mode == .shared {
            descriptor = unsafe open(directory.lock, O_RDONLY | O_CLOEXEC)
        }
        guard descriptor >= 0 else {
            throw RecordingError(.unwritable, "\(directory.lock) cannot be opened: \(lastError())")
        }
        guard flock(descriptor, (mode == .exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0 else {
            close(descriptor)
            return nil
        }
        let lock = WriterLock(descriptor: descriptor)
        lock.note("\(getpid()) \(command)\n")
        return lock
    }

    /// Lets others read too, from now on; returns whether the lock is still held: somebody else may
    /// get in between.
    package func share() -> Bool { flock(descriptor, LOCK_SH | LOCK_NB) == 0 }

    private func note(_ holder: String) {
        let bytes = Array(holder.utf8)
        ftruncate(descriptor, 0)
        unsafe bytes.withUnsafeBytes { _ = unsafe pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }
}

/// Who has a lock, or had it last.
package struct LockHolder: Sendable, Equatable {
    /// How an archive that serves is called.
    package static let serving = "archive serve"

    /// Whether a process of this host or container holds the lock now.
    let isHeld: Bool
    private let directory: String
    private let processID: String
    private let command: String

    /// Who has the lock of `directory`.
    ///
    /// Several may share it, and its file names the last one only, which may have let go of it: so the
    /// kernel is asked (proc_locks(5)), and the file where that does not know.
    package init(of directory: DataDirectory) {
        let text = (try? String(contentsOfFile: directory.lock, encoding: .utf8)) ?? ""
        let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
        let holders = Self.processes(holding: directory.lock)
        self.directory = directory.path
        isHeld = !holders.isEmpty
        if let holder = holders.first, !holders.contains(words.first ?? "") {
            processID = holder
            command = Self.command(of: holder)
        } else {
            processID = words.first ?? ""
            command = words.dropFirst().joined(separator: " ")
        }
    }

    private static func processes(holding path: String) -> [String] {
        var file = stat()
        guard unsafe stat(path, &file) == 0,
            let locks = try? String(contentsOfFile: "/proc/locks", encoding: .utf8)
        else { return [] }
        // `1: FLOCK  ADVISORY  WRITE 1234 fe:00:131074 0 EOF`; the file by device and inode.
        return locks.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 5, fields[1] == "FLOCK", fields[5].hasSuffix(":\(file.st_ino)")
            else { return nil }
            return String(fields[4])
        }.filter { $0 != "0" }  // Of another container.
    }

    /// The program and the first word behind it, such as `archive export`.
    private static func command(of processID: String) -> String {
        guard let line = FileManager.default.contents(atPath: "/proc/\(processID)/cmdline") else {
            return ""
        }
        let words = line.split(separator: 0).prefix(2).map { String(decoding: $0, as: UTF8.self) }
        let program = words.first?.split(separator: "/").last.map(String.init) ?? ""
        return ([program] + words.dropFirst()).joined(separator: " ")
    }

    /// Whether it is an archive that serves, or may be one.
    package var isServing: Bool { command.isEmpty || command == Self.serving }

    private var process: String { processID.isEmpty ? "" : " (process \(processID))" }

    /// Why nobody else can write now.
    var refusal: RecordingError {
        RecordingError(
            .locked,
            isServing
                ? "another archive\(process) serves \(directory); stop it first, or choose another"
                    + " --data"
                : "'\(command)'\(process) reads \(directory), and nobody may write to it meanwhile;"
                    + " wait until it has ended, or stop it"
        )
    }

    /// Why the archive cannot be read now.
    var silence: RecordingError {
        RecordingError(
            .notServing,
            isServing
                ? "the archive\(process) that serves \(directory) does not answer; try again, with a"
                    + " longer --connect-timeout"
                : "'\(command)'\(process) brings the catalog of \(directory) up to date; try again when"
                    + " it has"
        )
    }
}
