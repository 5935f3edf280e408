internal import OpenCVShim

extension Image {
    /// The picture at another size; shrinking averages, growing interpolates.
    package borrowing func resized(width: Int, height: Int) throws(ImagingError) -> Image {
        precondition(width > 0 && height > 0)
        return unsafe Image(
            owning: try makeImage("cannot resize the image") { image, error in
                unsafe ocv_image_resize(raw, Int32(width), Int32(height), image, error)
            }
        )
    }

    /// The picture turned upright.
    ///
    /// - Parameter orientation: EXIF's 1 to 8; other numbers count as 1.
    /// - Returns: A picture of its own.
    /// - Throws: ``ImagingError`` when OpenCV fails.
    package borrowing func upright(from orientation: Int) throws(ImagingError) -> Image {
        unsafe Image(
            owning: try makeImage("cannot turn the image") { image, error in
                unsafe ocv_image_orient(raw, Int32(orientation), image, error)
            }
        )
    }

    /// The picture in grey: one channel, `height x width`.
    ///
    /// - Parameter equalized: Whether to spread the histogram over the whole range.
    /// - Returns: A picture of its own.
    /// - Throws: ``ImagingError`` when OpenCV fails.
    package borrowing func grey(equalized: Bool = false) throws(ImagingError) -> Image {
        unsafe Image(
            owning: try makeImage("cannot turn the image grey") { image, error in
                unsafe ocv_image_grey(raw, equalized, image, error)
            }
        )
    }

    /// How much there is to see in a part of the picture, whatever its size.
    ///
    /// The part is shrunk to 8 x 8 first, so that noise does not count.
    ///
    /// - Parameter box: In pixels, from the top left; what lies outside is left out.
    /// - Returns: The standard deviation in grey levels, 0 to 127.5.
    /// - Throws: ``ImagingError`` when OpenCV fails.
    package borrowing func contrast(
        in box: (x: Int, y: Int, width: Int, height: Int)
    ) throws(ImagingError) -> Double {
        var contrast = 0.0
        try unsafe ImagingError.check("cannot measure the image") { error in
            unsafe ocv_image_contrast(
                raw,
                Int32(clamping: box.x),
                Int32(clamping: box.y),
                Int32(clamping: box.width),
                Int32(clamping: box.height),
                &contrast,
                error
            )
        }
        return contrast
    }

    /// The picture as a JPEG file.
    ///
    /// - Parameter quality: 1 to 100.
    /// - Returns: The file's bytes.
    /// - Throws: ``ImagingError`` when OpenCV fails.
    package borrowing func encodeJPEG(quality: Int) throws(ImagingError) -> [UInt8] {
        precondition((1...100).contains(quality))
        return try encode(".jpg", quality: quality)
    }

    /// The picture as a PNG file.
    package borrowing func encodePNG() throws(ImagingError) -> [UInt8] {
        try encode(".png", quality: 0)
    }

    private borrowing func encode(
        _ suffix: String,
        quality: Int
    ) throws(ImagingError) -> [UInt8] {
        var made: OpaquePointer?
        try unsafe ImagingError.check("cannot encode the image") { error in
            unsafe ocv_image_encode(raw, suffix, Int32(quality), &made, error)
        }
        defer { unsafe ocv_bytes_free(made) }
        return unsafe [UInt8](
            UnsafeBufferPointer(start: ocv_bytes_data(made), count: ocv_bytes_count(made))
        )
    }

    /// Draws a rectangle into the picture; what lies outside is not drawn.
    ///
    /// - Parameters:
    ///   - box: In pixels, from the top left.
    ///   - colour: `0xRRGGBB`.
    ///   - thickness: Of the line, in pixels; `nil` fills the rectangle.
    /// - Throws: ``ImagingError`` when OpenCV fails.
    package mutating func draw(
        _ box: (x: Int, y: Int, width: Int, height: Int),
        colour: UInt32,
        thickness: Int? = nil
    ) throws(ImagingError) {
        try unsafe ImagingError.check("cannot draw a rectangle") { error in
            unsafe ocv_image_draw_rectangle(
                raw,
                Int32(box.x),
                Int32(box.y),
                Int32(box.width),
                Int32(box.height),
                colour,
                Int32(thickness ?? -1),
                error
            )
        }
    }

    /// Writes `text` (ASCII) into the picture.
    ///
    /// - Parameters:
    ///   - text: What to write.
    ///   - origin: The left end of the baseline, in pixels.
    ///   - scale: 1 makes capitals of about 22 pixels.
    ///   - colour: `0xRRGGBB`.
    ///   - thickness: Of the strokes, in pixels.
    /// - Throws: ``ImagingError`` when OpenCV fails.
    package mutating func draw(
        _ text: String,
        at origin: (x: Int, y: Int),
        scale: Double,
        colour: UInt32,
        thickness: Int = 1
    ) throws(ImagingError) {
        try unsafe ImagingError.check("cannot draw text") { error in
            unsafe ocv_image_draw_text(
                raw,
                text,
                Int32(origin.x),
                Int32(origin.y),
                scale,
                colour,
                Int32(thickness),
                error
            )
        }
    }
}
