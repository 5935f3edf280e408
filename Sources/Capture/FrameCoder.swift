import Imaging
import Wire

/// Turns images into frames: resized if asked for, as JPEG.
struct FrameCoder {
    let size: (width: Int, height: Int)?
    let quality: Int
    let now: () -> Int64

    init(_ settings: SourceSettings, now: @escaping () -> Int64) {
        size = settings.size
        quality = settings.quality
        self.now = now
    }

    /// The image as a frame of this moment.
    func frame(_ image: borrowing Image) throws(ImagingError) -> CapturedFrame {
        let capturedAt = now()
        if let size, (size.width, size.height) != (image.width, image.height) {
            return try coded(image.resized(width: size.width, height: size.height), capturedAt)
        }
        return try coded(image, capturedAt)
    }

    /// An image file as a frame of this moment.
    ///
    /// A JPEG that is upright goes through untouched, unless a size is asked for: nothing is decoded
    /// and no quality is lost.
    func frame(file: [UInt8]) throws(ImagingError) -> CapturedFrame {
        let header = ImageHeader(probing: file)
        if let header, header.format == .jpeg, header.orientation == 1, size == nil,
            ImageLimits.standard.allow(width: header.width, height: header.height)
        {
            return CapturedFrame(
                payload: file,
                format: .jpeg,
                width: header.width,
                height: header.height,
                capturedAt: now()
            )
        }
        let image = try Image(decoding: file)
        guard let orientation = header?.orientation, orientation != 1 else {
            return try frame(image)
        }
        return try frame(image.upright(from: orientation))
    }

    private func coded(
        _ image: borrowing Image,
        _ capturedAt: Int64
    ) throws(ImagingError) -> CapturedFrame {
        CapturedFrame(
            payload: try image.encodeJPEG(quality: quality),
            format: .jpeg,
            width: image.width,
            height: image.height,
            capturedAt: capturedAt
        )
    }
}
