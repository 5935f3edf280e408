internal import Routing
internal import Wire

/// A camera: it keeps what is not acknowledged, as its `--acks` asks for.
struct SimulatedCamera {
    let stream: String
    let acknowledgement: CameraWishes.Acknowledgement
    var peer: PeerID?
    /// Whether WELCOME has come in this session.
    var isWelcome = false
    var epoch: UInt64 = 0
    /// A clock that may go back when the camera restarts.
    var clock: UInt64 = 1
    var next: UInt64 = 0
    var unacknowledged: [Frame] = []
    /// Frames of `unacknowledged` that were sent in this session.
    var sent = 0
    var sentBytes = 0
    var limit: UInt64 = 0
    /// The newest word on what is archived, in this session.
    var archivedNext: UInt64 = 0
    /// Frames made; a camera makes only so many.
    var made = 0

    init(stream: String, acknowledgement: CameraWishes.Acknowledgement) {
        self.stream = stream
        self.acknowledgement = acknowledgement
    }

    var hasSentAll: Bool { sent == unacknowledged.count }

    /// Forgets everything, as a process that is started anew.
    mutating func restart(clock: UInt64) {
        self.clock = clock
        peer = nil
        isWelcome = false
        chooseNewEpoch()
    }

    mutating func chooseNewEpoch() {
        epoch = 0
        unacknowledged = []
        next = 0
    }

    mutating func welcome(_ welcome: Welcome) {
        if epoch == 0 { epoch = max(clock, welcome.lastEpoch + 1) }
        isWelcome = true
        sent = 0
        sentBytes = 0
        limit = 0
        archivedNext = 0
    }

    /// Takes an acknowledgement in; returns the frames that are archived now, and frees memory.
    mutating func acknowledge(_ ack: Ack) -> [FrameID] {
        limit = max(limit, ack.limit)
        guard ack.epoch == epoch else { return [] }
        archivedNext = max(archivedNext, ack.archivedNext)
        let freed = acknowledgement == .archive ? ack.archivedNext : ack.receivedNext
        var archived: [FrameID] = []
        while let first = unacknowledged.first, first.id.sequence < freed {
            unacknowledged.removeFirst()
            sent = max(0, sent - 1)
            if first.id.sequence < ack.archivedNext { archived.append(first.id) }
        }
        return archived
    }

    /// Sheds two frames, when everything was sent.
    mutating func shed() -> Gap? {
        guard isWelcome, hasSentAll else { return nil }
        next += 2
        return Gap(stream: stream, epoch: epoch, first: next - 2, last: next - 1, reason: .shed)
    }

    /// The next frame to send in this session: one that was not acknowledged, or a new one.
    mutating func nextFrame(byteCount: Int) -> Frame? {
        guard isWelcome else { return nil }
        if hasSentAll {
            guard unacknowledged.count < 20 else { return nil }
            let id = FrameID(stream: stream, epoch: epoch, sequence: next)
            next += 1
            made += 1
            unacknowledged.append(
                Frame(
                    id: id,
                    capturedAt: 0,
                    format: .jpeg,
                    width: 1,
                    height: 1,
                    byteCount: UInt32(byteCount),
                    payloadHash: epoch &* 1_000_003 &+ id.sequence
                )
            )
        }
        let frame = unacknowledged[sent]
        // A window may be passed with one frame.
        guard sentBytes < Int(limit) else { return nil }
        sent += 1
        sentBytes += Int(frame.byteCount)
        return frame
    }
}
