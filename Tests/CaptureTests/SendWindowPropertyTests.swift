import Capture
import Testing
import Wire

/// SplitMix64 (Steele, Lea, Flood, 2014): the same numbers from the same seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// A broker and archive of a few lines, which die and come back; it checks all that it is sent.
private struct ModelBroker {
    /// What each id named when it was first seen.
    var payloads: [FrameID: [UInt8]] = [:]
    var archived: Set<FrameID> = []
    /// Received and not archived; lost when the broker dies.
    var pending: [SendWindow.Item] = []
    var epoch: UInt64 = 0
    var archivedNext: UInt64 = 0
    var receivedNext: UInt64 = 0
    var limit: UInt64 = 0
    var received: UInt64 = 0
    var announced: Set<UInt64> = []

    mutating func receive(_ item: SendWindow.Item) {
        let sequences: ClosedRange<UInt64>
        switch item {
        case .frame(let frame, let id):
            #expect(payloads[id, default: frame.payload] == frame.payload, "one id, two payloads")
            payloads[id] = frame.payload
            let total = received + UInt64(frame.payload.count)
            #expect(total <= limit || received < limit, "sent beyond the allowance")
            received = total
            begin(id.epoch)
            sequences = id.sequence...id.sequence
        case .gap(let gap):
            begin(gap.epoch)
            sequences = gap.first...gap.last
        }
        #expect(sequences.lowerBound <= receivedNext, "a hole before \(sequences)")
        guard sequences.upperBound >= receivedNext else { return }
        receivedNext = sequences.upperBound + 1
        pending.append(item)
    }

    mutating func commit(_ count: Int) {
        for item in pending.prefix(count) {
            switch item {
            case .frame(_, let id):
                archived.insert(id)
                archivedNext = id.sequence + 1
            case .gap(let gap):
                announced.formUnion(gap.first...gap.last)
                archivedNext = gap.last + 1
            }
        }
        pending.removeFirst(min(count, pending.count))
    }

    /// A new session; `forgets` when the broker itself was started anew.
    mutating func connect(forgets: Bool) {
        if forgets {
            pending = []
            receivedNext = archivedNext
        }
        limit = 0
        received = 0
    }

    private mutating func begin(_ newEpoch: UInt64) {
        #expect(newEpoch >= epoch, "an older epoch")
        guard newEpoch > epoch else { return }
        epoch = newEpoch
        receivedNext = 0
        archivedNext = 0
    }
}

@Suite struct SendWindowPropertyTests {
    /// Offers, sends, commits, acknowledges, and kills at random, then lets everything finish.
    @Test(arguments: 0..<60)
    func everyFrameIsArchivedOrAnnouncedWhateverDies(_ round: UInt64) {
        let seed = 0xface_0000 + round
        var random = SeededGenerator(seed: seed)
        let isLive = round.isMultiple(of: 2)
        var window = SendWindow(
            stream: "s",
            acknowledgement: .archive,
            limits: .init(byteCount: 400, frameCount: 12)
        )
        var broker = ModelBroker()
        var offered: UInt64 = 0
        window.beginSession(lastEpoch: 0, now: 1_000)
        for _ in 0..<400 {
            step(&window, &broker, &offered, isLive: isLive, &random)
            #expect(window.heldByteCount <= 400 || window.heldFrameCount == 1, "seed \(seed)")
            #expect(window.heldFrameCount <= 12, "seed \(seed)")
        }
        // The archive may keep fewer frames than the camera believes only if this fails.
        for _ in 0..<1_000 where !window.isEmpty {
            exchange(&window, &broker, &random)
            broker.commit(100)
        }
        #expect(window.isEmpty, "seed \(seed)")
        #expect(broker.archivedNext == offered, "seed \(seed)")
        for sequence in 0..<offered {
            let id = FrameID(stream: "s", epoch: window.epoch, sequence: sequence)
            let isArchived = broker.archived.contains(id)
            #expect(
                isArchived || broker.announced.contains(sequence),
                "\(sequence) is lost, seed \(seed)"
            )
        }
        #expect(isLive || window.shedCount == 0, "seed \(seed)")
        #expect(window.freedCount + window.shedCount == offered, "seed \(seed)")
    }

    private func step(
        _ window: inout SendWindow,
        _ broker: inout ModelBroker,
        _ offered: inout UInt64,
        isLive: Bool,
        _ random: inout SeededGenerator
    ) {
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<8:
            let count = Int.random(in: 1...150, using: &random)
            guard isLive || window.hasRoom(for: count) else { return }
            let byte = UInt8.random(in: 0...255, using: &random)
            window.offer(
                CapturedFrame(
                    payload: [UInt8](repeating: byte, count: count),
                    format: .jpeg,
                    width: 1,
                    height: 1,
                    capturedAt: Int64(offered)
                )
            )
            offered += 1
        case 8..<14:
            exchange(&window, &broker, &random)
        case 14..<19:
            broker.commit(Int.random(in: 0...4, using: &random))
        default:
            broker.connect(forgets: Bool.random(using: &random))
            window.endSession()
            window.beginSession(lastEpoch: broker.epoch, now: 2_000)
        }
    }

    /// The broker grants, acknowledges, and receives; some of what is sent dies on the way with the
    /// connection.
    private func exchange(
        _ window: inout SendWindow,
        _ broker: inout ModelBroker,
        _ random: inout SeededGenerator
    ) {
        broker.limit += UInt64.random(in: 1...300, using: &random)
        window.acknowledge(
            Ack(
                stream: "s",
                epoch: broker.epoch,
                receivedNext: broker.receivedNext,
                archivedNext: broker.archivedNext,
                limit: broker.limit
            )
        )
        for _ in 0..<Int.random(in: 0...6, using: &random) {
            guard let item = window.next() else { return }
            guard Int.random(in: 0..<40, using: &random) > 0 else {
                broker.connect(forgets: Bool.random(using: &random))
                window.endSession()
                return window.beginSession(lastEpoch: broker.epoch, now: 2_000)
            }
            broker.receive(item)
        }
    }
}
