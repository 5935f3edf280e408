import Imaging
import Testing

/// A picture with an edge between black and white at `x` = 40.
private func makeEdge() throws -> Image {
    var image = try Image(width: 64, height: 48)
    try image.draw((x: 40, y: 0, width: 24, height: 48), colour: 0xff_ffff)
    return image
}

@Suite struct ImageTests {
    @Test func decodingWhatPNGEncodedGivesTheSamePixels() throws {
        let image = try makeEdge()
        let again = try Image(decoding: image.encodePNG())
        #expect(again.copyPixels() == image.copyPixels())
        #expect(again.width == 64)
        #expect(again.height == 48)
        #expect(again.channels == 3)
    }

    @Test func aJPEGOfHigherQualityIsLarger() throws {
        let image = try makeEdge()
        #expect(try image.encodeJPEG(quality: 95).count > image.encodeJPEG(quality: 10).count)
    }

    @Test func rawPixelsGoInAndComeOutUnchanged() throws {
        let pixels = (0..<5 * 3 * 3).map { UInt8($0) }
        let image = try Image(copying: pixels, width: 5, height: 3, channels: 3)
        #expect(image.copyPixels() == pixels)
    }

    @Test func rawPixelsOfAnotherCountAreAnError() {
        let pixels = [UInt8](repeating: 0, count: 5 * 3 * 3 - 1)
        #expect(throws: ImagingError.self) {
            _ = try Image(copying: pixels, width: 5, height: 3, channels: 3)
        }
    }

    @Test func halvingAFlatPictureKeepsItsColour() throws {
        let flat = [UInt8](repeating: 7, count: 4 * 4 * 3)
        let image = try Image(copying: flat, width: 4, height: 4, channels: 3)
        let half = try image.resized(width: 2, height: 2)
        #expect(half.copyPixels() == [UInt8](repeating: 7, count: 2 * 2 * 3))
    }

    @Test func greyHasOneChannel() throws {
        let grey = try makeEdge().grey(equalized: true)
        #expect(grey.channels == 1)
        #expect(grey.copyPixels().count == 64 * 48)
    }

    @Test(arguments: [
        // Two pixels wide and one high, a and b, stored so that upright they read a, b.
        (1, [1, 2, 3], 3, 1), (2, [3, 2, 1], 3, 1), (3, [3, 2, 1], 3, 1), (4, [1, 2, 3], 3, 1),
        (5, [1, 2, 3], 1, 3), (6, [1, 2, 3], 1, 3), (7, [3, 2, 1], 1, 3), (8, [3, 2, 1], 1, 3),
    ])
    func orientationTurnsTheRowAsEXIFSays(
        _ orientation: Int,
        _ expected: [UInt8],
        _ width: Int,
        _ height: Int
    ) throws {
        let row: [UInt8] = [1, 2, 3]
        let image = try Image(copying: row, width: 3, height: 1, channels: 1)
        let upright = try image.upright(from: orientation)
        #expect(upright.copyPixels() == expected)
        #expect(upright.width == width)
        #expect(upright.height == height)
    }

    @Test func contrastIsThatOfTheShapesNotOfTheNoise() throws {
        var image = try makeEdge()
        #expect(try image.contrast(in: (0, 0, 40, 48)) == 0)
        #expect(try image.contrast(in: (0, 0, 80, 48)) > 100)
        #expect(try image.contrast(in: (100, 100, 5, 5)) == 0)
        for x in stride(from: 0, to: 40, by: 2) {
            for y in stride(from: 0, to: 48, by: 2) {
                try image.draw((x: x, y: y, width: 1, height: 1), colour: 0x10_1010)
            }
        }
        #expect(try image.contrast(in: (0, 0, 40, 48)) < 2)
    }

    @Test func textLeavesItsMark() throws {
        var image = try Image(width: 200, height: 60)
        try image.draw("12345", at: (x: 10, y: 40), scale: 1, colour: 0xff_ffff, thickness: 2)
        #expect(image.copyPixels().contains(255))
    }

    @Test func bytesThatAreNoImageAreAnError() {
        let noise = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        #expect(throws: ImagingError.self) { _ = try Image(decoding: noise) }
        let none: [UInt8] = []
        #expect(throws: ImagingError.self) { _ = try Image(decoding: none) }
    }

    @Test func aJPEGThatBreaksOffIsAnError() throws {
        let whole = try makeEdge().encodeJPEG(quality: 85)
        for count in stride(from: 0, to: whole.count, by: 37) {
            let part = Array(whole.prefix(count))
            #expect(throws: ImagingError.self) { _ = try Image(decoding: part) }
        }
    }

    @Test func anyByteChangedInAJPEGOrPNGEndsInAnImageOrAnErrorButNeverACrash() throws {
        let image = try makeEdge()
        for whole in [try image.encodeJPEG(quality: 85), try image.encodePNG()] {
            for index in whole.indices {
                var bytes = whole
                bytes[index] ^= 0x5a
                _ = try? Image(decoding: bytes).width
            }
        }
    }

    @Test func aPictureAtTheLimitIsDecodedAndOneOverItIsNot() throws {
        let bytes = try makeEdge().encodeJPEG(quality: 85)
        let exact = ImageLimits(sidePixels: 64, pixelCount: 64 * 48)
        #expect(try Image(decoding: bytes, limits: exact).width == 64)
        for limits in [
            ImageLimits(sidePixels: 63, pixelCount: 64 * 48),
            ImageLimits(sidePixels: 64, pixelCount: 64 * 48 - 1),
        ] {
            #expect(throws: ImagingError.self) {
                _ = try Image(decoding: bytes, limits: limits)
            }
        }
    }
}
