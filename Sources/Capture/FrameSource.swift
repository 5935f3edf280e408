/// Where frames come from.
///
/// Used by one thread.
package protocol FrameSource: AnyObject {
    /// Whether frames come whether or not anybody is ready for them, as from a device.
    ///
    /// A live source paces itself and may be shed; any other is played by ``framesPerSecond`` and
    /// waits.
    var isLive: Bool { get }

    /// How fast to play a source that is not live.
    var framesPerSecond: Double { get }

    /// A sentence for the log: what was opened.
    var summary: String { get }

    /// The next frame; a live source may block for up to 10 s.
    ///
    /// Its `capturedAt` is the time of the call's end; whoever plays a source that is not live puts
    /// the schedule's time in its place.
    ///
    /// - Returns: What came.
    /// - Throws: ``CaptureError`` when the source cannot go on.
    func next() throws(CaptureError) -> Captured
}

/// What ``FrameSource/next()`` came up with.
package enum Captured: Sendable, Equatable {
    /// A frame.
    case frame(CapturedFrame)
    /// One image that cannot be used, and why; ask for the next.
    case skipped(String)
    /// Clearly fewer frames came than the source had announced, and how many; ask for the next.
    case cutShort(String)
    /// The last frame was the last.
    case end
}

/// A source cannot be opened, or cannot go on.
package enum CaptureError: Error, Equatable, CustomStringConvertible {
    /// There is nothing there that can be opened; the sentence says what and where.
    case missing(String)
    /// What is there cannot be used; the sentence says why.
    case unusable(String)

    package var description: String {
        switch self {
        case .missing(let sentence), .unusable(let sentence): sentence
        }
    }
}

/// How a source is to be read.
package struct SourceSettings: Sendable, Equatable {
    /// Whether a file or directory begins again after its end.
    package var loops = false
    /// Frames a second: how fast to play a file, or the most to take from a live source.
    ///
    /// `nil` is the source's own pace: for a directory 10, for the synthetic picture 25.
    package var framesPerSecond: Double?
    /// The size to send, in pixels; `nil` is the source's own.
    package var size: (width: Int, height: Int)?
    /// JPEG quality, 1 to 100.
    package var quality = 85

    /// The source's own pace and size, once.
    package init() {}

    package static func == (left: Self, right: Self) -> Bool {
        left.loops == right.loops && left.framesPerSecond == right.framesPerSecond
            && left.size?.width == right.size?.width && left.size?.height == right.size?.height
            && left.quality == right.quality
    }
}
