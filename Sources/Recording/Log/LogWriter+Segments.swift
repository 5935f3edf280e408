internal import Foundation
internal import LMDB
internal import Service
internal import Wire

// Beginning and ending segments.

extension LogWriter {
    /// A segment just begun.
    struct Created {
        let segment: Segment
        let memory: MemoryIndex
        /// Checkpoint records at its start.
        let recordCount: UInt64
    }

    /// Opens a segment for writing, creating it if missing.
    ///
    /// - Parameters:
    ///   - path: Its file, which may have been filled under another `--segment-size`.
    ///   - options: How the log is written.
    ///   - extra: Bytes that a new one begins with.
    /// - Returns: The open file.
    /// - Throws: `LMDBError` when it cannot be opened.
    static func environment(
        path: String,
        options: Log.Options,
        extra: Int = 0
    ) throws(LMDBError) -> Environment {
        var mapByteCount = options.mapByteCount
        let present = max(DataDirectory.byteCount(of: path), extra)
        if present > mapByteCount / 4 {
            mapByteCount = max(mapByteCount, Log.Options.mapByteCount(for: present))
        }
        var settings = Environment.Options(mapByteCount: mapByteCount)
        settings.leavesSyncToCaller = options.sync == .none
        return try Environment(path: path, options: settings)
    }

    /// Creates the segment that begins at `first`, with its checkpoint, on disk.
    ///
    /// It gets its name when its checkpoint is on disk, so that a file with that name is never half
    /// begun: whatever is missing of it then is damage.
    static func create(
        first: UInt64,
        state: LogState,
        in directory: String,
        options: Log.Options
    ) throws(RecordingError) -> Created {
        let path = Segment.path(first, in: directory)
        let unborn = path + Segment.unbornSuffix
        let records = Checkpoints.encode(
            state,
            position: first,
            begunAt: WallClock.nanoseconds,
            recordByteCount: options.checkpointByteCount
        )
        remove(unborn)  // An earlier try may have left it.
        do throws(LMDBError) {
            try write(records, at: first, to: unborn, options: options)
        } catch {
            remove(unborn)  // Nothing in it was promised.
            throw failure(error, "creating", path)
        }
        try DataDirectory.rename(unborn, to: path)
        unsafe unlink(unborn + Segment.lockSuffix)
        try DataDirectory.sync(directory: directory)
        do throws(LMDBError) {
            let environment = try environment(path: path, options: options)
            guard let table = try environment.table(named: Segment.logTable) else {
                throw LMDBError.invalid
            }
            let memory = MemoryIndex()
            let segment = Segment(
                first: first,
                environment: environment,
                log: table,
                index: .memory(memory)
            )
            return Created(segment: segment, memory: memory, recordCount: UInt64(records.count))
        } catch {
            throw failure(error, "opening", path)
        }
    }

    /// Writes a new file that has nothing but `records`, to the device.
    private static func write(
        _ records: [[UInt8]],
        at first: UInt64,
        to path: String,
        options: Log.Options
    ) throws(LMDBError) {
        let environment = try environment(
            path: path,
            options: options,
            extra: records.reduce(0) { $0 + $1.count }
        )
        var transaction = try environment.beginWrite()
        let table = try transaction.createTable(named: Segment.logTable)
        for (offset, record) in records.enumerated() {
            let key = Key.number(first + UInt64(offset))
            let outcome = try unsafe transaction.append(record.span.bytes, for: key, in: table)
            guard outcome == .done else { throw LMDBError.full }
        }
        guard try transaction.commit() == .done else { throw LMDBError.full }
        try environment.sync()
    }

    /// Writes the segment's index, which marks it as sealed, and everything else to the device.
    ///
    /// A segment without room for its index goes without: whoever opens it reads its records instead.
    static func seal(
        _ segment: Segment,
        _ memory: MemoryIndex,
        in directory: String
    ) throws(RecordingError) {
        let path = Segment.path(segment.first, in: directory)
        do throws(LMDBError) {
            // First the records, so that no index can outlive what it points at.
            try segment.environment.sync()
            do throws(LMDBError) {
                try writeIndex(memory, to: segment.environment)
            } catch {
                guard error.isFull else { throw error }
            }
            try segment.environment.sync()
        } catch {
            throw failure(error, "sealing", path)
        }
        // Readers that still have the segment open hold the lock file open, not its name.
        unsafe unlink(path + Segment.lockSuffix)
    }

    static func writeIndex(
        _ memory: MemoryIndex,
        to environment: Environment
    ) throws(LMDBError) {
        var transaction = try environment.beginWrite()
        let table = try transaction.createTable(named: Segment.indexTable)
        let content = memory.content
        // By the names' bytes, as keys sort; a name's end sorts before every longer name.
        let names = content.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        for name in names {
            for entry in content[name] ?? [] {
                let key = Key.bytes(IndexKey.bytes(stream: name, entry.place))
                let position = entry.position.bigEndian
                let outcome = try withBytes(of: position) { (bytes) throws(LMDBError) in
                    try transaction.append(bytes, for: key, in: table)
                }
                guard outcome == .done else { throw LMDBError.full }
            }
        }
        guard try transaction.commit() == .done else { throw LMDBError.full }
    }

    /// Removes a file that never became a segment, or holds nothing any more.
    static func remove(_ path: String) {
        unsafe unlink(path)
        unsafe unlink(path + Segment.lockSuffix)
    }

    private static func withBytes<Result>(
        of value: UInt64,
        _ body: (RawSpan) throws(LMDBError) -> Result
    ) throws(LMDBError) -> Result {
        let values = InlineArray<1, UInt64>(repeating: value)
        return try unsafe body(values.span.bytes)
    }
}

extension Segment {
    /// Where the segment that begins at `first` lies.
    static func path(_ first: UInt64, in directory: String) -> String {
        directory + "/" + fileName(first)
    }
}
