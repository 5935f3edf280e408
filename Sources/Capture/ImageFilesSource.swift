import Foundation
import Imaging

/// The images of a directory, in natural order of their names; or a single image.
final class ImageFilesSource: FrameSource {
    let isLive = false
    let framesPerSecond: Double
    let summary: String

    private let paths: [String]
    private let loops: Bool
    private let coder: FrameCoder
    private var index = 0
    /// Whether any frame came since the beginning: a loop over nothing but broken files must end.
    private var hasGivenFrame = false

    private static let defaultFramesPerSecond = 10.0

    convenience init(
        directory path: String,
        _ settings: SourceSettings,
        now: @escaping () -> Int64
    ) throws(CaptureError) {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: path)
        } catch {
            throw .missing("the directory \(path) cannot be read: \(error.localizedDescription)")
        }
        let images = names.filter { name in
            let suffix = (name as NSString).pathExtension.lowercased()
            return !name.hasPrefix(".") && SourceLocation.imageSuffixes.contains(suffix)
        }
        let paths = images.sorted(by: comesBefore).map { "\(path)/\($0)" }
        try self.init(paths: paths, name: path, settings, now: now)
    }

    init(
        paths: [String],
        name: String,
        _ settings: SourceSettings,
        now: @escaping () -> Int64
    ) throws(CaptureError) {
        guard !paths.isEmpty else {
            let suffixes = SourceLocation.imageSuffixes.sorted().joined(separator: ", ")
            throw .missing("the directory \(name) has no images (\(suffixes))")
        }
        self.paths = paths
        loops = settings.loops
        framesPerSecond = settings.framesPerSecond ?? Self.defaultFramesPerSecond
        coder = FrameCoder(settings, now: now)
        summary = paths.count == 1 ? "the image \(name)" : "\(paths.count) images of \(name)"
    }

    func next() throws(CaptureError) -> Captured {
        if index == paths.count {
            guard loops, hasGivenFrame else { return .end }
            index = 0
            hasGivenFrame = false
        }
        let path = paths[index]
        index += 1
        guard let data = FileManager.default.contents(atPath: path) else {
            return .skipped("\(path) cannot be read")
        }
        do throws(ImagingError) {
            let frame = try coder.frame(file: Array(data))
            hasGivenFrame = true
            return .frame(frame)
        } catch {
            return .skipped("\(path): \(error.reason)")
        }
    }
}
