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
        do {
            let manager = FileManager.default
            try manager.createDirectory(atPath: log, withIntermediateDirectories: true)
        } catch {
            throw RecordingError(.unwritable, "the data directory \(path) cannot be created")
        }
        guard unsafe access(path, W_OK) == 0, unsafe access(log, W_OK) == 0 else {
            throw RecordingError(.unwritable, "the data directory \(path) cannot be written")
        }
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
