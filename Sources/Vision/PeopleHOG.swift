import Foundation
package import Imaging

/// Standing and walking people, whole, by histograms of oriented gradients.
///
/// It finds people from about 70 pixels, in an image of 768 x 576, to its full height; docs/models.md
/// has what was measured.
package final class PeopleHOG: Detector {
    package let model: Model

    private var finder: PeopleFinder
    private let minimumScore: Float

    private static let size = WorkingSize(longerSide: 1024, largestGrowth: 1.5)
    private static let strideAndPaddingPixels = 8
    /// The share of the height that is added above and below.
    ///
    /// The finder wants air round a person: without it, nobody taller than 3/4 of the image is found.
    private static let border = 0.2
    private static let scaleStep = 1.1
    /// The lowest margin to report: below it stand tripods, vans and lamp posts.
    private static let margin: Float = 0.5
    private static let overlap: Float = 0.4
    private static let cover: Float = 0.65

    /// Sets the finder up.
    package init(minimumScore: Float? = nil) throws(VisionError) {
        do {
            finder = try PeopleFinder()
        } catch {
            throw .unusable("\(error)")
        }
        self.minimumScore = minimumScore ?? Self.score(margin: Self.margin)
        model = Model(
            name: "people-hog",
            settings: "people-hog OpenCV \(OpenCV.version) \(Self.size) step \(Self.scaleStep) "
                + "border \(Self.border) "
                + "stride \(Self.strideAndPaddingPixels) overlap \(Self.overlap) "
                + "cover \(Self.cover) score \(self.minimumScore)"
        )
    }

    package func detect(in image: borrowing Image) throws(ImagingError) -> [Detection] {
        let (width, height) = (image.width, image.height)
        let found = try Self.size.with(image) { image, scale throws(ImagingError) in
            let findings = try finder.find(
                in: image.grey(),
                threshold: Double(Self.margin(score: minimumScore)),
                stride: Self.strideAndPaddingPixels,
                padding: Self.strideAndPaddingPixels,
                border: Int((Double(image.height) * Self.border).rounded()),
                scaleStep: Self.scaleStep
            )
            return findings.map { finding in
                finding.detection(
                    label: "person",
                    score: Self.score(margin: finding.score),
                    // The classifier learned from windows with this much air round the person.
                    box: finding.box.trimmed(sides: 0.18, ends: 0.09),
                    scale: scale,
                    width: width,
                    height: height
                )
            }
        }
        return found.suppressed(overlap: Self.overlap, cover: Self.cover)
    }

    /// Maps a margin into 0 to 1: 0.5 is 0.62, 2 is 0.88.
    private static func score(margin: Float) -> Float { 1 / (1 + exp(-margin)) }

    private static func margin(score: Float) -> Float {
        let score = min(max(score, 0.05), 0.999)
        return log(score / (1 - score))
    }
}
