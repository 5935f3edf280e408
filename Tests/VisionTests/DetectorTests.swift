import Foundation
import Imaging
import TestSupport
import Testing
import Vision

@Suite struct DetectorTests {
    @Test func ofTwoThatOverlapTheBetterStays() {
        let better = Detection(label: "a", score: 0.9, box: Box(x: 0, y: 0, width: 10, height: 10))
        let worse = Detection(label: "a", score: 0.8, box: Box(x: 1, y: 1, width: 10, height: 10))
        let apart = Detection(label: "a", score: 0.1, box: Box(x: 50, y: 0, width: 10, height: 10))
        #expect([worse, apart, better].suppressed(overlap: 0.4, cover: 0.65) == [better, apart])
    }

    @Test func whatLiesWithinABetterOneGoes() {
        let person = Detection(label: "a", score: 0.9, box: Box(x: 0, y: 0, width: 20, height: 60))
        let torso = Detection(label: "a", score: 0.8, box: Box(x: 5, y: 5, width: 8, height: 15))
        #expect([person, torso].suppressed(overlap: 0.4, cover: 0.65) == [person])
        #expect([person, torso].suppressed(overlap: 0.4, cover: 1) == [person, torso])
    }

    @Test func noneFindsNothing() throws {
        let detector = try DetectorChoice(kind: .none).makeDetector()
        #expect(try detector.detect(in: Image(width: 8, height: 8)) == [])
    }

    @Test(
        arguments: [DetectorChoice.Kind.faces, .people],
        [(1, 1), (7, 400), (400, 7), (64, 128), (1920, 1080)]
    )
    func imagesOfAnySizeAreSearched(_ kind: DetectorChoice.Kind, _ size: (Int, Int)) throws {
        let detector = try DetectorChoice(kind: kind).makeDetector()
        #expect(try detector.detect(in: Image(width: size.0, height: size.1)) == [])
        #expect(try detector.detect(in: Image(width: size.0, height: size.1, channels: 1)) == [])
    }

    @Test func aModelFileThatIsNotThereIsMissing() {
        for name in ["/nowhere/face.onnx", "/nowhere/face.xml"] {
            let error = #expect(throws: VisionError.self) {
                _ = try DetectorChoice(kind: .faces, modelPath: name).makeDetector()
            }
            guard case .missing(let sentence)? = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(sentence.contains(name))
        }
    }

    @Test(arguments: ["onnx", "xml"])
    func aModelFileOfNonsenseIsRefusedByName(_ suffix: String) throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/nonsense.\(suffix)"
        try Data("this is no model".utf8).write(to: URL(filePath: path))
        let error = #expect(throws: VisionError.self) {
            _ = try DetectorChoice(kind: .faces, modelPath: path).makeDetector()
        }
        #expect(error?.description.contains(path) == true)
    }

    @Test func thePeopleDetectorTakesNoModel() {
        #expect(throws: VisionError.self) {
            _ = try DetectorChoice(kind: .people, modelPath: "x.onnx").makeDetector()
        }
    }

    @Test func anotherSettingMakesAnotherIdentity() throws {
        let usual = try DetectorChoice(kind: .faces).makeDetector().model
        let again = try DetectorChoice(kind: .faces).makeDetector().model
        let strict = try DetectorChoice(kind: .faces, minimumScore: 0.9).makeDetector().model
        #expect(usual == again)
        #expect(usual.name == strict.name)
        #expect(usual.identity != strict.identity)
    }
}
