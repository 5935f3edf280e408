import Imaging

/// How large a detector wants its images: a range of the longer side, in pixels.
///
/// Cost grows with the pixels searched, and a thing that is small in the image is only found once
/// the image has been enlarged.
struct WorkingSize: Sendable {
    /// The longer side after resizing.
    let longerSide: Int
    /// The most that a small image is enlarged; 1 for never.
    let largestGrowth: Float

    /// What to multiply an image's sides by.
    func factor(width: Int, height: Int) -> Float {
        min(Float(longerSide) / Float(max(width, height)), largestGrowth)
    }

    /// Lends `body` the image at working size, and what to multiply its numbers by to come back.
    func with<Result>(
        _ image: borrowing Image,
        _ body: (borrowing Image, Float) throws(ImagingError) -> Result
    ) throws(ImagingError) -> Result {
        let factor = factor(width: image.width, height: image.height)
        let width = max(1, Int((Float(image.width) * factor).rounded()))
        let height = max(1, Int((Float(image.height) * factor).rounded()))
        if width == image.width && height == image.height { return try body(image, 1) }
        return try body(image.resized(width: width, height: height), 1 / factor)
    }
}

extension Finding {
    /// The finding as a detection in the original image, cut to what lies inside it.
    func detection(
        label: String,
        score: Float,
        box: Box,
        scale: Float,
        width: Int,
        height: Int
    ) -> Detection {
        let whole = Box(x: 0, y: 0, width: Float(width), height: Float(height))
        return Detection(
            label: label,
            score: min(max(score, 0), 1),
            box: box.scaled(by: scale).intersection(whole),
            landmarks: landmarks.map { Vision.Point(x: $0.x * scale, y: $0.y * scale) }
        )
    }

    /// The finding's rectangle.
    var box: Box { Box(x: x, y: y, width: width, height: height) }
}
