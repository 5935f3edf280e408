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

    static let logTable = "log"
    static let indexTable = "index"

    /// The first position; also its file's name.
    let first: UInt64
    let environment: Environment
    let log: Table
    let index: Index

    private enum FirstPlaces: Sendable {
        case unread
        /// `nil` when the checkpoint is damaged.
        case read([String: Place]?)
    }

    private let firstPlaces = Mutex(FirstPlaces.unread)

    init(first: UInt64, environment: Environment, log: Table, index: Index) {
        self.first = first
        self.environment = environment
        self.log = log
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

    /// Opens a segment that nobody writes to, without locks.
    ///
    /// - Throws: ``RecordingError/Kind/damaged`` when it is no segment;
    ///   ``RecordingError/Kind/failed`` for what may pass, such as too many open files.
    static func openSealed(first: UInt64, in directory: String) throws(RecordingError) -> Segment {
        let path = path(first, in: directory)
        do throws(LMDBError) {
            let (environment, log) = try openFile(path)
            if let index = try environment.table(named: indexTable) {
                return Segment(
                    first: first,
                    environment: environment,
                    log: log,
                    index: .table(index)
                )
            }
            let memory = MemoryIndex()
            let segment = Segment(
                first: first,
                environment: environment,
                log: log,
                index: .memory(memory)
            )
            try segment.fill(memory)
            return segment
        } catch {
            throw unreadable(path, error)
        }
    }

    /// Says so when a sealed segment cannot even be opened; its records are not read.
    static func check(first: UInt64, in directory: String) throws(RecordingError) {
        let path = path(first, in: directory)
        do throws(LMDBError) { _ = try openFile(path) } catch { throw unreadable(path, error) }
    }

    /// The position of the last record of a segment that nobody writes to; `nil` when it has none.
    ///
    /// - Throws: ``RecordingError/Kind/damaged`` when it is no segment; other kinds for what may pass.
    static func lastPosition(
        first: UInt64,
        in directory: String
    ) throws(RecordingError) -> UInt64? {
        let path = path(first, in: directory)
        do throws(LMDBError) {
            let (environment, log) = try openFile(path)
            return try environment.beginRead().withLast(in: log) { key, _ in key.keyNumber } ?? nil
        } catch {
            throw unreadable(path, error)
        }
    }

    private static func openEnvironment(_ path: String) throws(LMDBError) -> Environment {
        var options = Environment.Options(mapByteCount: 1 << 20)  // Grows to the file's own.
        options.isReadOnly = true
        options.isLockFree = true
        return try Environment(path: path, options: options)
    }

    private static func openFile(_ path: String) throws(LMDBError) -> (Environment, log: Table) {
        let environment = try openEnvironment(path)
        guard let log = try environment.table(named: logTable) else { throw LMDBError.invalid }
        return (environment, log)
    }

    /// What a failed read means: damage stays, everything else may pass.
    static func unreadable(_ path: String, _ error: LMDBError) -> RecordingError {
        guard error.isDamage else {
            return RecordingError(.failed, "segment \(path) cannot be read: \(error)")
        }
        return RecordingError(
            .damaged,
            "segment \(path) is damaged: \(error); put a copy of it back if you have one, the archive"
                + " leaves it as it is"
        )
    }

    private func fill(_ memory: MemoryIndex) throws(LMDBError) {
        var frames: [(id: FrameID, position: UInt64)] = []
        try environment.beginRead().scan(from: nil, in: log) { key, value in
            if let position = key.keyNumber, let frame = try? Frame(decoding: value) {
                frames.append((frame.id, position))
            }
            return .next
        }
        memory.append(frames)
    }

    /// The position of a frame, if the segment has it.
    func position(of frame: FrameID) throws(LMDBError) -> UInt64? {
        switch index {
        case .memory(let memory): return memory.position(of: frame.stream, frame.place)
        case .table(let table):
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
        try environment.beginRead().scan(from: nil, in: log) { key, value in
            switch CheckedRecord(value) {
            case .good(.checkpoint, let header):
                let isFirst = key.keyNumber == first
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
