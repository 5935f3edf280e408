import Foundation
import Recording
import TestSupport
import Testing
import Wire

@testable import Archive

extension SelectedFrame {
    /// A frame of 100 x 50 pixels.
    static func example(_ sequence: UInt64, format: Frame.Format = .jpeg) -> SelectedFrame {
        SelectedFrame(
            id: FrameID(stream: "lobby/left", epoch: 7, sequence: sequence),
            capturedAt: "2026-11-24 10:00:00.000",
            capturedNanoseconds: 1,
            format: format,
            width: 100,
            height: 50,
            byteCount: 3
        )
    }
}

extension FoundDetection {
    init(_ label: String, _ score: Double = 0.5, at box: Box) {
        self.init(label: label, score: score, box: box)
    }
}

@Suite struct TrainingLabelsTests {
    let classes = LabelClasses(["person", "car"])
    let detections = [
        FoundDetection("person", at: Box(x: 10, y: 5, width: 20, height: 30)),
        // Half of it is outside.
        FoundDetection("car", at: Box(x: 90, y: 40, width: 20, height: 20)),
        FoundDetection("car", at: Box(x: 300, y: 40, width: 20, height: 20)),
        FoundDetection("ghost", at: Box(x: 1, y: 1, width: 1, height: 1)),
    ]

    @Test func yoloHasSharesOfTheSidesOfTheImage() {
        #expect(
            yoloLabels(detections, width: 100, height: 50, classes) == """
                1 0.200000 0.400000 0.200000 0.600000
                0 0.950000 0.900000 0.100000 0.200000

                """
        )
        #expect(yoloLabels([], width: 100, height: 50, classes) == "")
    }

    @Test func cocoHasImagesBoxesAndCategories() throws {
        struct COCO: Decodable {
            struct Image: Decodable, Equatable {
                var id: Int
                var fileName: String
                var width: Int
            }
            struct Annotation: Decodable, Equatable {
                var id: Int
                var imageId: Int
                var categoryId: Int
                var bbox: [Double]
                var area: Double
            }
            struct Category: Decodable, Equatable {
                var id: Int
                var name: String
            }
            var images: [Image]
            var annotations: [Annotation]
            var categories: [Category]
        }
        let directory = try TemporaryDirectory()
        let path = directory.path + "/coco.json"
        var file = try COCOFile.begin(path, description: "\"it\"", classes)
        try file.add(.example(0), path: "images/a%2Fb/0.jpg", detections)
        try file.add(.example(1), path: "images/a%2Fb/1.jpg", [])
        try file.add(.example(2), path: "images/a%2Fb/2.jpg", [detections[0]])
        try file.finish()
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let coco = try decoder.decode(COCO.self, from: Data(contentsOf: URL(filePath: path)))
        #expect(coco.images.map(\.id) == [1, 2, 3])
        #expect(coco.images.map(\.fileName)[1] == "images/a%2Fb/1.jpg")
        #expect(coco.categories == [.init(id: 1, name: "car"), .init(id: 2, name: "person")])
        #expect(
            coco.annotations == [
                .init(id: 1, imageId: 1, categoryId: 2, bbox: [10, 5, 20, 30], area: 600),
                .init(id: 2, imageId: 1, categoryId: 1, bbox: [90, 40, 10, 10], area: 100),
                .init(id: 3, imageId: 3, categoryId: 2, bbox: [10, 5, 20, 30], area: 600),
            ]
        )
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        #expect(names == ["coco.json"])
    }
}
