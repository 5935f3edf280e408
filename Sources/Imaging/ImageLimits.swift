/// How large an image may be before anything decodes it.
package struct ImageLimits: Sendable, Equatable {
    /// The longest side, in pixels.
    package var sidePixels: Int
    /// Width times height.
    package var pixelCount: Int

    /// The wire's own limits: 16,384 pixels a side and 64 megapixels.
    package static let standard = ImageLimits(sidePixels: 16_384, pixelCount: 64_000_000)

    package init(sidePixels: Int, pixelCount: Int) {
        precondition(sidePixels > 0 && pixelCount > 0)
        self.sidePixels = sidePixels
        self.pixelCount = pixelCount
    }

    /// Whether an image of this size may be decoded.
    package func allow(width: Int, height: Int) -> Bool {
        width > 0 && height > 0 && width <= sidePixels && height <= sidePixels
            && width * height <= pixelCount
    }

    /// Throws unless an image of this size may be decoded.
    func check(width: Int, height: Int) throws(ImagingError) {
        guard allow(width: width, height: height) else {
            throw ImagingError(
                "cannot decode the image",
                reason: "\(width) x \(height) is over the limit of \(sidePixels) pixels a side "
                    + "and \(pixelCount) pixels in all"
            )
        }
    }
}
