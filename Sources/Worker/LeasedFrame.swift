import Service
import Wire

/// A leased frame on its way through this worker.
final class LeasedFrame: Sendable {
    /// The lease.
    let lease: Deliver
    /// The camera's header.
    let frame: Frame
    /// The message, with the coded image.
    let parts: Parts
    /// Which session of the link it came with: a result of another one is thrown away.
    let session: Int

    init(lease: Deliver, frame: Frame, parts: consuming Parts, session: Int) {
        self.lease = lease
        self.frame = frame
        self.parts = parts
        self.session = session
    }

    /// What must not run twice at once under order `stream`.
    var lane: Lane { Lane(run: lease.run, stream: frame.id.stream) }

    /// A stream within a run.
    struct Lane: Hashable {
        let run: Run
        let stream: String
    }
}

/// What became of a leased frame.
struct LeaseAnswer: Sendable {
    let result: Wire.Result
    let session: Int
}
