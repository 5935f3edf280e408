import Foundation
import Imaging
import TestSupport
import Testing

@Suite struct VideoSourceTests {
    @Test(.enabled(if: RealData.debianSamples != nil, "Debian's package opencv-doc is not here"))
    func aFileGivesAllItsFramesThenNil() throws {
        let path = try #require(RealData.debianPath("Megamind.avi"))
        var video = try VideoSource(opening: path)
        let (declared, framesPerSecond) = (video.frameCount, video.framesPerSecond)
        #expect(declared == 270)
        #expect(try (20...30).contains(#require(framesPerSecond)))
        var count = 0
        while let image = try video.read() {
            #expect(image.width == 720)
            #expect(image.height == 528)
            count += 1
        }
        #expect(count == 270)
    }

    @Test func whatIsNoVideoIsAnErrorThatNamesIt() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/text.avi"
        try Data("no video".utf8).write(to: URL(filePath: path))
        let error = #expect(throws: ImagingError.self) { _ = try VideoSource(opening: path) }
        #expect(error?.description.contains(path) == true)
        #expect(throws: ImagingError.self) {
            _ = try VideoSource(opening: directory.path + "/absent.avi")
        }
        #expect(throws: ImagingError.self) { _ = try VideoSource(openingDevice: 77) }
    }
}
