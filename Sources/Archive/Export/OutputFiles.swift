import Foundation
import Service

/// Files that a command writes for a person; what cannot be written is said with its path and the
/// system's words.
enum OutputFiles {
    /// Makes a directory and those above it.
    ///
    /// - Throws: A ``Failure`` that names `path`.
    static func makeDirectory(_ path: String) throws(Failure) {
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

    /// Writes a file, replacing an earlier one.
    ///
    /// - Throws: A ``Failure`` that names `path`; a part of the file may be there then.
    static func write(_ bytes: [UInt8], to path: String) throws(Failure) {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw unwritable(path) }
        defer { close(descriptor) }
        try write(bytes, to: descriptor, path)
    }

    static func write(
        _ bytes: [UInt8],
        to descriptor: Int32,
        _ path: String
    ) throws(Failure) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes[written...].withUnsafeBytes { rest in
                unsafe Foundation.write(descriptor, rest.baseAddress, rest.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw unwritable(path) }
            written += count
        }
    }

    static func unwritable(_ path: String) -> Failure {
        let reason = unsafe String(cString: strerror(errno))
        return Failure(
            .general,
            "\(path) cannot be written: \(reason.lowercased()); choose another --out, or make room"
        )
    }
}

/// A text file that grows; it replaces an earlier one.
struct OutputFile: ~Copyable {
    /// Bytes that are gathered before they are written.
    private static let bufferLimit = 1 << 16

    /// Where it is.
    let path: String
    private let descriptor: Int32
    private var buffer: [UInt8]

    /// Begins the file with some text, which is written with what follows.
    ///
    /// - Throws: A ``Failure`` that names `path`.
    init(_ path: String, _ text: String = "") throws(Failure) {
        self.path = path
        buffer = Array(text.utf8)
        descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw OutputFiles.unwritable(path) }
    }

    deinit { Foundation.close(descriptor) }

    /// Writes more of it.
    mutating func write(_ text: String) throws(Failure) {
        buffer += text.utf8
        if buffer.count >= Self.bufferLimit { try flush() }
    }

    /// Writes what is gathered.
    mutating func flush() throws(Failure) {
        try OutputFiles.write(buffer, to: descriptor, path)
        buffer.removeAll(keepingCapacity: true)
    }
}
