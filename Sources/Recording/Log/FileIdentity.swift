internal import Foundation

/// Which file a path leads to.
struct FileIdentity: Equatable, Sendable {
    private let device: UInt64
    private let node: UInt64

    /// `nil` when there is none.
    init?(of path: String) {
        var file = stat()
        guard unsafe stat(path, &file) == 0 else { return nil }
        device = UInt64(file.st_dev)
        node = UInt64(file.st_ino)
    }
}
