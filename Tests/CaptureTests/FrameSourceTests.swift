import Capture
import Foundation
import Imaging
import TestSupport
import Testing
import Wire

private func open(
    _ text: String,
    _ change: (inout SourceSettings) -> Void = { _ in }
) throws -> any FrameSource {
    var settings = SourceSettings()
    change(&settings)
    return try SourceLocation(text).open(settings, now: { 77 })
}

/// The frames up to the end, or up to `limit`.
private func frames(of source: any FrameSource, limit: Int = 1_000) throws -> [CapturedFrame] {
    var frames: [CapturedFrame] = []
    while frames.count < limit {
        switch try source.next() {
        case .frame(let frame): frames.append(frame)
        case .skipped, .cutShort: continue
        case .end: return frames
        }
    }
    return frames
}

private func makeJPEG(width: Int, height: Int) throws -> [UInt8] {
    try Image(width: width, height: height).encodeJPEG(quality: 90)
}

/// A directory of JPEG files with these names, each as wide as its place in the list, from 8.
private func makeDirectory(_ names: [String]) throws -> TemporaryDirectory {
    let directory = try TemporaryDirectory()
    for (index, name) in names.enumerated() {
        let data = Data(try makeJPEG(width: 8 + index, height: 8))
        try data.write(to: directory.url.appending(path: name))
    }
    return directory
}

@Suite struct FrameSourceTests {
    @Test func aDirectoryGivesItsJPEGFilesUntouchedAndInNaturalOrder() throws {
        let directory = try makeDirectory(["f10.jpg", "f9.JPG", ".hidden.jpg", "notes.txt"])
        let source = try open(directory.path)
        #expect(!source.isLive)
        let found = try frames(of: source)
        #expect(found.map(\.width) == [9, 8])
        #expect(try found.map(\.payload) == [9, 8].map { try makeJPEG(width: $0, height: 8) })
        #expect(found.allSatisfy { $0.format == .jpeg && $0.capturedAt == 77 })
    }

    @Test func aLoopedDirectoryBeginsAgain() throws {
        let directory = try makeDirectory(["a.jpg", "b.jpg"])
        let source = try open(directory.path) { $0.loops = true }
        #expect(try frames(of: source, limit: 5).map(\.width) == [8, 9, 8, 9, 8])
    }

    @Test func aLoopOverNothingButBrokenImagesEnds() throws {
        let directory = try TemporaryDirectory()
        try Data("broken".utf8).write(to: directory.url.appending(path: "a.jpg"))
        let source = try open(directory.path) { $0.loops = true }
        guard case .skipped(let sentence) = try source.next() else {
            Issue.record("the broken image was not skipped")
            return
        }
        #expect(sentence.contains("a.jpg"))
        #expect(try source.next() == .end)
    }

    @Test func aSizeForcesDecoding() throws {
        let directory = try makeDirectory(["a.jpg"])
        let found = try frames(of: open(directory.path) { $0.size = (32, 16) })
        let image = try Image(decoding: #require(found.first).payload)
        #expect((image.width, image.height) == (32, 16))
        #expect(found.map(\.width) == [32])
    }

    @Test func aPictureThatIsNotUprightIsTurned() throws {
        // An APP1 segment that says: turn a quarter clockwise.
        let exif: [UInt8] = [
            0xff, 0xe1, 0, 34, 0x45, 0x78, 0x69, 0x66, 0, 0, 0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 1,
            0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0,
        ]
        var jpeg = try makeJPEG(width: 24, height: 8)
        jpeg.insert(contentsOf: exif, at: 2)
        let directory = try TemporaryDirectory()
        let path = directory.path + "/turned.jpg"
        try Data(jpeg).write(to: URL(filePath: path))
        let frame = try #require(try frames(of: open(path)).first)
        #expect((frame.width, frame.height) == (8, 24))
        #expect(ImageHeader(probing: frame.payload)?.orientation == 1)
    }

    @Test func aPNGBecomesAJPEG() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/a.png"
        try Data(Image(width: 9, height: 7).encodePNG()).write(to: URL(filePath: path))
        let frame = try #require(try frames(of: open(path)).first)
        #expect(ImageHeader(probing: frame.payload)?.format == .jpeg)
        #expect((frame.width, frame.height) == (9, 7))
    }

