package import Imaging

/// Faces by YuNet, a small neural network with five landmarks (Wu and others, 2023).
package final class FacesYuNet: Detector {
    package let model: Model

    private var finder: FaceFinder
    /// Faces of 10 pixels are found; an image is never enlarged, and shrunk when it is larger.
    private static let size = WorkingSize(longerSide: 1280, largestGrowth: 1)
    private static let minimumScore: Float = 0.8
    private static let overlap: Float = 0.3
    /// Less contrast than this is no face, whatever the score: YuNet sees large ones in black frames.
    private static let contrast = 2.0

    /// Loads the model and tries it.
    package init(path: String, minimumScore: Float? = nil) throws(VisionError) {
        let file = try ModelFile(path: path)
        let score = minimumScore ?? Self.minimumScore
        do {
            finder = try FaceFinder(
                path: path,
                score: Double(score),
                overlap: Double(Self.overlap)
            )
        } catch {
            throw .unusable(Self.explain(error, file))
        }
        model = Model(
            name: "faces-yunet",
            settings: "faces-yunet \(Self.size) score \(score) overlap \(Self.overlap) "
                + "contrast \(Self.contrast)",
            file: file.bytes
        )
    }

    package func detect(in image: borrowing Image) throws(ImagingError) -> [Detection] {
        let (width, height) = (image.width, image.height)
        let found = try Self.size.with(image) { image, scale throws(ImagingError) in
            var faces: [Detection] = []
            for finding in try finder.find(in: image) where try Self.isVisible(finding, in: image) {
                let face = finding.detection(
                    label: "face",
                    score: finding.score,
                    box: finding.box,
                    scale: scale,
                    width: width,
                    height: height
                )
                faces.append(face)
            }
            return faces
        }
        return found.sorted { $0.score > $1.score }
    }

    private static func isVisible(
        _ finding: Finding,
        in image: borrowing Image
    ) throws(ImagingError) -> Bool {
        let whole = Box(x: 0, y: 0, width: Float(image.width), height: Float(image.height))
        let box = finding.box.intersection(whole)
        let pixels = (
            x: Int(box.x.rounded()), y: Int(box.y.rounded()), width: Int(box.width.rounded()),
            height: Int(box.height.rounded())
        )
        return try image.contrast(in: pixels) >= contrast
    }

    /// Says which file fits which OpenCV; OpenCV itself only names a layer.
    private static func explain(_ error: ImagingError, _ file: ModelFile) -> String {
        let version = OpenCV.version
        if file.contains("cls_8") && file.contains("obj_8") {
            return "OpenCV \(version) cannot run \(file.path): that YuNet file (2023mar) needs "
                + "OpenCV 4.8 or later; OpenCV 4.5.4 to 4.7 run face_detection_yunet_2022mar.onnx"
        }
        if file.contains("conf") && file.contains("iou") && file.contains("loc") {
            return "OpenCV \(version) cannot run \(file.path): that YuNet file (2022mar) is for "
                + "OpenCV 4.5.4 to 4.7; OpenCV 4.8 and later run face_detection_yunet_2023mar.onnx"
        }
        return "\(file.path) is not a YuNet face model that OpenCV \(version) can run "
            + "(\(error.reason)); OpenCV 4.5.4 to 4.7 run face_detection_yunet_2022mar.onnx, "
            + "4.8 and later face_detection_yunet_2023mar.onnx"
    }
}
