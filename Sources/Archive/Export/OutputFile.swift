import Foundation
import Service

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
        descriptor = try OutputFiles.create(path)
    }

    deinit { Foundation.close(descriptor) }

    /// Writes more of it.
    mutating func write(_ text: String) throws(Failure) {
        buffer += text.utf8
        if buffer.count >= Self.bufferLimit { try flush() }
    }

    /// Writes what is gathered.
    mutating func flush() throws(Failure) {
        try unsafe OutputFiles.write(buffer.span.bytes, to: descriptor, path)
        buffer.removeAll(keepingCapacity: true)
    }
}
