// The same from an array, for what is read from a file or made in memory.

extension Image {
    /// Decodes an encoded image held in an array; see the one from a span.
    package init(decoding bytes: [UInt8], limits: ImageLimits = .standard) throws(ImagingError) {
        // Any bits are a UInt8.
        unsafe try self.init(decoding: bytes.span.bytes, limits: limits)
    }

    /// A picture holding a copy of packed pixels held in an array.
    package init(
        copying pixels: [UInt8],
        width: Int,
        height: Int,
        channels: Int
    ) throws(ImagingError) {
        // Any bits are a UInt8.
        unsafe try self.init(
            copying: pixels.span.bytes,
            width: width,
            height: height,
            channels: channels
        )
    }
}

extension ImageHeader {
    /// Reads the header of an encoded image held in an array.
    package init?(probing bytes: [UInt8]) {
        unsafe self.init(probing: bytes.span.bytes)  // Any bits are a UInt8.
    }

    /// Whether a JPEG held in an array ends as it should.
    package static func isCompleteJPEG(_ bytes: [UInt8]) -> Bool {
        unsafe isCompleteJPEG(bytes.span.bytes)  // Any bits are a UInt8.
    }
}
