import Capture
import Service
import Wire

extension SendWindow.Obstacle {
    /// What stands still, why, and what to do about it.
    ///
    /// - Parameters:
    ///   - duration: How long nothing has gone on.
    ///   - acknowledgement: What the camera waits for before it forgets a frame.
    /// - Returns: One sentence.
    func sentence(
        after duration: Duration,
        _ acknowledgement: CameraWishes.Acknowledgement
    ) -> String {
        let span = Readable.duration(duration)
        switch self {
        case .archive:
            return """
                waits for an archive: none has recorded a frame for \(span). Start one, or use \
                --acks broker, which waits for none; if one runs, its log says why (a full disk?)
                """
        case .room:
            let cause =
                acknowledgement == .archive
                ? "its memory is used up (--payload-budget)"
                : "the archive does not record them (a full disk?), a durable group needs an "
                    + "archive, or the memory is used up (--payload-budget)"
            return """
                waits for room in the broker, which takes no more frames of this stream: \(cause); \
                broker status says what it waits for
                """
        case .broker:
            return """
                waits for the broker, which has acknowledged nothing for \(span): it, or the way \
                to it, may be overloaded
                """
        }
    }
}
