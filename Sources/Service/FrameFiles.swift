package import Wire

/// What a frame is called as a file, the same for every program that writes some.
///
/// `STREAM/EPOCH-SEQUENCE.jpg`; a `/` in a stream's name becomes `%2F`.
package enum FrameFiles {
    /// The stream's name as that of one file or directory, never `.` or `..`, never hidden.
    package static func name(of stream: String) -> String {
        let name = stream.replacing("/", with: "%2F")
        return name.hasPrefix(".") ? "%2E" + name.dropFirst() : name
    }

    /// The frame's own name, without extension; names sort as the frames of their stream do.
    package static func name(of place: Place) -> String {
        let sequence = String(place.sequence)
        let zeros = String(repeating: "0", count: max(0, 9 - sequence.count))
        return "\(place.epoch)-\(zeros)\(sequence)"
    }

    /// The extension of a file that holds nothing but the payload.
    package static func `extension`(of format: Frame.Format) -> String {
        switch format {
        case .jpeg: "jpg"
        case .png, .bgr8, .gray8: "\(format)"
        }
    }
}
