internal import OpenCVShim

/// A video that is being read: a file, a device or a network stream.
///
/// Used by one thread; a read may block, for a network source up to 10 s.
@safe
package struct VideoSource: ~Copyable {
    private let raw: OpaquePointer

    /// Opens a file, or an http or rtsp address.
    ///
    /// - Parameter location: A path, or an address with its scheme.
    /// - Throws: ``ImagingError`` when nothing that OpenCV can play is there.
    package init(opening location: String) throws(ImagingError) {
        let isAddress = location.contains("://")
        do {
            unsafe raw = try Self.open(location) { video, error in
                unsafe ocv_video_open(location, false, video, error)
            }
        } catch {
            // Image sequences and what only GStreamer knows; a second wait for a dead host is not
            // worth it.
            guard !isAddress else { throw error }
            unsafe raw = try Self.open(location) { video, error in
                unsafe ocv_video_open(location, true, video, error)
            }
        }
    }

    /// Opens a Video4Linux device.
    ///
    /// - Parameter index: 0 for `/dev/video0`.
    /// - Throws: ``ImagingError`` when there is no such camera.
    package init(openingDevice index: Int) throws(ImagingError) {
        unsafe raw = try Self.open("/dev/video\(index)") { video, error in
            unsafe ocv_video_open_device(Int32(index), video, error)
        }
    }

    deinit { unsafe ocv_video_free(raw) }

    /// Frames a second as the file or device says, or `nil` when it does not.
    package var framesPerSecond: Double? {
        let value = unsafe ocv_video_frames_per_second(raw)
        return value.isFinite && value > 0 && value <= 1000 ? value : nil
    }

    /// How many frames a file says that it has, or `nil` when it does not.
    ///
    /// An estimate in many formats.
    package var frameCount: Int? {
        let value = unsafe ocv_video_frame_count(raw)
        return value.isFinite && value > 0 && value < 1e12 ? Int(value) : nil
    }

    /// The next frame, BGR, or `nil` at the end of a file and when a live source has no more.
    package mutating func read() throws(ImagingError) -> Image? {
        var image: OpaquePointer?
        try unsafe ImagingError.check("cannot read the video") { error in
            unsafe ocv_video_read(raw, &image, error)
        }
        guard let image = unsafe image else { return nil }
        return unsafe Image(owning: image)
    }

    private static func open(
        _ location: String,
        _ call: (UnsafeMutablePointer<OpaquePointer?>, UnsafeMutablePointer<ocv_error>) -> Bool
    ) throws(ImagingError) -> OpaquePointer {
        var video: OpaquePointer?
        try unsafe ImagingError.check("cannot open \(location)") { error in
            unsafe call(&video, error)
        }
        guard let video = unsafe video else { preconditionFailure("the shim opened no video") }
        return unsafe video
    }
}
