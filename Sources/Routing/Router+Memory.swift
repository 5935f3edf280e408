internal import Wire

/// One payload budget, and who may have how much of it.
///
/// Every payload in memory counts once, however many groups hold it, with ``Settings/slotBytes`` for what is
/// kept beside it, and so does every payload that a camera may still send or the archive was asked for. Half of the budget is the cameras' windows:
/// what they may send, and what is kept until it is committed. The other half is what is kept beyond
/// that: an eighth the ring, a sixteenth results on their way, a quarter the groups, a sixteenth the
/// viewers. Each group has an equal share of the groups' part, half for what waits and half for what
/// workers hold, so a stopped group costs its share and closes nobody's window.
///
/// Beyond the budget goes only what cannot be known before: the last frame of a window, which may be
/// larger than the rest of it (a camera for which there is no room has a window of one byte), the last
/// frame of an answer of the archive, and what is kept beside frames that are smaller than those before
/// them: a camera's window counts payloads.
extension Router {
    /// Payload bytes that cameras may still send.
    private var promisedBytes: Int { grantedBytes - heldBytes }

    /// Bytes in memory that no camera's window stands for.
    private var retainedBytes: Int { slots.byteCount - heldBytes }

    /// Payload bytes that may be granted to cameras now.
    var roomForWindows: Int {
        let taken = slots.byteCount + promisedBytes + askedBytes
        return min(settings.windowBudget - grantedBytes, settings.payloadBudget - taken)
    }

    /// Whether a frame beyond all windows fits into what their cameras really use.
    var hasMemoryForFrame: Bool {
        heldBytes < settings.windowBudget && slots.byteCount < settings.payloadBudget
    }

    /// Payload bytes that may be asked from the archive now.
    var roomForFetches: Int {
        settings.payloadBudget - settings.windowBudget - retainedBytes - askedBytes
    }

    /// Payload bytes of the group that may wait here, beside those that workers hold.
    func waitingShare(of group: Int) -> Int {
        groups[group].isViewer ? viewerShare : min(settings.queueBytes, groupShare)
    }

    /// Whether the group's workers may hold `byteCount` bytes more, all together.
    ///
    /// Mutating, though it changes nothing: see ``nextByteCount(group:feed:)``.
    mutating func mayLease(_ byteCount: Int, of group: Int) -> Bool {
        let held = groups[group].heldBytes
        guard held > 0 else { return true }
        return held + byteCount <= (groups[group].isViewer ? viewerShare : groupShare)
    }

    /// Shares the groups' part of the budget out anew, after groups or viewers came or went.
    mutating func shareOut() {
        let count = groups.count - freeGroups.count - viewers
        groupShare = settings.payloadBudget / 8 / max(1, count)
        viewerShare = settings.payloadBudget / 32 / max(1, viewers)
    }
}
