import Routing
import Wire

/// A camera that keeps what is not archived, as one with `--acks archive` does.
struct SimulatedCamera {
    let stream: String
    var peer: PeerID?
    var epoch: UInt64 = 0
    var next: UInt64 = 0
    var unacknowledged: [Frame] = []
    /// Frames of `unacknowledged` that were sent in this session.
    var sent = 0
    var sentBytes = 0
    var limit: UInt64 = 0
    var archived: [FrameID] = []
    /// A shed range that was not announced yet in this session.
    var gaps: [Gap] = []

    init(stream: String) { self.stream = stream }

    var hasSentAll: Bool { sent == unacknowledged.count }

    mutating func chooseNewEpoch() {
        epoch = 0
        unacknowledged = []
        gaps = []
        next = 0
    }

    mutating func welcome(_ welcome: Welcome) {
        if epoch == 0 { epoch = max(1, welcome.lastEpoch + 1) }
        sent = 0
        sentBytes = 0
        limit = 0
    }

    mutating func acknowledge(_ ack: Ack) {
        limit = max(limit, ack.limit)
        guard ack.epoch == epoch else { return }
        while let first = unacknowledged.first, first.id.sequence < ack.archivedNext {
            unacknowledged.removeFirst()
            sent = max(0, sent - 1)
            archived.append(first.id)
        }
    }

    mutating func shed() -> Gap? {
        guard epoch > 0, sent == unacknowledged.count else { return nil }
        next += 2
        return Gap(stream: stream, epoch: epoch, first: next - 2, last: next - 1, reason: .shed)
    }

    /// The next frame to send in this session: one that was not acknowledged, or a new one.
    mutating func nextFrame(byteCount: Int) -> Frame? {
        guard epoch > 0 else { return nil }
        if sent == unacknowledged.count {
            guard unacknowledged.count < 20 else { return nil }
            let id = FrameID(stream: stream, epoch: epoch, sequence: next)
            next += 1
            unacknowledged.append(
                Frame(
                    id: id,
                    capturedAt: 0,
                    format: .jpeg,
                    width: 1,
                    height: 1,
                    byteCount: UInt32(byteCount),
                    payloadHash: id.sequence
                )
            )
        }
        let frame = unacknowledged[sent]
        guard sentBytes + Int(frame.byteCount) <= Int(limit) else { return nil }
        sent += 1
        sentBytes += Int(frame.byteCount)
        return frame
    }
}

/// A worker that answers its leases in order.
struct SimulatedWorker {
    static let credit = 4

    struct Held {
        let deliver: Deliver
        let frame: Frame
        let at: Duration
        init(deliver: Deliver, frame: Frame, at: Duration) {
            self.deliver = deliver
            self.frame = frame
            self.at = at
        }
        /// Whether the broker may have taken it back already.
        func isExpired(at now: Duration) -> Bool {
            now - at >= .milliseconds(Int64(deliver.deadlineMilliseconds))
        }
    }

    let peer: PeerID
    let name: String
    let group: String
    var leases: [Held] = []
    var hangsUntil: Duration = .zero

    init(peer: PeerID, name: String, group: String) {
        self.peer = peer
        self.name = name
        self.group = group
    }

    func result(for lease: Held) -> Result {
        Result(
            run: lease.deliver.run,
            frame: lease.frame.id,
            token: lease.deliver.token,
            attempt: lease.deliver.attempt,
            worker: name,
            model: "none",
            modelHash: 0,
            startedAt: 0
        )
    }
}

/// What an archive is to the broker: it commits in order, keeps debts, and answers FETCH.
struct SimulatedArchive {
    enum Item {
        case frame(Frame)
        case result(Result)
        case record(Record)
    }

    struct Key: Hashable {
        let run: Run
        let stream: String
    }

    var peer: PeerID?
    var isReady = false
    var inbox: [Item] = []
    var fetches: [Fetch] = []
    var committedInSession: UInt64 = 0

    // On disk.
    var frames: [String: [Frame]] = [:]
    var next: [String: Place] = [:]
    var definitions: [String: GroupDefinition] = [:]
    var owed: [Key: Set<Place>] = [:]
    var completions: [Key: [Place]] = [:]
    var dead: [Key: [Place]] = [:]
    var lastRun: [String: UInt32] = [:]
    /// What each replay was to see.
    var selected: [Key: Set<Place>] = [:]

    /// In an order that is the same in every run of the program.
    var sortedKeys: [Key] {
        owed.keys.sorted { ($0.run.description, $0.stream) < ($1.run.description, $1.stream) }
    }

    var owesNothing: Bool { owed.values.allSatisfy(\.isEmpty) }
    var owedSummary: [String] { owed.filter { !$0.value.isEmpty }.map { "\($0.key): \($0.value)" } }

    mutating func disconnect() {
        peer = nil
        isReady = false
        inbox = []
        fetches = []
    }

    /// Commits the oldest message that has come.
    mutating func commitOne() {
        guard !inbox.isEmpty else { return }
        committedInSession += 1
        switch inbox.removeFirst() {
        case .frame(let frame):
            let place = frame.id.place
            let stream = frame.id.stream
            guard place >= next[stream] ?? Place(epoch: 0, sequence: 0) else { return }
            next[stream] = Place(epoch: place.epoch, sequence: place.sequence + 1)
            frames[stream, default: []].append(frame)
            for definition in definitions.values
            where definition.policy == .durable && definition.covers(stream: stream) {
                let run = Run(group: definition.name, number: 0)
                owed[Key(run: run, stream: stream), default: []].insert(place)
            }
        case .result(let result):
            settle(result.run, result.frame, into: \.completions)
        case .record(.dead(let letter)):
            settle(letter.run, letter.frame, into: \.dead)
        case .record(.gap(let gap)):
            let after = Place(epoch: gap.epoch, sequence: gap.last + 1)
            next[gap.stream] = max(next[gap.stream] ?? after, after)
        case .record(.group(let definition)): definitions[definition.name] = definition
        }
    }

    private mutating func settle(
        _ run: Run,
        _ frame: FrameID,
        into list: WritableKeyPath<SimulatedArchive, [Key: [Place]]>
    ) {
        let key = Key(run: run, stream: frame.stream)
        let keepsDebt = run.number > 0 || definitions[run.group]?.policy == .durable
        if keepsDebt, owed[key]?.remove(frame.place) == nil { return }
        self[keyPath: list][key, default: []].append(frame.place)
    }

    /// What it tells the broker when a session begins.
    func sync(to peer: PeerID) -> [Event] {
        var events: [Event] = []
        for (stream, next) in next.sorted(by: { $0.key < $1.key }) {
            events.append(.stream(peer, StreamState(stream: stream, next: next)))
        }
        events += definitions.values.sorted { $0.name < $1.name }.map { .group(peer, $0) }
        for key in sortedKeys {
            guard let places = owed[key], !places.isEmpty else { continue }
            let debt = Debt(run: key.run, stream: key.stream, owedFrames: UInt64(places.count))
            events.append(.debt(peer, debt))
        }
        return events + [.ready(peer)]
    }
}

/// A small random number generator with a seed.
///
/// Source: Steele and others, "Fast Splittable Pseudorandom Number Generators", 2014.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
