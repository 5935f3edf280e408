import Foundation
import Imaging
import TestSupport
import Testing
import Vision

private let male = "videos/head-pose-face-detection-male.gif"
private let female = "videos/head-pose-face-detection-female.gif"
private let walking = "videos/face-demographics-walking.gif"
private let yunet = "models/face_detection_yunet_2022mar.onnx"

@Suite(.enabled(if: RealData.folder != nil, "the folder ../shared/data is not here"))
struct RealFacesTests {
    @Test(arguments: [(male, 1, 0.95), (female, 1, 0.95), (walking, 2, 0.9)])
    func yunetFindsEveryFaceAndNoOther(_ name: String, _ faces: Int, _ share: Double) async throws {
        let path = try #require(RealData.path(name))
        let model = try #require(RealData.path(yunet))
        let counts = try await BusyThread.run {
            try count(path, with: DetectorChoice(kind: .faces, modelPath: model))
        }
        #expect(counts.share(of: faces...faces) >= share, "\(counts)")
    }

    @Test(arguments: ["images/chelsea.png", "images/coffee.png"], [true, false])
    func aCatAndACupAreNoFaces(_ name: String, _ usesYuNet: Bool) throws {
        let path = try #require(RealData.path(name))
        let model = usesYuNet ? RealData.path(yunet) : nil
        let found = try detections(in: path, with: DetectorChoice(kind: .faces, modelPath: model))
        #expect(found == [])
    }

    @Test func yunetMarksEyesNoseAndMouthOfAPortrait() throws {
        let path = try #require(RealData.path("images/astronaut.png"))
        let model = try #require(RealData.path(yunet))
        let found = try detections(in: path, with: DetectorChoice(kind: .faces, modelPath: model))
        let face = try #require(found.first)
        #expect(found.count == 1)
        #expect(face.label == "face")
        #expect(face.landmarks.count == 5)
        for point in face.landmarks {
            #expect((face.box.x...face.box.x + face.box.width).contains(point.x))
            #expect((face.box.y...face.box.y + face.box.height).contains(point.y))
        }
        #expect(face.landmarks[0].y < face.landmarks[2].y)
        #expect(face.landmarks[2].y < face.landmarks[3].y)
    }

    @Test(arguments: [(1, 1), (3, 900), (900, 3), (31, 33), (2000, 5), (1920, 1080)])
    func yunetSearchesImagesOfAnySize(_ width: Int, _ height: Int) throws {
        let model = try #require(RealData.path(yunet))
        let detector = try DetectorChoice(kind: .faces, modelPath: model).makeDetector()
        for _ in 0..<3 {
            #expect(try detector.detect(in: Image(width: width, height: height)) == [])
        }
    }

    @Test func theCascadeFindsExactlyOneFaceInNineOfTenFramesOfTheMaleHeadPose() async throws {
        let path = try #require(RealData.path(male))
        let counts = try await BusyThread.run {
            try count(path, with: DetectorChoice(kind: .faces))
        }
        #expect(counts.share(of: 1...1) >= 0.9, "\(counts)")
    }

    @Test func theYuNetFileForALaterOpenCVIsRefusedWithASentenceThatSaysWhichFits() throws {
        let model = try #require(RealData.path("models/face_detection_yunet_2023mar.onnx"))
        let error = #expect(throws: VisionError.self) {
            _ = try DetectorChoice(kind: .faces, modelPath: model).makeDetector()
        }
        let sentence = try #require(error?.description)
        #expect(sentence.contains("needs OpenCV 4.8 or later"))
        #expect(sentence.contains("face_detection_yunet_2022mar.onnx"))
    }

    @Test func anONNXFileThatIsNoFaceModelIsRefusedWithASentence() throws {
        let model = try #require(RealData.path("models/squeezenet_fp32.onnx"))
        let error = #expect(throws: VisionError.self) {
            _ = try DetectorChoice(kind: .faces, modelPath: model).makeDetector()
        }
        #expect(error?.description.contains("is not a YuNet face model") == true)
    }
}

@Suite(.enabled(if: RealData.debianSamples != nil, "Debian's package opencv-doc is not here"))
struct DebianVideoTests {
    @Test func theCascadeFindsAFaceInMostFramesOfMegamind() async throws {
        let path = try #require(RealData.debianPath("Megamind.avi"))
        let counts = try await BusyThread.run {
            try count(path, with: DetectorChoice(kind: .faces), every: 5)
        }
        #expect(counts.share(of: 1...) >= 0.85, "\(counts)")
    }

    @Test func theCascadeSeesHardlyAnyFaceOnADistantCampus() async throws {
        let path = try #require(RealData.debianPath("vtest.avi"))
        let counts = try await BusyThread.run {
            try count(path, with: DetectorChoice(kind: .faces), every: 40)
        }
        #expect(counts.mean <= 0.2, "\(counts)")
    }

    @Test func theHOGFindsThePeopleOnTheCampus() async throws {
        let path = try #require(RealData.debianPath("vtest.avi"))
        let (counts, first) = try await BusyThread.run {
            var first: [Detection] = []
            let counts = try count(path, with: DetectorChoice(kind: .people), every: 60) {
                found,
                index in
                if index == 300 { first = found }
            }
            return (counts, first)
        }
        #expect(counts.share(of: 2...9) >= 0.95, "\(counts)")
        // Frame 300 has six people, seen by eye; each stands at one of these places.
        let feet: [(x: Float, y: Float)] = [
            (202, 233), (255, 221), (313, 228), (332, 295), (596, 236), (632, 233),
        ]
        #expect(first.count == feet.count)
        for place in feet {
            #expect(
                first.contains { person in
                    abs(person.box.x + person.box.width / 2 - place.x) < 12
                        && abs(person.box.y + person.box.height - place.y) < 16
                },
                "nobody found at \(place) in \(first)"
            )
        }
    }
}
