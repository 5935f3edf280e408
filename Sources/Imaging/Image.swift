internal import OpenCVShim

/// A decoded picture: `height x width x channels`, row-major, 8 bits a channel, BGR or grey.
///
/// Owns one `cv::Mat`. Used by one thread at a time; it may be handed from one to another.
@safe
package struct Image: ~Copyable, @unchecked Sendable {
    let raw: OpaquePointer

    init(owning raw: OpaquePointer) { unsafe self.raw = raw }

    /// A black picture.
    ///
    /// - Parameters:
    ///   - width: Pixels, at least 1.
    ///   - height: Pixels, at least 1.
    ///   - channels: 3 for BGR, 1 for grey.
    /// - Throws: ``ImagingError`` when OpenCV fails.
    package init(width: Int, height: Int, channels: Int = 3) throws(ImagingError) {
        precondition(width > 0 && height > 0 && (channels == 1 || channels == 3))
        unsafe raw = try makeImage("cannot make an image") { image, error in
            unsafe ocv_image_create(
                Int32(width),
                Int32(height),
                Int32(channels),
                nil,
                image,
                error
            )
        }
    }

    /// A picture holding a copy of `pixels`.
    ///
    /// - Parameters:
    ///   - pixels: `height * width * channels` bytes, packed; another count is an error.
    ///   - width: Pixels, at least 1.
    ///   - height: Pixels, at least 1.
    ///   - channels: 3 for BGR, 1 for grey.
    ///   - limits: The largest picture to make.
    /// - Throws: ``ImagingError`` when the size exceeds `limits` or is not that of `pixels`.
    package init(
        copying pixels: RawSpan,
        width: Int,
        height: Int,
        channels: Int,
        limits: ImageLimits = .standard
    ) throws(ImagingError) {
        precondition(channels == 1 || channels == 3)
        try limits.check(width: width, height: height)
        guard pixels.byteCount == width * height * channels else {
            throw ImagingError(
                "cannot read raw pixels",
                reason: "\(width) x \(height) x \(channels) needs \(width * height * channels) "
                    + "bytes, not \(pixels.byteCount)"
            )
        }
        unsafe raw = try pixels.withUnsafeBytes { bytes throws(ImagingError) in
            try unsafe makeImage("cannot read raw pixels") { image, error in
                unsafe ocv_image_create(
                    Int32(width),
                    Int32(height),
                    Int32(channels),
                    bytes.baseAddress?.assumingMemoryBound(to: UInt8.self),
                    image,
                    error
                )
            }
        }
    }

    /// Decodes a JPEG, PNG or other encoded image into BGR, as stored: EXIF orientation is ignored.
    ///
    /// - Parameters:
    ///   - bytes: The whole encoded image.
    ///   - limits: Checked against the header of a JPEG or PNG before any decoding.
    /// - Throws: ``ImagingError`` when the bytes are broken, break off, or exceed `limits`.
    package init(decoding bytes: RawSpan, limits: ImageLimits = .standard) throws(ImagingError) {
        try Self.checkBeforeDecoding(bytes, limits: limits)
        unsafe raw = try bytes.withUnsafeBytes { bytes throws(ImagingError) in
            let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
            return try unsafe makeImage(Self.decoding) { image, error in
                unsafe ocv_image_decode(start, bytes.count, image, error)
            }
        }
    }

    private static let decoding = "cannot decode the image"

    /// What can be told without decoding; OpenCV refuses other formats' large images by itself.
    private static func checkBeforeDecoding(
        _ bytes: RawSpan,
        limits: ImageLimits
    ) throws(ImagingError) {
        guard bytes.byteCount > 0, bytes.byteCount <= Int(Int32.max) else {
            throw ImagingError(decoding, reason: "it has \(bytes.byteCount) bytes")
        }
        guard let header = ImageHeader(probing: bytes) else { return }
        try limits.check(width: header.width, height: header.height)
        if header.format == .jpeg, !ImageHeader.isCompleteJPEG(bytes) {
            throw ImagingError(decoding, reason: "the JPEG breaks off before its end")
        }
    }

    deinit { unsafe ocv_image_free(raw) }

    /// Pixels from left to right.
    package var width: Int { Int(unsafe ocv_image_width(raw)) }
    /// Pixels from top to bottom.
    package var height: Int { Int(unsafe ocv_image_height(raw)) }
    /// 3 for BGR, 1 for grey.
    package var channels: Int { Int(unsafe ocv_image_channels(raw)) }

    /// Copies the pixels out, packed: `height * width * channels` bytes.
    package borrowing func copyPixels() -> [UInt8] {
        let count = width * height * channels
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            if let start = buffer.baseAddress { unsafe ocv_image_copy_pixels(raw, start) }
            initialized = count
        }
    }
}

/// Runs a call of the shim that makes an image, and returns the image.
func makeImage(
    _ attempt: String,
    _ call: (UnsafeMutablePointer<OpaquePointer?>, UnsafeMutablePointer<ocv_error>) -> Bool
) throws(ImagingError) -> OpaquePointer {
    var made: OpaquePointer?
    try unsafe ImagingError.check(attempt) { error in unsafe call(&made, error) }
    guard let made = unsafe made else { preconditionFailure("the shim made no image") }
    return unsafe made
}
