import Foundation
package import Imaging

/// Faces by a boosted cascade (Viola and Jones, 2001), whose file comes with Debian's opencv-data.
///
/// It finds faces that look into the camera; docs/models.md has what was measured.
package final class FacesCascade: Detector {
    package let model: Model

    private var cascade: Cascade
    private let minimumScore: Float

    private static let size = WorkingSize(longerSide: 640, largestGrowth: 2)
    private static let scaleStep = 1.07
    /// Fewer windows than this are mostly no face.
    private static let neighbours = 5
    /// The smallest face, as a share of the shorter side of the image.
    private static let smallestFace = 15
    /// The smallest window of the cascade.
    private static let smallestWindowPixels = 20

    private static let file = "haarcascades/haarcascade_frontalface_alt.xml"
    private static let folders = ["/usr/share/opencv4", "/usr/local/share/opencv4"]

    /// Loads a cascade; the one of the package opencv-data unless told otherwise.
    package init(path: String? = nil, minimumScore: Float? = nil) throws(VisionError) {
        let path = path ?? Self.installedPath
        let file = try ModelFile(
            path: path,
            advice: "install the package opencv-data, or give a YuNet file with --model"
        )
        do {
            cascade = try Cascade(path: path)
        } catch {
            throw .unusable("\(path) holds no cascade that OpenCV \(OpenCV.version) can load")
        }
        self.minimumScore = minimumScore ?? 0
        model = Model(
            name: "faces-cascade",
            settings: "faces-cascade \(Self.size) step \(Self.scaleStep) "
                + "neighbours \(Self.neighbours) smallest 1/\(Self.smallestFace) "
                + "score \(self.minimumScore)",
            file: file.bytes
        )
    }

    package func detect(in image: borrowing Image) throws(ImagingError) -> [Detection] {
        let (width, height) = (image.width, image.height)
        let found = try Self.size.with(image) { image, scale throws(ImagingError) in
            let shorterSide = min(image.width, image.height)
            let smallest = max(Self.smallestWindowPixels, shorterSide / Self.smallestFace)
            let findings = try cascade.find(
                in: image.grey(),
                scaleStep: Self.scaleStep,
                neighbours: Self.neighbours,
                minimumSide: smallest
            )
            return findings.map { finding in
                finding.detection(
                    label: "face",
                    score: Self.score(neighbours: finding.score),
                    box: finding.box,
                    scale: scale,
                    width: width,
                    height: height
                )
            }
        }
        return found.filter { $0.score >= minimumScore }.sorted { $0.score > $1.score }
    }

    /// Maps the number of windows that agree, 1 and up, into 0 to 1: 5 are 0.47, 20 are 0.92.
    private static func score(neighbours: Float) -> Float { 1 - exp(-neighbours / 8) }

    /// Where the package opencv-data puts the file, there or not.
    private static var installedPath: String {
        let paths = folders.map { "\($0)/\(file)" }
        return paths.first { FileManager.default.fileExists(atPath: $0) } ?? paths[0]
    }
}