    @Test func syntheticFramesDifferAndHaveTheSizeAskedFor() throws {
        let source = try open("synthetic") { $0.size = (320, 200) }
        let found = try frames(of: source, limit: 3)
        #expect(Set(found.map(\.payload)).count == 3)
        #expect(found.allSatisfy { $0.width == 320 && $0.height == 200 })
    }

    @Test func theHeaderDescribesThePayload() throws {
        let frame = try #require(try frames(of: open("synthetic"), limit: 1).first)
        let header = frame.header(FrameID(stream: "s", epoch: 1, sequence: 2))
        #expect(header.byteCount == UInt32(frame.payload.count))
        #expect(header.payloadHash == frame.payloadHash)
        #expect((header.width, header.height) == (640, 480))
    }

    @Test(.enabled(if: RealData.debianSamples != nil, "Debian's package opencv-doc is not here"))
    func aVideoPlaysAtItsOwnPaceUnlessToldOtherwiseAndLoops() throws {
        let path = try #require(RealData.debianPath("vtest.avi"))
        let source = try open(path)
        #expect(source.framesPerSecond == 10)
        #expect(!source.isLive)
        #expect(try open(path) { $0.framesPerSecond = 3 }.framesPerSecond == 3)
        let short = try #require(RealData.debianPath("Megamind.avi"))
        let looped = try frames(of: open(short) { $0.loops = true }, limit: 275)
        #expect(looped.count == 275)
        #expect(looped[272].payload == looped[2].payload)
    }

    @Test(.enabled(if: RealData.debianSamples != nil, "Debian's package opencv-doc is not here"))
    func aVideoThatBreaksOffSaysSoOnceAndAWholeOneDoesNot() throws {
        let path = try #require(RealData.debianPath("Megamind.avi"))
        let directory = try TemporaryDirectory()
        let short = directory.path + "/short.avi"
        let data = try Data(contentsOf: URL(filePath: path))
        try data.prefix(data.count / 4).write(to: URL(filePath: short))
        let source = try open(short) { $0.loops = true }
        var (count, sentences) = (0, [String]())
        while count < 200 {
            switch try source.next() {
            case .frame: count += 1
            case .cutShort(let sentence): sentences.append("\(count): \(sentence)")
            case .skipped, .end: Issue.record("a looped video has no end")
            }
        }
        let sentence = try #require(sentences.first)
        #expect(sentences.count == 1)
        let given = try #require(sentence.split(separator: ":").first)
        #expect(sentence.contains("\(short) broke off after \(given) of the 270 frames"))

        let whole = try open(path)
        for _ in 0..<270 {
            guard case .frame = try whole.next() else {
                Issue.record("a frame is missing")
                return
            }
        }
        #expect(try whole.next() == .end)
    }

    @Test func aDeviceThatIsNotThereIsCalledThat() {
        let error = #expect(throws: CaptureError.self) { _ = try open("/dev/video77") }
        #expect(error?.description.hasPrefix("there is no device /dev/video77") == true)
    }

    @Test(arguments: ["/nowhere/video.mp4", "/dev/video77", "http://127.0.0.1:9/none.mjpg"])
    func whatDoesNotOpenIsMissingAndNamed(_ text: String) {
        let error = #expect(throws: CaptureError.self) { _ = try open(text) }
        guard case .missing(let sentence)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(sentence.contains(text))
    }

    @Test func anEmptyDirectoryIsMissingImages() throws {
        let directory = try TemporaryDirectory()
        #expect(throws: CaptureError.self) { _ = try open(directory.path) }
    }

    @Test func aPasswordInAnAddressStaysOutOfTheSentence() {
        let error = #expect(throws: CaptureError.self) {
            _ = try open("http://me:secret@127.0.0.1:9/x")
        }
        #expect(error?.description.contains("secret") == false)
        #expect(error?.description.contains("127.0.0.1:9/x") == true)
    }
}
