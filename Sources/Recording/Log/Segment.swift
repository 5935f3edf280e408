internal import Foundation
internal import LMDB
internal import Synchronization
internal import Wire

/// One LMDB file holding a stretch of the log, open for reading; any thread may use it.
final class Segment: Sendable {
    /// Where a frame's position is found.
    enum Index: Sendable {
        /// Written when the segment was sealed.
        case table(Table)
        /// The head's, and that of a segment whose sealing failed.
        case memory(MemoryIndex)
    }

    /// Where the records are read from.
    enum Records: Sendable {
        /// A whole file.
        case file(Environment, Table)
        /// One whose pages are damaged.
        case salvage(Salvage)
    }

    static let logTable = "log"
    static let indexTable = "index"

    /// The first position; also its file's name.
    let first: UInt64
    let records: Records
    let index: Index

    private enum FirstPlaces: Sendable {
        case unread
        /// `nil` when the checkpoint is damaged.
        case read([String: Place]?)
    }

    private let firstPlaces = Mutex(FirstPlaces.unread)

    init(first: UInt64, records: Records, index: Index) {
        self.first = first
        self.records = records
        self.index = index
    }

    init(first: UInt64, environment: Environment, log: Table, index: Index) {
        self.first = first
        records = .file(environment, log)
        self.index = index
    }

    /// What a person adds to the name of a damaged segment that the archive is to go on without.
    static let asideSuffix = ".damaged"

    /// What stands behind the name of a file that is to become a segment, until it is on disk.
    static let unbornSuffix = ".new"
    /// What stands behind the name of the file that LMDB keeps beside one that it locks.
    static let lockSuffix = "-lock"

    /// The name of the file that begins at `first`.
    static func fileName(_ first: UInt64) -> String {
        let digits = String(first)
        return String(repeating: "0", count: 20 - digits.count) + digits + ".mdb"
    }

    /// The first position of the file called `name`, or `nil` when it is no segment.
    static func first(ofFile name: String) -> UInt64? {
        guard name.hasSuffix(".mdb"), name.utf8.count == 24 else { return nil }
        return UInt64(name.dropLast(4))
    }

    /// The first position of the segment that was set aside as `name`, or `nil` when it is none.
    static func first(ofFileAside name: String) -> UInt64? {
        guard name.hasSuffix(asideSuffix) else { return nil }
        return first(ofFile: String(name.dropLast(asideSuffix.count)))
    }

    /// The open file, of a segment that is written to.
    var environment: Environment { file.environment }
    /// The table of its records.
    var log: Table { file.log }

    private var file: (environment: Environment, log: Table) {
        guard case .file(let environment, let log) = records else {
            preconditionFailure("a damaged segment is never written to")
        }
        return (environment, log)
    }

    /// Whether its pages are damaged, so that what is left is read.
    var isSalvaged: Bool { if case .salvage = records { true } else { false } }

    /// The last position that can be read of a damaged file; `nil` when it is whole.
    var lastSalvaged: UInt64? {
        if case .salvage(let salvage) = records { salvage.positions.last } else { nil }
    }

    /// What is wrong with any page of the file, a few hundred things at most; reads about all of it.
    func pageDamage(in directory: String) throws(RecordingError) -> [PageDamage] {
        let path = Self.path(first, in: directory)
        do throws(LMDBError) { return try PageFile(path: path).check(.values) } catch {
            throw Self.unreadable(path, error)
        }
    }

    /// What is wrong with the file's pages, in a sentence; `nil` when nothing is.
    func damage(in directory: String) -> RecordingError? {
        guard case .salvage(let salvage) = records, let worst = salvage.damage.first else {
            return nil
        }
        let count = salvage.damage.count
        let more = count > 1 ? ", and \(count - 1) more such" : ""
        return RecordingError(
            .damaged,
            "segment \(Self.path(first, in: directory)) is damaged: \(worst)\(more); what is left of"
                + " it is read, and it is left as it is: put a copy of it back if you have one"
        )
    }

