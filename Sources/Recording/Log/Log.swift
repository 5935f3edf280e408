internal import Foundation
internal import LMDB
internal import Synchronization
package import Wire

/// The log for readers: records by position and by frame id, up to the promised head.
///
/// Any thread may use it. What a reader gets was checked, and no reader sees past what `--sync` has
/// promised.
package final class Log: Sendable {
    /// How the log is written.
    package struct Options: Sendable {
        /// What a commit waits for.
        package enum Sync: String, Sendable, CaseIterable {
            /// The disk: survives the loss of power.
            case full
            /// The page cache: survives the end of the process, not the loss of power.
            case none
        }

        /// Bytes of a segment, about; a record larger than that gets a segment of its own.
        package var segmentByteCount: Int
        /// What a commit waits for.
        package var sync: Sync
        /// Bytes of what was written last that stay in the system's page cache, about; `nil` leaves it to
        /// the system.
        package var cacheByteCount: Int?
        /// Least upper bound of a segment's file; see ``mapByteCount(for:)``.
        var mapByteCount: Int
        /// Bytes of one record of a checkpoint, about.
        var checkpointByteCount = Checkpoints.recordByteCount

        /// The design's defaults.
        package init(segmentByteCount: Int = 1 << 30, sync: Sync = .full) {
            precondition(segmentByteCount >= 1 << 16)
            self.segmentByteCount = segmentByteCount
            self.sync = sync
            mapByteCount = Self.mapByteCount(for: segmentByteCount)
        }

        /// Upper bound of the file of a segment that has, or is to have, `byteCount` bytes of records.
        ///
        /// A frame's entry in the index is smaller than its record, so twice as much is enough for the
        /// index; the rest is for a last batch, a large record or a large checkpoint. It is an extent of
        /// addresses, not of memory or disk, so that too much costs nothing.
        static func mapByteCount(for byteCount: Int) -> Int {
            let page = 1 << 16
            return (2 * byteCount + (256 << 20) + page - 1) / page * page
        }
    }

    struct Directory {
        /// The first positions of all segments, ascending; the last one is the head's, if there is one.
        var firsts: [UInt64]
        /// Sealed segments that are open, the latest used last.
        var open: [Segment] = []
        /// The segment that is written to; `nil` when nobody writes.
        var head: Segment?
        /// Counts how often a segment's file was replaced or removed.
        var changes = 0
        /// Sealed segments that were found damaged and told of.
        var told: Set<UInt64> = []
    }

    /// Sealed segments kept open at most.
    static let openLimit = 16

    let path: String
    let directory: Mutex<Directory>
    private let promise: Atomic<UInt64>
    let teller = Mutex<(@Sendable (RecordingError) -> Void)?>(nil)
    let rollTeller = Mutex<(@Sendable () -> Void)?>(nil)

    init(path: String, firsts: [UInt64], head: Segment?, promised: UInt64) {
        self.path = path
        directory = Mutex(Directory(firsts: firsts, head: head))
        promise = Atomic(promised)
    }

    /// The first position that is not promised to be kept; readers see what lies before it.
    package var promised: UInt64 { promise.load(ordering: .acquiring) }

    func setPromised(_ position: UInt64) {
        assert(position >= promised)
        promise.store(position, ordering: .releasing)
    }

    /// The first position that the log still has.
    package var oldest: UInt64 { directory.withLock { $0.firsts.first ?? 0 } }

    /// How many segments there are, the head included.
    package var segmentCount: Int { directory.withLock { $0.firsts.count } }

    // MARK: Reading by position

    /// Lends the record at `position` to `body`; `nil` when there is none, or it is not promised.
    ///
    /// The bytes are not checked; see ``CheckedRecord``.
    package func withRecord<Result>(
        at position: UInt64,
        _ body: (RawSpan) -> Result
    ) throws(RecordingError) -> Result? {
        guard position < promised else { return nil }
        let segment = try segment(containing: position)
        return try reading(segment) { () throws(LMDBError) in
            try segment.withRecord(at: position, body)
        }
    }

    /// Lends records in order of position, from `start` on, while `body` returns true.
    ///
    /// Stops by itself at the end of a segment, so that no transaction stays open for long.
    ///
    /// - Returns: Where to go on; equal to ``promised`` when there is nothing more.
    package func scan(
        from start: UInt64,
        _ body: (_ position: UInt64, _ record: RawSpan) -> Bool
    ) throws(RecordingError) -> UInt64 {
        let end = promised
        guard start < end else { return start }
        let segment = try segment(containing: start)
        var next = start
        var isStopped = false
        try reading(segment) { () throws(LMDBError) in
            try segment.scan(from: start) { position, record in
                guard position < end else { return .stop }
                next = position + 1
                isStopped = !body(position, record)
                return isStopped ? .stop : .next
            }
        }
        if isStopped { return next }
        return min(end, segmentStart(after: segment.first) ?? end)
    }

    // MARK: Reading by frame

    /// The position of a frame if the sealed segment that was read last has it: frames are read in order,
    /// and most are where the one before was.
    ///
    /// Look whether the frame is there: a wrong bit in an index may give it another one's name. Whatever
    /// else is wrong is for ``position(of:)`` to find.
    package func nearPosition(of frame: FrameID) -> UInt64? {
        guard let segment = directory.withLock({ $0.open.last }),
            let found = try? segment.position(of: frame)
        else { return nil }
        return found < promised ? found : nil
    }

    /// The position of a frame, or `nil` when the log does not have it.
    ///
    /// - Throws: ``RecordingError/Kind/damaged`` when a segment that may have it is beyond repair;
    ///   other kinds for what may pass.
    package func position(of frame: FrameID) throws(RecordingError) -> UInt64? {
        // The segment is the last one that began when the frame's place was still to come. What
        // began with a damaged checkpoint cannot tell: its neighbours are asked instead.
        let firsts = directory.withLock { $0.firsts }
        guard !firsts.isEmpty else { return nil }
        var (low, high) = (0, firsts.count)
        search: while high - low > 1 {
            let middle = (low + high) / 2
            let below = stride(from: middle, to: low, by: -1)
            let above = stride(from: middle + 1, to: high, by: 1)
            for probe in Array(below) + Array(above) {
                guard let isReached = try isReached(frame, bySegmentAt: firsts[probe]) else {
                    continue
                }
                if isReached { low = probe } else { high = probe }
                continue search
            }
            break
        }
        var damage: RecordingError?
        for first in firsts[low..<high].reversed() {
            do throws(RecordingError) {
                let segment = try segment(containing: first)
                let found = try reading(segment) { () throws(LMDBError) in
                    try segment.position(of: frame)
                }
                if let found, found < promised { return found }
                if let error = segment.damage(in: path) { damage = error }
            } catch {
                guard error.kind == .damaged else { throw error }
                damage = error
            }
        }
        if let damage { throw damage }
        return nil
    }

    /// Whether `frame` was still to come when the segment at `first` began; `nil` when its checkpoint
    /// is damaged.
    private func isReached(
        _ frame: FrameID,
        bySegmentAt first: UInt64
    ) throws(RecordingError) -> Bool? {
        do throws(RecordingError) {
            let segment = try segment(containing: first)
            let places = try reading(segment) { () throws(LMDBError) in
                try segment.placesAtStart()
            }
            return places.map { $0[frame.stream].map { $0 <= frame.place } ?? true }
        } catch {
            guard error.kind == .damaged else { throw error }
            return nil
        }
    }

    /// The sequences of all committed frames of every stream that `covers`, by stream and epoch.
    ///
    /// Reads all indexes: takes about a second for a million frames.
    ///
    /// - Parameters:
    ///   - covers: Whether a stream counts.
    ///   - damage: Told of each damaged segment, of which all or some is passed over.
    /// - Returns: The frames.
    /// - Throws: ``RecordingError`` for what may pass.
    package func frames(
        covering covers: (String) -> Bool,
        damage: (RecordingError) -> Void = { _ in }
    ) throws(RecordingError) -> [String: [UInt64: IntervalSet]] {
        var sets: [String: [UInt64: IntervalSet]] = [:]
        for first in directory.withLock({ $0.firsts }) {
            do throws(RecordingError) {
                let segment = try segment(containing: first)
                try reading(segment) { () throws(LMDBError) in
                    try segment.frames(covering: covers, into: &sets)
                }
                if let error = segment.damage(in: path) { damage(error) }
            } catch {
                guard error.kind == .damaged else { throw error }
                damage(error)
            }
        }
        return sets
    }
}
