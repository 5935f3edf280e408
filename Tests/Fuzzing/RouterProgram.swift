internal import Routing
internal import Wire

/// Reads arbitrary bytes as a program of events, and gives them to a router.
///
/// What peers say is anything that Wire lets through. The caller's duties are kept: time never goes
/// back, a slot is given once until it is released, and who was forgotten comes back as another.
package struct RouterProgram {
    /// One slot that the router has not released.
    struct Held {
        /// The frame in it, `nil` for a result.
        let frame: Frame?
        let byteCount: Int
    }

    /// A lease that a worker got, at some time.
    struct Known {
        let peer: PeerID
        let deliver: Deliver
        let frame: FrameID
    }

    /// A camera's session, and what it sends next.
    struct Camera {
        let stream: String
        var next: Place
    }

    /// The sizes that a program can have, so that mutation keeps what it means.
    static let connections = 12
    static let mostEvents = 400
    static let streams = ["a", "b", "door/1", "door/2", "z"]
    static let groups = ["faces", "people", "all"]

    var program: ByteProgram
    var router: Router
    let settings: Settings
    var now: Duration = .zero
    var failure: String?

    /// Who is at the end of each connection; another peer after each ``Effect/forget(_:)``.
    var peers: [PeerID]
    private var peerCount = UInt64(connections)
    /// What each peer said in its last HELLO.
    var hellos: [PeerID: Hello] = [:]
    /// Peers that were welcomed.
    var sessions: Set<PeerID> = []
    var cameras: [PeerID: Camera] = [:]
    /// Leases that workers got, the newest last.
    var leases: [Known] = []
    /// What the archive was asked for, the newest last.
    var fetches: [Fetch] = []
    /// What the archive of this session was sent and has not committed.
    var uncommitted: UInt64 = 0
    var committed: UInt64 = 0

    var slots: [Int: Held] = [:]
    private var freeSlots: [Int] = []
    private var slotCount = 0
    var largestFrame = 0
    /// Payload bytes that came from the archive although it was not asked for so many.
    var unaskedBytes = 0
    private var effects: [Effect] = []
    private let trace: ((String) -> Void)?

    private init(_ input: [UInt8], trace: ((String) -> Void)?) {
        self.trace = trace
        program = ByteProgram(input)
        settings = Self.settings(&program)
        router = Router(settings: settings)
        peers = (1...Self.connections).map { PeerID(UInt64($0)) }
    }

    private static func settings(_ program: inout ByteProgram) -> Settings {
        let budgets = [1 << 14, 1 << 20, 1 << 30, 100]
        var settings = Settings(payloadBudget: program.choice(budgets))
        let size = program.byte()
        settings.slotBytes = size & 64 == 0 ? 0 : 1_024
        settings.cameraWindow = size & 1 == 0 ? 8_000 : 64 << 20
        settings.queueFrames = size & 2 == 0 ? 4 : 256
        settings.streams = size & 4 == 0 ? 4_096 : 3
        settings.groups = size & 8 == 0 ? 1_024 : 2
        settings.attempts = size & 16 == 0 ? 5 : 1
        settings.fetches = size & 32 == 0 ? 32 : 1
        settings.viewers = 3
        settings.silence = .seconds(5)
        settings.leaseDeadline = .seconds(3)
        return settings
    }

    /// What is wrong with what the router made of `input`; `nil` when nothing is.
    ///
    /// - Parameters:
    ///   - input: Any bytes.
    ///   - trace: Hears each event before the router does, and each effect.
    /// - Returns: A sentence, or `nil`.
    package static func failure(
        of input: [UInt8],
        trace: ((String) -> Void)? = nil
    ) -> String? {
        var run = RouterProgram(input, trace: trace)
        for _ in 0..<mostEvents where run.failure == nil && !run.program.isOver { run.step() }
        run.checkStatus()
        return run.failure
    }

    private mutating func step() {
        switch program.below(28) {
        case 0, 1: helloOfCamera()
        case 2, 3: helloOfWorker()
        case 4: helloOfArchive()
        case 5: helloOfViewer()
        case 6, 7: sendNextFrame()
        case 8: sendFrame()
        case 9: announceGap()
        case 10, 11: answer()
        case 12: answerWrongly()
        case 13: commit()
        case 14: sayCommitted()
        case 15: sendFetched()
        case 16: endFetch()
        case 17: sendAnyFetched()
        case 18: sayAnyEnd()
        case 19: sayStream()
        case 20: sayGroup()
        case 21: sayDebt()
        case 22: tell(.ready(archive()))
        case 23: pass()
        case 24: tell(.flush)
        case 25: endSession()
        case 26: tell(.heartbeat(connection()))
        default: passInCompany()
        }
    }

    // MARK: Telling

    mutating func tell(_ event: Event) {
        guard failure == nil else { return }
        trace?("\(now) \(event)")
        effects.removeAll(keepingCapacity: true)
        router.handle(event, at: now, into: &effects)
        let given = effects
        for effect in given where failure == nil {
            trace?("    \(effect)")
            check(effect)
        }
        checkBooks()
        if let sentence = failure { failure = "\(sentence), after \(event)" }
    }

    mutating func fail(_ sentence: String) {
        if failure == nil { failure = sentence }
    }

    /// A slot that nobody needs, which holds a frame or, with `nil`, a result.
    mutating func newSlot(_ frame: Frame?, byteCount: Int) -> Slot {
        let index = freeSlots.popLast() ?? slotCount
        if index == slotCount { slotCount += 1 }
        slots[index] = Held(frame: frame, byteCount: byteCount)
        if frame != nil { largestFrame = max(largestFrame, byteCount) }
        return Slot(index)
    }

    /// Takes a slot back from the router.
    mutating func takeBack(_ slot: Slot) {
        guard slots.removeValue(forKey: slot.index) != nil else {
            return fail("\(slot) is released, and nobody had it")
        }
        freeSlots.append(slot.index)
    }

    /// Whatever comes next on the peer's connection is another session's.
    mutating func forget(_ peer: PeerID) {
        dropSession(of: peer)
        guard let index = peers.firstIndex(of: peer) else { return }
        peerCount += 1
        peers[index] = PeerID(peerCount)
    }

    /// Forgets what is known of a peer's session.
    mutating func dropSession(of peer: PeerID) {
        sessions.remove(peer)
        hellos[peer] = nil
        cameras[peer] = nil
    }
}