    func fill(_ memory: MemoryIndex) throws(LMDBError) {
        var frames: [(id: FrameID, position: UInt64)] = []
        try scan { position, value in
            if let frame = try? Frame(decoding: value) { frames.append((frame.id, position)) }
            return .next
        }
        memory.append(frames)
    }

    /// Lends the record at `position` to `body`; `nil` when there is none.
    func withRecord<Result>(
        at position: UInt64,
        _ body: (RawSpan) -> Result
    ) throws(LMDBError) -> Result? {
        switch records {
        case .file(let environment, let log):
            try environment.beginRead().withValue(for: .number(position), in: log, body)
        case .salvage(let salvage): salvage.withRecord(at: position, body)
        }
    }

    /// Lends the records from `start` on to `body`, ascending, until that says stop.
    func scan(
        from start: UInt64 = 0,
        _ body: (_ position: UInt64, _ record: RawSpan) -> ReadTransaction.Step
    ) throws(LMDBError) {
        switch records {
        case .file(let environment, let log):
            try environment.beginRead().scan(from: .number(start), in: log) { key, value in
                if let position = key.keyNumber { body(position, value) } else { .next }
            }
        case .salvage(let salvage): salvage.scan(from: start, body)
        }
    }

    /// The position of a frame, if the segment has it.
    func position(of frame: FrameID) throws(LMDBError) -> UInt64? {
        switch index {
        case .memory(let memory): return memory.position(of: frame.stream, frame.place)
        case .table(let table):
            guard case .file(let environment, _) = records else { return nil }
            let key = Key.bytes(IndexKey.bytes(stream: frame.stream, frame.place))
            return try environment.beginRead().withValue(for: key, in: table) { $0.keyNumber }
                ?? nil
        }
    }

    /// For each stream the place that came next when the segment began; `nil` when that is not known,
    /// because its checkpoint is damaged.
    func placesAtStart() throws(LMDBError) -> [String: Place]? {
        if case .read(let places) = firstPlaces.withLock({ $0 }) { return places }
        var state = LogState()
        var isKnown = false
        try scan { position, value in
            switch CheckedRecord(value) {
            case .good(.checkpoint, let header):
                let isFirst = position == first
                let isWhole =
                    (try? Checkpoints.apply(value, headerByteCount: header, to: &state)) != nil
                isKnown = isWhole && (isKnown || isFirst)
                return isKnown ? .next : .stop
            case .good: break
            // It may be the rest of the checkpoint.
            case .damaged: isKnown = false
            }
            return .stop
        }
        let places = isKnown ? state.streams : nil
        firstPlaces.withLock { $0 = .read(places) }
        return places
    }

    /// What the written index says; `nil` without one.
    func indexEntries() throws(LMDBError) -> [(frame: FrameID, position: UInt64)]? {
        guard case .table(let table) = index, case .file(let environment, _) = records else {
            return nil
        }
        var entries: [(frame: FrameID, position: UInt64)] = []
        try environment.beginRead().scan(from: nil, in: table) { key, value in
            // An entry that spells no frame leaves one out, which is found.
            if let frame = IndexKey.decode(key), let position = value.keyNumber {
                entries.append((frame, position))
            }
            return .next
        }
        return entries
    }

    /// The frames here of every stream that `covers`, as sequences by stream and epoch.
    func frames(
        covering covers: (String) -> Bool,
        into sets: inout [String: [UInt64: IntervalSet]]
    ) throws(LMDBError) {
        switch index {
        case .memory(let memory):
            for (stream, entries) in memory.content where covers(stream) {
                for entry in entries {
                    sets[stream, default: [:]][entry.place.epoch, default: IntervalSet()]
                        .insert(entry.place.sequence)
                }
            }
        case .table(let table):
            guard case .file(let environment, _) = records else { return }
            try environment.beginRead().scan(from: nil, in: table) { key, _ in
                if let id = IndexKey.decode(key), covers(id.stream) {
                    sets[id.stream, default: [:]][id.epoch, default: IntervalSet()]
                        .insert(id.sequence)
                }
                return .next
            }
        }
    }
}
