import Foundation
import Imaging
import TestSupport
import Testing
import Vision

/// How often each number of detections was seen.
struct Counts: CustomStringConvertible {
    private(set) var framesByCount: [Int: Int] = [:]
    private(set) var frames = 0

    mutating func add(_ count: Int) {
        framesByCount[count, default: 0] += 1
        frames += 1
    }

    /// The share of frames whose count is in `range`, 0 to 1.
    func share(of range: some RangeExpression<Int>) -> Double {
        let matching = framesByCount.filter { range.contains($0.key) }.values.reduce(0, +)
        return frames == 0 ? 0 : Double(matching) / Double(frames)
    }

    /// The mean count.
    var mean: Double {
        Double(framesByCount.map { $0.key * $0.value }.reduce(0, +)) / Double(max(frames, 1))
    }

    var description: String {
        let parts = framesByCount.sorted { $0.key < $1.key }.map { "\($0.key) in \($0.value)" }
        return "\(frames) frames: \(parts.joined(separator: ", "))"
    }
}

/// Counts the detections in every `step`th frame of a video, coded as the camera does by default.
func count(
    _ path: String,
    with choice: DetectorChoice,
    every step: Int = 1,
    _ look: ([Detection], Int) -> Void = { _, _ in }
) throws -> Counts {
    let detector = try choice.makeDetector()
    var video = try VideoSource(opening: path)
    var counts = Counts()
    var index = 0
    while let image = try video.read() {
        defer { index += 1 }
        guard index.isMultiple(of: step) else { continue }
        let coded = try image.encodeJPEG(quality: 85)
        let detections = try detector.detect(in: Image(decoding: coded))
        look(detections, index)
        counts.add(detections.count)
    }
    return counts
}

/// The detections in a picture file, coded as the camera does by default.
func detections(in path: String, with choice: DetectorChoice) throws -> [Detection] {
    let file = try Data(contentsOf: URL(filePath: path))
    let coded = try Image(decoding: Array(file)).encodeJPEG(quality: 85)
    return try choice.makeDetector().detect(in: Image(decoding: coded))
}
