internal import Wire

/// How much each camera may send: the broker never stops reading, it grants.
///
/// `grantedBytes` is the sum over all cameras of what they may still send and what the broker keeps
/// for them; it stays within ``Settings/windowBudget`` but for one frame a camera. Router+Memory has
/// the whole account.
extension Router {
    /// A camera's first window, in bytes; it doubles as the camera uses it.
    private static let firstWindow = 1 << 20

    mutating func markDirty(_ stream: Int) {
        guard !streams[stream].isDirty else { return }
        streams[stream].isDirty = true
        dirtyStreams.append(stream)
    }

    /// A frame of `byteCount` bytes has come; it may be the one that passes the limit.
    mutating func takeFromWindow(_ byteCount: Int, of stream: Int) {
        heldBytes += byteCount + settings.slotBytes
        grantedBytes += streams[stream].receive(byteCount) + settings.slotBytes
    }

    /// The broker need not keep `byteCount` bytes of the stream any more.
    mutating func free(_ byteCount: Int, of stream: Int, peer: PeerID) {
        grantedBytes -= byteCount + settings.slotBytes
        heldBytes -= byteCount + settings.slotBytes
        streams[stream].free(byteCount, sentBy: peer)
        markDirty(stream)
    }

    /// What one camera may have under way or uncommitted.
    var windowShare: Int {
        min(settings.cameraWindow, settings.windowBudget / max(1, cameraCount))
    }

    /// Says what need not be said for every message: acknowledgements and grants, and open gaps.
    mutating func flush() {
        // Cameras that could not be given all they wanted come first, as room may have come back.
        for _ in 0..<hungryStreams.count where roomForWindows > 0 {
            guard let stream = hungryStreams.popFirst() else { break }
            streams[stream].isHungry = false
            acknowledge(stream)
        }
        for stream in dirtyStreams {
            streams[stream].isDirty = false
            if lane.isReady { closeGap(stream) }
            acknowledge(stream)
        }
        dirtyStreams.removeAll(keepingCapacity: true)
    }

    /// Tells the stream's camera how far it is, and how far it may go, if that has changed.
    private mutating func acknowledge(_ stream: Int) {
        guard var camera = streams[stream].camera else { return }
        let waits = !lane.isReady && streams[stream].needsArchive
        if !grant(to: &camera, waitsForArchive: waits), !streams[stream].isHungry {
            streams[stream].isHungry = true
            hungryStreams.append(stream)
        }
        let next = streams[stream].next
        let isCurrent = camera.epoch == next.epoch
        let told = Camera.Told(
            epoch: camera.epoch,
            receivedNext: isCurrent ? next.sequence : 0,
            archivedNext: isCurrent ? streams[stream].archivedNext : 0,
            limit: camera.limit
        )
        if told != camera.lastTold {
            camera.lastTold = told
            let ack = Ack(
                stream: streams[stream].name,
                epoch: told.epoch,
                receivedNext: told.receivedNext,
                archivedNext: told.archivedNext,
                limit: UInt64(told.limit)
            )
            effects.append(.ack(camera.peer, ack))
        }
        streams[stream].camera = camera
    }

    /// Opens the camera's window as far as there is room; returns whether it has all it wants.
    private mutating func grant(to camera: inout Camera, waitsForArchive: Bool) -> Bool {
        // Without the archive a stream that needs it gets its first window and nothing after it.
        guard !waitsForArchive || camera.limit == 0 else { return true }
        // A camera that has used half of its window gets twice as much; an idle one holds little.
        if camera.limit - camera.received < camera.window / 2 { camera.window *= 2 }
        if camera.window == 0 { camera.window = Self.firstWindow }
        camera.window = min(
            camera.window,
            camera.share(of: windowShare, slotBytes: settings.slotBytes)
        )
        let wanted = camera.freed + camera.window - camera.limit
        guard wanted > 0 else { return true }
        let before = max(camera.limit, camera.received)
        camera.limit += max(0, min(wanted, roomForWindows))
        // Windows cannot be taken back: where idle cameras have them all, one that holds nothing may
        // still send a frame at a time, or it would wait for ever.
        if camera.limit <= camera.received, camera.held == 0, hasMemoryForFrame {
            camera.limit = camera.received + 1
        }
        grantedBytes += max(camera.limit, camera.received) - before
        return camera.limit >= camera.freed + camera.window
    }

    // MARK: Gaps

    /// Notes a gap to be recorded: at once if the archive is there, else together with its neighbours.
    mutating func noteGap(_ gap: Gap, of stream: Int) {
        let missing = gap.first...gap.last
        if !extendGap(missing, gap.epoch, gap.reason, of: stream) { open(gap, of: stream) }
    }

    /// Notes that nobody keeps a frame, as no archive is there.
    mutating func noteUnkept(_ place: Place, of stream: Int) {
        let (epoch, number) = (place.epoch, place.sequence)
        guard !extendGap(number...number, epoch, .archiveAway, of: stream) else { return }
        let gap = Gap(
            stream: streams[stream].name,
            epoch: epoch,
            first: number,
            last: number,
            reason: .archiveAway
        )
        open(gap, of: stream)
    }

    /// Tries to make the open gap longer; returns whether it now covers what is missing.
    private mutating func extendGap(
        _ missing: ClosedRange<UInt64>,
        _ epoch: UInt64,
        _ reason: Gap.Reason,
        of stream: Int
    ) -> Bool {
        markDirty(stream)
        // With no archive there the first reason stands for all.
        return streams[stream].extendGap(missing, epoch, lane.isReady ? reason : nil)
    }

    private mutating func open(_ gap: Gap, of stream: Int) {
        closeGap(stream)
        streams[stream].openGap = gap
    }

    /// Puts the stream's open gap on the way to the archive, before what comes behind it.
    mutating func closeGap(_ stream: Int) {
        guard let gap = streams[stream].openGap else { return }
        streams[stream].openGap = nil
        lane.append(.init(kind: .record(.gap(gap)), byteCount: 0))
        pumpLane()
    }
}
