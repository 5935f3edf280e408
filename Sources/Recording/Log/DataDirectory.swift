internal import Foundation

/// Where an archive keeps everything, and what lies where in it.
package struct DataDirectory: Sendable {
    /// The directory itself.
    package let path: String

    /// The directory at `path`, which need not exist.
    package init(path: String) { self.path = path }

    /// The log's segments.
    package var log: String { path + "/log" }
    /// The SQL catalog.
    package var catalog: String { path + "/catalog.sqlite" }
    /// The socket that a serving archive listens on.
    package var control: String { path + "/control" }
    /// Held by whoever writes.
    package var lock: String { path + "/lock" }

    /// Creates what is missing.
    ///
    /// - Throws: ``RecordingError/Kind/unwritable`` when the directory cannot be written.
    package func create() throws(RecordingError) {
        let isNew = unsafe access(path, F_OK) != 0
        var made = log.hasPrefix("/") ? "/" : ""
        for name in log.split(separator: "/") {
            made += name + "/"
            let isThere = unsafe mkdir(made, 0o755) == 0 || errno == EEXIST
            guard isThere else { throw unusable(isNew: isNew) }
        }
        for place in [path, log] {
            guard unsafe access(place, W_OK | X_OK) == 0 else { throw unusable(isNew: false) }
        }
    }

    /// Why the directory is of no use, by what the last call has failed with.
    private func unusable(isNew: Bool) -> RecordingError {
        let reason = lastError().lowercased()
        var file = stat()
        let isDirectory = unsafe stat(path, &file) != 0 || file.st_mode & S_IFMT == S_IFDIR
        return RecordingError(
            .unwritable,
            isDirectory
                ? "the data directory \(path) cannot be \(isNew ? "created" : "written"): \(reason)"
                : "\(path) is a file, and no directory to keep an archive in; choose another --data"
        )
    }

    /// Whether this process may write here.
    package var isWritable: Bool {
        [path, log, lock].allSatisfy { (place: String) in
            unsafe access(place, W_OK) == 0 || access(place, F_OK) != 0
        }
    }

    /// Says so when there is no archive here.
    package func mustExist() throws(RecordingError) {
        guard unsafe access(log, R_OK | X_OK) == 0 else {
            throw RecordingError(
                .missing,
                "there is no archive in \(path); name its directory with --data"
            )
        }
    }

    /// Whether the disk that holds `path` has no room for a few commits more.
    static func isFull(at path: String) -> Bool {
        var disk = statvfs()
        guard unsafe statvfs(path, &disk) == 0 else { return false }
        return UInt64(disk.f_bavail) * UInt64(disk.f_frsize) < 64 << 20
    }

    /// Bytes of the file at `path`; 0 when there is none.
    static func byteCount(of path: String) -> Int {
        var file = stat()
        return unsafe stat(path, &file) == 0 ? Int(file.st_size) : 0
    }

    /// Gives a file another name, which may have been another file's; see ``sync(directory:)``.
    static func rename(_ path: String, to target: String) throws(RecordingError) {
        guard unsafe Foundation.rename(path, target) == 0 else {
            throw RecordingError(
                errno == ENOSPC ? .diskFull : .failed,
                "the file \(path) cannot be renamed to \(target): \(lastError())"
            )
        }
    }

    /// Writes a file to the device.
    static func sync(file path: String) throws(RecordingError) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw RecordingError(.failed, "the file \(path) cannot be opened: \(lastError())")
        }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw RecordingError(.failed, "the file \(path) cannot be synced: \(lastError())")
        }
    }

    /// Writes a directory's entries to the device, after a file was created, renamed or removed.
    package static func sync(directory path: String) throws(RecordingError) {
        let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY)
        guard descriptor >= 0 else {
            throw RecordingError(.failed, "the directory \(path) cannot be opened: \(lastError())")
        }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw RecordingError(.failed, "the directory \(path) cannot be synced: \(lastError())")
        }
    }
}

/// What `errno` says now, in words.
func lastError() -> String { unsafe String(cString: strerror(errno)) }
