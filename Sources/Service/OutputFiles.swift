internal import Foundation

#if canImport(Glibc)
internal import Glibc
#endif

/// Files that a command writes for a person; what cannot be written is said with its path and the
/// system's words.
package enum OutputFiles {
    /// Makes a directory and those above it.
    ///
    /// - Throws: A ``Failure`` that names `path`.
    package static func makeDirectory(_ path: String) throws(Failure) {
        var made = path.hasPrefix("/") ? "/" : ""
        for name in path.split(separator: "/") {
            made += name + "/"
            let isThere = unsafe mkdir(made, 0o755) == 0 || errno == EEXIST
            guard isThere else { throw unwritable(path) }
        }
        // What is there may be something else than a directory.
        let descriptor = unsafe open(made.isEmpty ? "." : made, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unwritable(path) }
        close(descriptor)
    }

    /// Whether something lies in the directory at `path`; a directory that is not there has nothing.
    package static func hasContent(_ path: String) -> Bool {
        (try? FileManager.default.contentsOfDirectory(atPath: path))?.isEmpty == false
    }

    /// Writes a file, replacing an earlier one.
    ///
    /// - Throws: A ``Failure`` that names `path`; a part of the file may be there then.
    package static func write(_ bytes: RawSpan, to path: String) throws(Failure) {
        let descriptor = try create(path)
        defer { close(descriptor) }
        try write(bytes, to: descriptor, path)
    }

    /// Writes a file, replacing an earlier one.
    ///
    /// - Throws: A ``Failure`` that names `path`; a part of the file may be there then.
    package static func write(_ bytes: [UInt8], to path: String) throws(Failure) {
        try unsafe write(bytes.span.bytes, to: path)
    }

    /// Writes all of `bytes` at the end of an open file.
    ///
    /// - Throws: A ``Failure`` that names `path`.
    package static func write(
        _ bytes: RawSpan,
        to descriptor: Int32,
        _ path: String
    ) throws(Failure) {
        let isWritten = unsafe bytes.withUnsafeBytes { bytes in
            var rest = unsafe bytes[...]
            while unsafe !rest.isEmpty {
                let part = unsafe UnsafeRawBufferPointer(rebasing: rest)
                let count = unsafe Glibc.write(descriptor, part.baseAddress, part.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                unsafe rest = rest.dropFirst(count)
            }
            return true
        }
        guard isWritten else { throw unwritable(path) }
    }

    /// Opens a file for writing, empty.
    ///
    /// - Throws: A ``Failure`` that names `path`.
    package static func create(_ path: String) throws(Failure) -> Int32 {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw unwritable(path) }
        return descriptor
    }

    /// What the system's last call has failed with.
    package static func unwritable(_ path: String) -> Failure {
        let reason = unsafe String(cString: strerror(errno))
        return Failure(
            .general,
            "\(path) cannot be written: \(reason.lowercased()); choose another place, or make room"
        )
    }
}
