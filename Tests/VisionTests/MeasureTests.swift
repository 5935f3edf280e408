import Foundation
import TestSupport
import Testing
import Vision

/// The figures of docs/models.md: `ZOETROPE_MEASURE=1 swift test --filter MeasureTests`.
@Suite(
    .enabled(
        if: ProcessInfo.processInfo.environment["ZOETROPE_MEASURE"] != nil,
        "ZOETROPE_MEASURE is not set"
    ),
    .serialized
)
struct MeasureTests {
    @Test(arguments: [
        "videos/head-pose-face-detection-male.gif", "videos/head-pose-face-detection-female.gif",
        "videos/face-demographics-walking.gif",
    ])
    func sharedVideos(_ name: String) throws {
        guard let path = RealData.path(name) else { return }
        try measure(path)
    }

    @Test(arguments: ["Megamind.avi", "vtest.avi"])
    func debianVideos(_ name: String) throws {
        guard let path = RealData.debianPath(name) else { return }
        try measure(path, every: 5)
    }

    @Test func peoplePassingOneByOne() throws {
        guard let path = RealData.path("videos/one-by-one-person-detection.mp4") else { return }
        try measure(path, every: 10)
    }

    private func measure(_ path: String, every step: Int = 1) throws {
        var choices: [(String, DetectorChoice)] = [
            ("cascade", DetectorChoice(kind: .faces)), ("hog", DetectorChoice(kind: .people)),
        ]
        if let model = RealData.path("models/face_detection_yunet_2022mar.onnx") {
            choices.append(("yunet", DetectorChoice(kind: .faces, modelPath: model)))
        }
        let name = URL(filePath: path).lastPathComponent
        for (label, choice) in choices {
            var scores: [Float] = []
            let start = ContinuousClock.now
            let counts = try count(path, with: choice, every: step) { found, _ in
                scores.append(contentsOf: found.map(\.score))
            }
            let milliseconds = (ContinuousClock.now - start) / .milliseconds(counts.frames)
            let median = scores.isEmpty ? 0 : scores.sorted()[scores.count / 2]
            print(
                "measured \(name) \(label): \(counts); mean \(counts.mean), median score "
                    + "\(median), \(milliseconds.rounded()) ms a frame with decoding"
            )
        }
    }
}
