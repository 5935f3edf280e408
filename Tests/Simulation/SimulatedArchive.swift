internal import Recording
internal import Routing
internal import Wire

/// An archive whose disk is memory: what it owes is kept by the real ``LogState``.
struct SimulatedArchive {
    struct Key: Hashable {
        let run: Run
        let stream: String
    }

    var peer: PeerID?
    /// Whether WELCOME has come in this session; before that it says nothing.
    var isWelcome = false
    /// Messages of this session that wait to be committed; `nil` cannot be kept.
    var inbox: [LogRecord] = []
    var fetches: [Fetch] = []
    var committed: UInt64 = 0
    var told: [Key: Debt] = [:]
    var announced: [Run: [String]] = [:]
    var hangsUntil: Duration = .zero

    // On disk.
    var state = LogState()
    var frames: [String: [Frame]] = [:]

    // The truth, kept plainly beside it.
    var definitions: [String: GroupDefinition] = [:]
    /// Frames that each run is to see, by stream.
    var selected: [Key: Set<Place>] = [:]
    var completions: [Key: [Place]] = [:]
    var failures: [Key: Int] = [:]
    var dead: [Key: [Place]] = [:]
    var cancelled: Set<Run> = []
    var jobs: UInt64 = 0

    mutating func disconnect() {
        peer = nil
        isWelcome = false
        inbox = []
        fetches = []
        told = [:]
        announced = [:]
    }

    /// Commits the oldest message that has come.
    mutating func commitOne() {
        guard !inbox.isEmpty else { return }
        committed += 1
        commit(inbox.removeFirst())
    }

    /// Writes one record, with what belongs to it.
    mutating func commit(_ record: LogRecord) {
        let isNewGroup: Bool
        if case .group(let group) = record {
            isNewGroup = state.groups[group.name] == nil
        } else {
            isNewGroup = false
        }
        guard state.admit(record).isAdmitted else { return }
        switch record {
        case .frame(let frame): note(frame)
        case .result(let result):
            let key = Key(run: result.run, stream: result.frame.stream)
            completions[key, default: []].append(result.frame.place)
            if !result.failure.isEmpty { failures[key, default: 0] += 1 }
        case .dead(let letter):
            let key = Key(run: letter.run, stream: letter.frame.stream)
            dead[key, default: []].append(letter.frame.place)
        case .group(let group):
            definitions[group.name] = group
            if isNewGroup, group.policy == .durable, group.start == .beginning { oweAll(group) }
        default: break
        }
    }

    private mutating func note(_ frame: Frame) {
        frames[frame.id.stream, default: []].append(frame)
        for group in definitions.values
        where group.policy == .durable && group.covers(stream: frame.id.stream) {
            let key = Key(run: Run(group: group.name, number: 0), stream: frame.id.stream)
            selected[key, default: []].insert(frame.id.place)
        }
    }

    private mutating func oweAll(_ group: GroupDefinition) {
        let run = Run(group: group.name, number: 0)
        for stream in frames.keys.sorted() where group.covers(stream: stream) {
            owe(frames[stream, default: []].map(\.id.place), of: stream, to: run)
        }
    }

    mutating func owe(_ places: [Place], of stream: String, to run: Run) {
        for place in places {
            let range = place.sequence...place.sequence
            let owed = Owed(run: run, stream: stream, epoch: place.epoch, ranges: [range])
            _ = state.admit(.owed(owed))
        }
        selected[Key(run: run, stream: stream), default: []].formUnion(places)
    }

    /// What was selected and has neither a result nor a dead letter, by the plain truth.
    func owed(_ key: Key) -> Set<Place> {
        guard !cancelled.contains(key.run) else { return [] }
        return selected[key, default: []]
            .subtracting(completions[key] ?? []).subtracting(dead[key] ?? [])
    }

    var owesNothing: Bool { selected.keys.allSatisfy { owed($0).isEmpty } }
}
