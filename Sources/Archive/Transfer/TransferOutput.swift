import Foundation
import Service

/// A file of records that gets its name when it is whole; `-` is standard output.
struct TransferOutput: ~Copyable {
    /// Bytes that are gathered before they are written.
    private static let bufferLimit = 1 << 20

    private let path: String
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var isWhole = false

    private var isStandard: Bool { path == "-" }
    private var unfinished: String { path + ".part" }

    /// Begins the file.
    ///
    /// - Throws: A ``Failure`` that names `path`.
    init(_ path: String) throws(Failure) {
        self.path = path
        let flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC
        descriptor =
            path == "-" ? STDOUT_FILENO : unsafe Foundation.open(path + ".part", flags, 0o644)
        guard descriptor >= 0 else { throw OutputFiles.unwritable(path) }
    }

    deinit {
        if isStandard { return }
        Foundation.close(descriptor)
        if !isWhole { unsafe unlink(unfinished) }
    }

    /// Writes more of it.
    mutating func write(_ bytes: RawSpan) throws(Failure) {
        unsafe bytes.withUnsafeBytes { unsafe buffer.append(contentsOf: $0) }
        if buffer.count >= Self.bufferLimit { try flush() }
    }

    /// Writes the rest to the disk, and gives the file its name.
    mutating func finish() throws(Failure) {
        try flush()
        if isStandard { return }
        guard fsync(descriptor) == 0, unsafe rename(unfinished, path) == 0 else {
            throw OutputFiles.unwritable(path)
        }
        isWhole = true
    }

    private mutating func flush() throws(Failure) {
        try unsafe OutputFiles.write(
            buffer.span.bytes,
            to: descriptor,
            isStandard ? "standard output" : path
        )
        buffer.removeAll(keepingCapacity: true)
    }
}
