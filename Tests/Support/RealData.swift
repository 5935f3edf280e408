public import Foundation

/// Real pictures, videos and models that tests use where they are present.
public enum RealData {
    /// Why a test that needs ``folder`` was skipped.
    public static let absent: Comment = "the folder ../shared/data is not here"

    /// Why a test that needs ``debianSamples`` was skipped.
    public static let debianAbsent: Comment = "Debian's package opencv-doc is not installed"

    /// What a skipped test says.
    public typealias Comment = String

    /// `../shared/data` beside the project's root, when it is there.
    public static let folder: URL? = existing(
        root.appending(path: "../shared/data").standardizedFileURL
    )

    /// The videos and pictures of Debian's package opencv-doc, when it is installed.
    ///
    /// Slim systems leave documentation out; `make test` then takes two videos from the package file
    /// into `.build/videos`.
    public static let debianSamples: URL? = [
        URL(filePath: "/usr/share/doc/opencv-doc/examples/data"),
        root.appending(path: ".build/videos"),
    ].first { existing($0.appending(path: "vtest.avi")) != nil }

    private static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// A file of ``folder``, when it is there.
    public static func path(_ name: String) -> String? {
        folder.flatMap { existing($0.appending(path: name))?.path }
    }

    /// A file of ``debianSamples``, when it is there.
    public static func debianPath(_ name: String) -> String? {
        debianSamples.flatMap { existing($0.appending(path: name))?.path }
    }

    private static func existing(_ url: URL) -> URL? {
        FileManager.default.fileExists(atPath: url.path) ? url : nil
    }
}
