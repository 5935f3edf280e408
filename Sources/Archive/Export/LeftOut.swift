import Recording
import Service
import Wire

/// The frames that a command could not read: stretches, each with the reason of its first frame.
struct LeftOut {
    /// Stretches kept at most; the frames of later ones are counted only.
    private static let limit = 100

    private struct Stretch {
        let first: FrameID
        var last: UInt64
        let kind: RecordingError.Kind
        let reason: String
    }

    private var stretches: [Stretch] = []
    /// How many frames.
    private(set) var count = 0
    /// Which ones.
    private(set) var frames = FrameSet()

    /// Notes a frame; those of a stream come in their order.
    mutating func add(_ frame: FrameID, _ error: RecordingError) {
        count += 1
        frames.insert(frame)
        let index = stretches.lastIndex { $0.first.stream == frame.stream }
        if let index, case let before = stretches[index], before.first.epoch == frame.epoch,
            before.last + 1 == frame.sequence, before.kind == error.kind
        {
            stretches[index].last = frame.sequence
        } else if stretches.count < Self.limit {
            let stretch = Stretch(
                first: frame,
                last: frame.sequence,
                kind: error.kind,
                reason: error.description
            )
            stretches.append(stretch)
        }
    }

    /// A line for each stretch.
    var lines: [String] {
        var lines = stretches.map { stretch in
            let end = stretch.last == stretch.first.sequence ? "" : " to \(stretch.last)"
            return "left out: \(stretch.first)\(end): \(stretch.reason)"
        }
        let listed = stretches.reduce(0) { $0 + Int($1.last - $1.first.sequence) + 1 }
        if listed < count { lines.append("left out: \(Readable.count(count - listed)) more") }
        return lines
    }
}
