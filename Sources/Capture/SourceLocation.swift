import Foundation

/// What the text after `--source` means.
package enum SourceLocation: Sendable, Equatable {
    /// A moving test picture.
    case synthetic
    /// `/dev/video` and this number.
    case device(Int)
    /// An http, rtsp or similar address.
    case address(String)
    /// A directory of images.
    case directory(String)
    /// One image.
    case image(String)
    /// A video.
    case video(String)

    /// The names that an image file may end with.
    static let imageSuffixes: Set<String> = [
        "jpg", "jpeg", "png", "bmp", "webp", "tif", "tiff", "ppm", "pgm",
    ]

    /// Tells what `text` means, looking at the file system where it is a path.
    ///
    /// - Throws: ``CaptureError/missing(_:)`` when it is a path and nothing is there.
    package init(_ text: String) throws(CaptureError) {
        if text == "synthetic" {
            self = .synthetic
        } else if let index = Int(text.hasPrefix("/dev/video") ? text.dropFirst(10) : text[...]) {
            self = .device(index)
        } else if text.contains("://"), !text.hasPrefix("file://") {
            self = .address(text)
        } else {
            self = try Self.file(text.hasPrefix("file://") ? String(text.dropFirst(7)) : text)
        }
    }

    /// Opens it.
    ///
    /// - Parameters:
    ///   - settings: How to read it.
    ///   - now: Nanoseconds since 1970.
    /// - Returns: A source of which no frame has been read.
    /// - Throws: ``CaptureError`` with a sentence when it does not open.
    package func open(
        _ settings: SourceSettings,
        now: @escaping () -> Int64
    ) throws(CaptureError) -> any FrameSource {
        switch self {
        case .synthetic:
            return try SyntheticSource(settings, now: now)
        case .directory(let path):
            return try ImageFilesSource(directory: path, settings, now: now)
        case .image(let path):
            return try ImageFilesSource(paths: [path], name: path, settings, now: now)
        case .device, .address, .video:
            return try VideoFrameSource(self, settings, now: now)
        }
    }

    private static func file(_ path: String) throws(CaptureError) -> SourceLocation {
        var isDirectory: ObjCBool = false
        guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw .missing(
                "the source \(path) does not exist; give a video, a directory of images, a device "
                    + "such as /dev/video0, an address such as rtsp://…, or synthetic"
            )
        }
        if isDirectory.boolValue { return .directory(path) }
        let suffix = (path as NSString).pathExtension.lowercased()
        return imageSuffixes.contains(suffix) ? .image(path) : .video(path)
    }
}
