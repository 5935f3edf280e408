internal import OpenCVShim

/// OpenCV could not do what it was asked to.
package struct ImagingError: Error, Equatable, CustomStringConvertible {
    /// What was attempted, as the beginning of a sentence: `cannot decode the image`.
    package let attempt: String
    /// A `cv::Error` code, negative, or 0 when OpenCV was not asked at all.
    package let code: Int32
    /// OpenCV's words, or ours.
    package let reason: String

    package var description: String { "\(attempt): \(reason)" }

    init(_ attempt: String, code: Int32 = 0, reason: String) {
        self.attempt = attempt
        self.code = code
        self.reason = reason
    }

    /// Runs one call of the shim and turns its false into an error.
    static func check(
        _ attempt: @autoclosure () -> String,
        _ call: (UnsafeMutablePointer<ocv_error>) -> Bool
    ) throws(ImagingError) {
        var failure = ocv_error()
        if unsafe call(&failure) { return }
        let reason = unsafe withUnsafeBytes(of: failure.message) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        // OpenCV's own sentences span lines and end in blanks.
        let words = reason.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        throw ImagingError(attempt(), code: failure.code, reason: words)
    }
}

extension ImagingError {
    /// The bytes are no JPEG or PNG where the frame says so.
    package static let otherFormat = ImagingError(
        "cannot decode the image",
        reason: "its bytes are of another format than its header says"
    )

    /// The bytes are not those that the hash was made of.
    package static let damaged = ImagingError(
        "cannot decode the image",
        reason: "its bytes are not those that the camera sent"
    )
}
