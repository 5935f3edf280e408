internal import Foundation

/// The right to write to a data directory; one process has it at a time, and gives it back when it
/// ends, however it ends.
package final class WriterLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock.
    ///
    /// - Parameters:
    ///   - directory: What to write to.
    ///   - patience: How long to wait for it: a command that only reads has it for a moment.
    /// - Throws: ``RecordingError/Kind/locked``, naming the process that has it.
    package init(_ directory: DataDirectory, patience: Duration) throws(RecordingError) {
        let descriptor = unsafe open(directory.lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw RecordingError(.unwritable, "\(directory.lock) cannot be opened: \(lastError())")
        }
        let deadline = ContinuousClock.now + patience
        var isTaken = flock(descriptor, LOCK_EX | LOCK_NB) == 0
        while !isTaken, ContinuousClock.now < deadline {
            usleep(20_000)
            isTaken = flock(descriptor, LOCK_EX | LOCK_NB) == 0
        }
        guard isTaken else {
            close(descriptor)
            let holder = (try? String(contentsOfFile: directory.lock, encoding: .utf8)) ?? ""
            let owner = holder.trimmingCharacters(in: .whitespacesAndNewlines)
            throw RecordingError(
                .locked,
                "another archive\(owner.isEmpty ? "" : " (process \(owner))") writes to"
                    + " \(directory.path); stop it first, or choose another --data"
            )
        }
        self.descriptor = descriptor
        let owner = Array("\(getpid())\n".utf8)
        ftruncate(descriptor, 0)
        unsafe owner.withUnsafeBytes { _ = unsafe pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }

    deinit { close(descriptor) }
}
