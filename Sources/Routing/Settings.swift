internal import Wire

/// The limits that the broker works within.
package struct Settings: Sendable {
    /// Names this run of the broker in WELCOME and STATUS.
    package var session: UInt64 = 1
    /// When the broker started, in nanoseconds since 1970 (UTC).
    package var startedAt: Int64 = 0
    /// Bytes in memory at most: payloads and results, each counted once, with ``slotBytes`` beside it.
    package let payloadBudget: Int
    /// What a frame or result in memory costs beside its payload: its header, and what is kept about it.
    package var slotBytes = 1_024
    /// The most payload bytes a single camera may have under way or uncommitted.
    package var cameraWindow = 64 << 20
    /// Frames that a `queue` group holds at most.
    package var queueFrames = 256
    /// Payload bytes that a `queue` group holds at most.
    package var queueBytes: Int
    /// Payload bytes that a group holds at most of what it fetched from the archive.
    package var fetchBytes: Int
    /// How long a started frame may take.
    package var leaseDeadline: Duration = .seconds(30)
    /// How often a frame is tried before it becomes a dead letter.
    package var attempts: UInt16 = 5
    /// From this many attempts on a frame goes alone to a worker that holds nothing.
    package var attemptsInCompany: UInt16 = 2
    /// How often each side says something.
    package var heartbeat: Duration = .seconds(1)
    /// Silence after which a peer is taken for lost.
    package var silence: Duration = .seconds(5 + Limits.payloadByteCount >> 20)
    /// The most frames of credit any peer is granted; the sockets' high-water marks follow from it.
    package var creditFrames: UInt32 = 4_096
    /// Bytes of results that may wait for the archive; beyond, durable groups pause.
    package var resultBytes: Int
    /// Streams that the broker knows at most, gone ones included.
    package var streams = 4_096
    /// Groups that the broker knows at most, gone ones included.
    package var groups = 1_024
    /// Viewers at a time.
    package var viewers = 64
    /// FETCH messages under way at a time; below what is left of the archive's high-water mark.
    package var fetches = 32
    /// What each stream of a group may send more with each round, in bytes: deficit round robin.
    ///
    /// Source: Shreedhar and Varghese, "Efficient Fair Queuing Using Deficit Round Robin", 1995.
    package var quantum = 64 << 10
    /// Of each so many frames of a busy group, one is of a replay if there is one.
    package var replayShare = 8

    /// The defaults of the system, with shares that fit the budget.
    ///
    /// - Parameter payloadBudget: Bytes in memory at most.
    package init(payloadBudget: Int = 1 << 30) {
        self.payloadBudget = payloadBudget
        let share = min(64 << 20, payloadBudget / 16)
        queueBytes = share
        fetchBytes = share
        resultBytes = share
    }

    /// Payload bytes that all cameras' windows may come to.
    var windowBudget: Int { payloadBudget / 2 }
    /// Payload bytes of committed frames kept for durable groups that read along.
    var ringBytes: Int { payloadBudget / 8 }
}
