internal import LMDB
internal import Synchronization
internal import Wire

// The files of the log, and which of them are open.

extension Log {
    /// The position behind the segment that has `position`, or ``promised``; where to go on when the
    /// segment is damaged.
    package func end(ofSegmentWith position: UInt64) -> UInt64 {
        min(promised, max(position, segmentStart(after: position) ?? promised))
    }

    /// The sealed segments that cannot be opened, each in a sentence; the records are not read.
    package func damagedSegments() -> [RecordingError] {
        let sealed = directory.withLock { directory in
            directory.firsts.filter { $0 != directory.head?.first }
        }
        return sealed.compactMap { first in
            do throws(RecordingError) { try Segment.check(first: first, in: path) } catch {
                return error
            }
            return nil
        }
    }

    /// The first positions of the sealed segments, ascending.
    var sealed: [UInt64] {
        directory.withLock { directory in
            directory.firsts.filter { $0 != directory.head?.first }
        }
    }

    /// The first position of the segment that is written to.
    var headFirst: UInt64? { directory.withLock { $0.head?.first } }

    /// Whether the segment that is written to has a frame.
    var headHasFrames: Bool {
        guard case .memory(let memory)? = directory.withLock({ $0.head?.index }) else {
            return false
        }
        return !memory.isEmpty
    }

    /// The sealed segment that begins at `first`.
    func sealedSegment(_ first: UInt64) throws(RecordingError) -> Segment {
        try segment(containing: first)
    }

    /// Has a segment opened again, when it is next read: its file is another one.
    func reopen(_ first: UInt64) {
        directory.withLock { directory in
            directory.changes += 1
            directory.open.removeAll { $0.first == first }
        }
    }

    /// Leaves a segment out from now on: its file goes.
    func remove(_ first: UInt64) {
        directory.withLock { directory in
            directory.changes += 1
            directory.open.removeAll { $0.first == first }
            directory.firsts.removeAll { $0 == first }
        }
    }

    /// Has `tell` told of each segment that turns out to be damaged when it is first read, once.
    package func onDamage(_ tell: @escaping @Sendable (RecordingError) -> Void) {
        teller.withLock { $0 = tell }
    }

    /// Has `tell` told each time that a segment is full and the next one begun.
    func onRoll(_ tell: @escaping @Sendable () -> Void) { rollTeller.withLock { $0 = tell } }

    private func tellOfDamage(in segment: Segment) {
        guard let damage = segment.damage(in: path) else { return }
        let isNew = directory.withLock { $0.told.insert(segment.first).inserted }
        if isNew { teller.withLock { $0 }?(damage) }
    }

    func segmentStart(after first: UInt64) -> UInt64? {
        directory.withLock { $0.firsts.first { $0 > first } }
    }

    func segment(containing position: UInt64) throws(RecordingError) -> Segment {
        let (first, known, changes): (UInt64, Segment?, Int) = directory.withLock { directory in
            let changes = directory.changes
            let first = directory.firsts.last { $0 <= position } ?? directory.firsts.first ?? 0
            if let head = directory.head, first == head.first { return (first, head, changes) }
            guard let index = directory.open.firstIndex(where: { $0.first == first }) else {
                return (first, nil, changes)
            }
            let segment = directory.open.remove(at: index)
            directory.open.append(segment)
            return (first, segment, changes)
        }
        if let known { return known }
        let opened = try Segment.openSealed(first: first, in: path)
        tellOfDamage(in: opened)
        return directory.withLock { directory in
            // Another thread may have opened it meanwhile.
            if let other = directory.open.first(where: { $0.first == first }) { return other }
            // Or what was opened may have been written anew: good for this once, not to be kept.
            guard directory.changes == changes else { return opened }
            if directory.open.count >= Self.openLimit { directory.open.removeFirst() }
            directory.open.append(opened)
            return opened
        }
    }

    func reading<Result>(
        _ segment: Segment,
        _ body: () throws(LMDBError) -> Result
    ) throws(RecordingError) -> Result {
        do throws(LMDBError) { return try body() } catch {
            throw Segment.unreadable(path + "/" + Segment.fileName(segment.first), error)
        }
    }
}
