internal import Foundation
internal import LMDB
internal import Synchronization
internal import Wire

/// The writing end of the log: one in the world for a data directory, used by one thread at a time.
package struct LogWriter: ~Copyable, Sendable {
    /// The reading end.
    package let log: Log
    /// How it is written.
    package let options: Log.Options

    private var head: Segment {
        didSet { identity = FileIdentity(of: Segment.path(head.first, in: log.path)) }
    }
    /// The head's file: what is written to one that has no name any more would be lost.
    private var identity: FileIdentity?
    private var memory: MemoryIndex
    private var next: UInt64
    /// Whether the head is sealed already and only its successor is missing.
    private var isSealed: Bool
    /// The position behind the head's checkpoint, if it was begun here.
    private var fresh: UInt64
    private let lock: WriterLock
    private var trail: CacheTrail?
    /// What is not written to the disk by commits has to be before it can be given back.
    private var unwritten: CacheTrail?

    init(
        log: Log,
        options: Log.Options,
        head: Segment,
        memory: MemoryIndex,
        isSealed: Bool,
        lock: WriterLock
    ) {
        self.log = log
        self.options = options
        self.head = head
        self.memory = memory
        self.isSealed = isSealed
        self.lock = lock
        identity = FileIdentity(of: Segment.path(head.first, in: log.path))
        next = log.promised
        fresh = head.first
        trail = options.cacheByteCount.map { CacheTrail(limit: $0) }
        if options.sync == .none {
            unwritten = options.cacheByteCount.map { CacheTrail(limit: $0 / 2) }
        }
        trail?.begin(Segment.path(head.first, in: log.path))
        unwritten?.begin(Segment.path(head.first, in: log.path))
    }

    /// Commits `entries` as one: all of them are kept, as ``Log/Options/Sync`` says, or none.
    ///
    /// Begins a new segment when the head has no room left for them.
    ///
    /// - Parameters:
    ///   - entries: The records, in order.
    ///   - state: What the log adds up to before them.
    /// - Returns: The position of the first one; the others follow it.
    /// - Throws: ``RecordingError/Kind/diskFull``, after which the same entries may be tried again;
    ///   ``RecordingError/Kind/tooLarge``; other kinds when the disk fails.
    package mutating func append(
        _ entries: [LogEntry],
        state: LogState
    ) throws(RecordingError) -> UInt64 {
        let byteCount = entries.reduce(0) { $0 + $1.byteCount }
        if isSealed { try roll(state) }
        if head.environment.usage.usedByteCount + byteCount > options.segmentByteCount, !isFresh {
            try roll(state)
        }
        var outcome = try write(entries)
        if outcome == .mapFull, !isFresh {
            try roll(state)
            outcome = try write(entries)
        }
        guard outcome == .done else {
            throw RecordingError(
                .tooLarge,
                "\(byteCount) bytes do not fit into a segment of \(options.segmentByteCount) bytes;"
                    + " choose a larger --segment-size"
            )
        }
        guard FileIdentity(of: Segment.path(head.first, in: log.path)) == identity else {
            throw RecordingError(
                .failed,
                "\(Segment.path(head.first, in: log.path)) was removed or replaced while the archive"
                    + " was writing it: what it wrote since then is in no directory any more and was"
                    + " not acknowledged. Put the data directory back, and start the archive again"
            )
        }
        let first = next
        publish(entries)
        giveBackCache()
        return first
    }

    /// Lets the system have back what was written a while ago.
    private mutating func giveBackCache() {
        let length = head.environment.usage.usedByteCount
        while let piece = unwritten?.advance(to: length) { piece.startWriting() }
        while let piece = trail?.advance(to: length) { piece.release() }
    }

    /// Whether the head has nothing but its checkpoint yet.
    private var isFresh: Bool { next <= fresh }

    private func write(_ entries: [LogEntry]) throws(RecordingError) -> WriteOutcome {
        do throws(LMDBError) {
            var transaction = try head.environment.beginWrite()
            var position = next
            for entry in entries {
                let outcome = try entry.append(at: position, to: &transaction, in: head.log)
                guard outcome == .done else { return outcome }
                position += 1
            }
            return try transaction.commit()
        } catch {
            throw LogWriter.failure(error, "writing to", Segment.path(head.first, in: log.path))
        }
    }

    private mutating func publish(_ entries: [LogEntry]) {
        var frames: [(id: FrameID, position: UInt64)] = []
        for (offset, entry) in entries.enumerated() {
            if case .frame(let frame) = entry.record {
                frames.append((frame.id, next + UInt64(offset)))
            }
        }
        memory.append(frames)
        next += UInt64(entries.count)
        log.setPromised(next)
    }

    /// Ends the head and begins the next segment with a checkpoint of `state`.
    ///
    /// - Parameters:
    ///   - state: What the log adds up to.
    ///   - first: Where the next segment begins, to leave positions out; `nil` behind the last one.
    /// - Throws: ``RecordingError``, after which the same may be tried again.
    package mutating func roll(
        _ state: LogState,
        at first: UInt64? = nil
    ) throws(RecordingError) {
        next = max(next, first ?? next)
        if !isSealed { try Self.seal(head, memory, in: log.path) }
        isSealed = true  // Even if its successor cannot be created now.
        let created = try Self.create(first: next, state: state, in: log.path, options: options)
        head = created.segment
        memory = created.memory
        isSealed = false
        trail?.begin(Segment.path(head.first, in: log.path))
        unwritten?.begin(Segment.path(head.first, in: log.path))
        next += created.recordCount
        fresh = next
        log.directory.withLock { directory in
            directory.firsts.append(created.segment.first)
            directory.head = created.segment
        }
        log.setPromised(next)
        log.rollTeller.withLock { $0 }?()
    }

    /// Writes everything to the device, whatever `--sync` says.
    package func sync() throws(RecordingError) {
        do throws(LMDBError) { try head.environment.sync() } catch {
            throw LogWriter.failure(error, "syncing", Segment.path(head.first, in: log.path))
        }
    }

    static func failure(_ error: LMDBError, _ what: String, _ path: String) -> RecordingError {
        if error.isDiskFull || error.isInputOutput && DataDirectory.isFull(at: path) {
            return RecordingError(.diskFull, "the disk is full: \(what) \(path) waits for room")
        }
        return RecordingError(.failed, "\(what) \(path) failed: \(error)")
    }
}
