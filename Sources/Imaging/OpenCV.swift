internal import OpenCVShim

/// The library as a whole.
package enum OpenCV {
    /// The version at run time, such as `4.6.0`.
    package static var version: String { unsafe String(cString: ocv_version()) }

    /// Whether the version at run time is at least `major.minor`.
    package static func isAtLeast(major: Int, minor: Int) -> Bool {
        let parts = version.split(separator: ".").compactMap { Int($0) }
        guard parts.count >= 2 else { return false }
        return (parts[0], parts[1]) >= (major, minor)
    }

    /// Silences what OpenCV and FFmpeg write to stderr, and sets how many threads OpenCV uses.
    ///
    /// Call it before other threads start, since it sets environment variables.
    ///
    /// - Parameter threads: Threads inside one OpenCV call; 1 where callers are parallel already.
    package static func prepare(threads: Int = 1) { ocv_prepare(Int32(threads)) }
}
