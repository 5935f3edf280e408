import Imaging
import Testing

/// An APP1 segment with one EXIF tag, the orientation.
private func makeEXIF(orientation: UInt8, littleEndian: Bool) -> [UInt8] {
    let tiff: [UInt8] =
        littleEndian
        ? [0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]
        : [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]
    let content: [UInt8] = [0x45, 0x78, 0x69, 0x66, 0, 0] + tiff
    return [0xff, 0xe1, 0, UInt8(content.count + 2)] + content
}

@Suite struct ImageHeaderTests {
    @Test(arguments: [(1, 1), (7, 9), (640, 480)])
    func theSizeOfAJPEGAndAPNGIsReadWithoutDecoding(_ width: Int, _ height: Int) throws {
        let image = try Image(width: width, height: height)
        let jpeg = try #require(ImageHeader(probing: image.encodeJPEG(quality: 50)))
        #expect(jpeg.format == .jpeg)
        #expect((jpeg.width, jpeg.height) == (width, height))
        #expect(jpeg.orientation == 1)
        let png = try #require(ImageHeader(probing: image.encodePNG()))
        #expect(png.format == .png)
        #expect((png.width, png.height) == (width, height))
    }

    @Test(arguments: 1...8, [true, false])
    func theOrientationIsReadInBothByteOrders(_ orientation: Int, _ littleEndian: Bool) throws {
        var bytes = try Image(width: 16, height: 8).encodeJPEG(quality: 50)
        let segment = makeEXIF(orientation: UInt8(orientation), littleEndian: littleEndian)
        bytes.insert(contentsOf: segment, at: 2)
        let header = try #require(ImageHeader(probing: bytes))
        #expect(header.orientation == orientation)
        #expect(header.width == 16)
    }

    @Test func decodingIgnoresTheOrientation() throws {
        var bytes = try Image(width: 16, height: 8).encodeJPEG(quality: 50)
        bytes.insert(contentsOf: makeEXIF(orientation: 6, littleEndian: true), at: 2)
        let image = try Image(decoding: bytes)
        #expect(image.width == 16)
        #expect(image.height == 8)
    }

    @Test func noPrefixAndNoChangedByteMakesTheProbeReadOutside() throws {
        var whole = try Image(width: 16, height: 8).encodeJPEG(quality: 50)
        whole.insert(contentsOf: makeEXIF(orientation: 6, littleEndian: false), at: 2)
        for count in 0...whole.count {
            let part = Array(whole.prefix(count))
            _ = ImageHeader(probing: part)
            _ = ImageHeader.isCompleteJPEG(part)
        }
        for index in 0..<64 {
            for value: UInt8 in [0, 1, 0x7f, 0x80, 0xff] {
                var bytes = whole
                bytes[index] = value
                _ = ImageHeader(probing: bytes)
            }
        }
    }

    @Test func aPictureOf65535PixelsIsRefusedByItsHeaderAlone() throws {
        var bytes = try Image(width: 16, height: 8).encodeJPEG(quality: 50)
        let start = try #require(
            (0..<bytes.count - 1).first { bytes[$0] == 0xff && bytes[$0 + 1] == 0xc0 }
        )
        for offset in start + 5..<start + 9 { bytes[offset] = 0xff }
        let header = try #require(ImageHeader(probing: bytes))
        #expect(header.width == 65_535)
        #expect(throws: ImagingError.self) { _ = try Image(decoding: bytes) }
    }

    @Test func paddingAfterTheEndOfAJPEGDoesNotMakeItIncomplete() throws {
        let bytes = try Image(width: 16, height: 8).encodeJPEG(quality: 50)
        #expect(ImageHeader.isCompleteJPEG(bytes))
        #expect(ImageHeader.isCompleteJPEG(bytes + [0, 0]))
        #expect(!ImageHeader.isCompleteJPEG(bytes.dropLast()))
    }
}
