public import Foundation

/// A directory of a test's own, removed when the last reference goes.
public final class TemporaryDirectory: Sendable {
    /// Where it is; short enough for a Unix socket's path.
    public let url: URL

    /// The same as a path.
    public var path: String { url.path }

    /// Creates an empty directory under the system's temporary directory.
    ///
    /// - Throws: A Foundation error when it cannot be created.
    public init() throws {
        let name = "zoe-\(UInt32.random(in: 0 ... .max))"
        url = FileManager.default.temporaryDirectory.appending(path: name)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }
}
