internal import OpenCVShim

/// What a finder saw, in pixels of the image it was given.
package struct Finding: Sendable, Equatable {
    package var x: Float
    package var y: Float
    package var width: Float
    package var height: Float
    /// As the finder has it; see each finder's `find`.
    package var score: Float
    /// YuNet's five points (right eye, left eye, nose, right and left corner of the mouth).
    package var landmarks: [Point]

    /// A place in an image, in pixels.
    package struct Point: Sendable, Equatable {
        package var x: Float
        package var y: Float

        package init(x: Float, y: Float) {
            self.x = x
            self.y = y
        }
    }
}

/// At most this many findings an image; more are cut off.
private let findingLimit = 4096

/// Runs a detection call of the shim and returns what it wrote.
private func findings(
    hasLandmarks: Bool = false,
    _ call: (
        UnsafeMutablePointer<ocv_detection>, Int32, UnsafeMutablePointer<Int32>,
        UnsafeMutablePointer<ocv_error>
    ) -> Bool
) throws(ImagingError) -> [Finding] {
    var count: Int32 = 0
    var failure: ImagingError?
    let raw = unsafe [ocv_detection](unsafeUninitializedCapacity: findingLimit) { buffer, used in
        guard let start = buffer.baseAddress else { return }
        do throws(ImagingError) {
            try unsafe ImagingError.check("cannot search the image") { error in
                unsafe call(start, Int32(findingLimit), &count, error)
            }
            used = Int(count)
        } catch {
            failure = error
        }
    }
    if let failure { throw failure }
    return raw.map { found in
        let (a, b, c, d, e, f, g, h, i, j) = found.landmarks
        let points = [(a, b), (c, d), (e, f), (g, h), (i, j)].map {
            Finding.Point(x: $0.0, y: $0.1)
        }
        return Finding(
            x: found.x,
            y: found.y,
            width: found.width,
            height: found.height,
            score: found.score,
            landmarks: hasLandmarks ? points : []
        )
    }
}

/// A cascade classifier from one of OpenCV's XML files; used by one thread.
@safe
package struct Cascade: ~Copyable {
    private let raw: OpaquePointer

    /// Loads a cascade.
    package init(path: String) throws(ImagingError) {
        var made: OpaquePointer?
        try unsafe ImagingError.check("cannot load the cascade \(path)") { error in
            unsafe ocv_cascade_load(path, &made, error)
        }
        guard let made = unsafe made else { preconditionFailure("the shim loaded no cascade") }
        unsafe raw = made
    }

    deinit { unsafe ocv_cascade_free(raw) }

    /// Searches a grey image; a finding's score is how many windows agreed on it.
    ///
    /// - Parameters:
    ///   - image: Grey.
    ///   - scaleStep: Ratio of one window size to the next, over 1.
    ///   - neighbours: The fewest windows that make a finding.
    ///   - minimumSide: The smallest window, in pixels.
    /// - Returns: What was found, in no particular order.
    /// - Throws: ``ImagingError`` when OpenCV fails.
    package mutating func find(
        in image: borrowing Image,
        scaleStep: Double,
        neighbours: Int,
        minimumSide: Int
    ) throws(ImagingError) -> [Finding] {
        let pixels = unsafe image.raw
        return try unsafe findings { found, capacity, count, error in
            unsafe ocv_cascade_detect(
                raw,
                pixels,
                scaleStep,
                Int32(neighbours),
                Int32(minimumSide),
                found,
                capacity,
                count,
                error
            )
        }
    }
}

/// OpenCV's people finder, histograms of oriented gradients (Dalal and Triggs, 2005); used by one
/// thread.
@safe
package struct PeopleFinder: ~Copyable {
    private let raw: OpaquePointer

    /// Sets the finder up; its weights are inside OpenCV.
    package init() throws(ImagingError) {
        var made: OpaquePointer?
        try unsafe ImagingError.check("cannot set the people finder up") { error in
            unsafe ocv_hog_create(&made, error)
        }
        guard let made = unsafe made else { preconditionFailure("the shim made no finder") }
        unsafe raw = made
    }

    deinit { unsafe ocv_hog_free(raw) }

    /// Every window whose margin is over `threshold`, ungrouped: a person is found many times.
    ///
    /// - Parameters:
    ///   - image: Grey or BGR; a person must be at least about 96 pixels high.
    ///   - threshold: Of the score, the distance to the classifier's plane.
    ///   - stride: Pixels from one window to the next, a multiple of 8.
    ///   - padding: Empty pixels added round the image at each size, a multiple of 8.
    ///   - border: Pixels added above and below the image by repeating its edge.
    ///   - scaleStep: Ratio of one window size to the next, over 1.
    /// - Returns: What was found, in no particular order.
    /// - Throws: ``ImagingError`` when OpenCV fails.
    package mutating func find(
        in image: borrowing Image,
        threshold: Double,
        stride: Int,
        padding: Int,
        border: Int,
        scaleStep: Double
    ) throws(ImagingError) -> [Finding] {
        let pixels = unsafe image.raw
        return try unsafe findings { found, capacity, count, error in
            unsafe ocv_hog_detect(
                raw,
                pixels,
                threshold,
                Int32(stride),
                Int32(padding),
                Int32(border),
                scaleStep,
                found,
                capacity,
                count,
                error
            )
        }
    }
}

/// OpenCV's `FaceDetectorYN` with a YuNet model file; used by one thread.
@safe
package struct FaceFinder: ~Copyable {
    private let raw: OpaquePointer

    /// Loads a model and runs it once, since some load that OpenCV then cannot run.
    ///
    /// - Parameters:
    ///   - path: An ONNX file.
    ///   - score: The lowest score to report, 0 to 1.
    ///   - overlap: Of two faces that share more than this (intersection over union), the better
    ///     one stays.
    /// - Throws: ``ImagingError`` when OpenCV cannot read or run the file.
    package init(path: String, score: Double, overlap: Double) throws(ImagingError) {
        var made: OpaquePointer?
        try unsafe ImagingError.check("cannot load the model \(path)") { error in
            unsafe ocv_yunet_load(path, Float(score), Float(overlap), &made, error)
        }
        guard let made = unsafe made else { preconditionFailure("the shim loaded no model") }
        unsafe raw = made
    }

    deinit { unsafe ocv_yunet_free(raw) }

    /// Searches an image for faces; a finding's score is 0 to 1 and it has five landmarks.
    package mutating func find(in image: borrowing Image) throws(ImagingError) -> [Finding] {
        let pixels = unsafe image.raw
        return try unsafe findings(hasLandmarks: true) { found, capacity, count, error in
            unsafe ocv_yunet_detect(raw, pixels, found, capacity, count, error)
        }
    }
}
