internal import Foundation
internal import GRDB
internal import Wire

/// Compares the catalog with what the log says, batch by batch.
///
/// Writes each batch into a catalog in memory, as the archive would, and has SQLite compare the two.
final class CatalogCheck {
    /// Tables with a row for each frame or more; emptied in memory after each batch.
    private static let large: [(table: String, keys: [String])] = [
        ("frames", ["stream", "epoch", "sequence"]),
        ("results", ["stream", "epoch", "sequence", "group_name", "run"]),
        ("detections", ["stream", "epoch", "sequence", "group_name", "run", "number"]),
    ]
    /// The others, compared at the end.
    private static let small = ["groups", "dead_letters", "gaps"]
    /// Missing rows that are remembered.
    private static let missingLimit = 10_000

    private let path: String
    private let memory: DatabaseQueue
    private var batch: [LogRecord] = []
    private var positions: [UInt64] = []
    /// What the log has and has not let go of.
    private var frames = FrameSet()
    private var results: [Run: FrameSet] = [:]
    /// What frames are missing in the catalog, until it is known that the log lets go of them.
    private var missing: [(frame: FrameID, run: Run?, position: UInt64?, reason: String)] = []
    /// Positions below are compared.
    private(set) var end: UInt64

    static let batchLimit = 1_024

    /// Opens the catalog of `directory`.
    init(_ directory: DataDirectory) throws {
        path = directory.catalog
        memory = try DatabaseQueue()
        try CatalogSchema.migrator.migrate(memory)
        end = try memory.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA busy_timeout = 5000")
            try database.execute(sql: "ATTACH ? AS kept", arguments: [directory.catalog])
            return try Self.position(database, schema: "kept")
        }
    }

    private static func position(_ database: Database, schema: String) throws -> UInt64 {
        let position = try Int64.fetchOne(
            database,
            sql: "SELECT position FROM \(schema).projection"
        )
        return UInt64(bitPattern: position ?? 0)
    }

    /// What SQLite finds wrong with the file.
    func integrity() throws -> [String] {
        try memory.read { database in
            try String.fetchAll(database, sql: "PRAGMA kept.integrity_check(50)")
        }.filter { $0 != "ok" }
    }

    /// Whether a batch is full.
    var isFull: Bool { batch.count >= Self.batchLimit }

    /// Adds the record at `position`.
    func add(_ bytes: RawSpan, at position: UInt64) {
        let before = batch.count
        try? CatalogProjection.collect(bytes, into: &batch)
        positions += Array(repeating: position, count: batch.count - before)
    }

    /// Compares what was added; what is wrong is told with its position.
    func compare(_ tell: (_ position: UInt64?, _ reason: String) -> Void) throws {
        guard !batch.isEmpty else { return }
        defer {
            batch.removeAll(keepingCapacity: true)
            positions.removeAll(keepingCapacity: true)
        }
        try memory.writeWithoutTransaction { database in
            try database.inTransaction {
                var writer = try CatalogWriter(database)
                for record in batch { try note(record, &writer) }
                try writer.finish(at: 0)
                return .commit
            }
            for (table, keys) in Self.large {
                try compare(table, keys, database, tell)
                try database.execute(sql: "DELETE FROM main.\(table)")
            }
        }
    }

    /// Notes what the log has, and what it has let go of.
    private func note(_ record: LogRecord, _ writer: inout CatalogWriter) throws {
        switch record {
        case .frame(let frame): frames.insert(frame.id)
        case .result(let result): results[result.run, default: FrameSet()].insert(result.frame)
        case .stretch(let stretch): note(stretch)
        default: break
        }
        try writer.write(record)
    }

    private func note(_ stretch: Stretch) {
        var gone = FrameSet()
        for range in stretch.ranges {
            gone.insert(range, epoch: stretch.epoch, stream: stretch.stream)
        }
        let run = Run(group: stretch.name, number: stretch.run)
        switch stretch.kind {
        case .pinned, .erasing: return
        case .taken:
            for run in results.keys { results[run]?.subtract(gone) }
            missing.removeAll { gone.contains($0.frame) }
            frames.subtract(gone)
        case .pictures:
            missing.removeAll { $0.run == nil && gone.contains($0.frame) }
            frames.subtract(gone)
        case .results:
            missing.removeAll { $0.run == run && gone.contains($0.frame) }
            results[run]?.subtract(gone)
        }
    }

    private func compare(
        _ table: String,
        _ keys: [String],
        _ database: Database,
        _ tell: (_ position: UInt64?, _ reason: String) -> Void
    ) throws {
        // The time of a frame in another batch is not known here; see ``finish(_:mayHaveMore:_:)``.
        let left = table == "frames" ? keys : keys + ["captured_at"]
        let others = try database.columns(in: table).map(\.name).filter { !left.contains($0) }
        let on = keys.map { "m.\($0) = k.\($0)" }.joined(separator: " AND ")
        let mine = others.map { "m.\($0)" }.joined(separator: ", ")
        let kept = others.map { "k.\($0)" }.joined(separator: ", ")
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT k.stream IS NULL, \(keys.map { "m.\($0)" }.joined(separator: ", "))
                FROM main.\(table) m LEFT JOIN kept.\(table) k ON \(on)
                WHERE k.stream IS NULL OR (\(mine)) IS NOT (\(kept))
                """
        )
        for row in rows {
            let isMissing: Bool = row[0]
            let epoch: Int64 = row[2]
            let sequence: Int64 = row[3]
            let frame = FrameID(
                stream: row[1],
                epoch: UInt64(bitPattern: epoch),
                sequence: UInt64(bitPattern: sequence)
            )
            let run = keys.count > 3 ? Run(group: row[4], number: row[5]) : nil
            let owner = run.map { " by run \($0)" } ?? ""
            let what = "\(table) of \(frame)\(owner):"
            let place = position(of: frame, run)
            if !isMissing {
                tell(place, "\(what) is another one in the catalog")
            } else if missing.count < Self.missingLimit {
                missing.append((frame, run, place, "\(what) is not in the catalog"))
            }
        }
    }

    private func position(of frame: FrameID, _ run: Run?) -> UInt64? {
        let index = batch.firstIndex { record in
            switch record {
            case .frame(let other): run == nil && other.id == frame
            case .result(let result): result.frame == frame && result.run == run
            default: false
            }
        }
        return index.map { positions[$0] }
    }

    /// Compares the counts and the small tables, as of one moment of the catalog.
    ///
    /// - Parameters:
    ///   - advance: Has the records from ``end`` to the position given added and compared.
    ///   - mayHaveMore: Whether the catalog may have what the log has not.
    ///   - tell: Told what is wrong, with its position where there is one.
    /// - Throws: What `advance` throws, and a `DatabaseError` when the catalog cannot be read.
    func finish(
        _ advance: (_ from: UInt64, _ to: UInt64) throws -> Void,
        mayHaveMore: () -> Bool,
        _ tell: (_ position: UInt64?, _ reason: String) -> Void
    ) throws {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.allowsUnsafeTransactions = true
        configuration.busyMode = .timeout(5)
        let kept = try DatabaseQueue(path: path, configuration: configuration)
        // One moment of the catalog, from here to the end.
        let now = try kept.inDatabase { database in
            try database.execute(sql: "BEGIN")
            return try Self.position(database, schema: "main")
        }
        if now > end { try advance(end, now) }
        end = max(end, now)
        for mistake in missing { tell(mistake.position, mistake.reason) }
        for table in Self.small { try compareAll(table, kept, mayHaveMore()) { tell(nil, $0) } }
        try compareCounts(kept, mayHaveMore()) { tell(nil, $0) }
        try kept.inDatabase { database in
            for (what, sql) in Self.sums {
                for name in try String.fetchAll(database, sql: sql) {
                    tell(nil, "\(what) \(name): the line does not say what its rows add up to")
                }
            }
            try database.execute(sql: "COMMIT")
        }
    }

    /// Lines of the catalog that are not what its own rows add up to.
    private static let sums: [(String, String)] = [
        (
            "streams",
            """
            SELECT stream FROM streams s WHERE (frames, bytes) IS NOT (SELECT COUNT(*),
                coalesce(SUM(byte_count), 0) FROM frames f WHERE f.stream = s.stream)
            OR missing_frames <> (SELECT coalesce(SUM(g.frames), 0) FROM gaps g
                WHERE g.stream = s.stream AND group_name IS NULL)
            OR (first_captured_at, last_captured_at) IS NOT (
                (SELECT captured_at FROM frames f WHERE f.stream = s.stream
                    ORDER BY epoch, sequence LIMIT 1),
                (SELECT captured_at FROM frames f WHERE f.stream = s.stream
                    ORDER BY epoch DESC, sequence DESC LIMIT 1))
            """
        ),
        (
            "runs",
            """
            SELECT group_name || ':' || run FROM runs r WHERE (completed, failed) IS NOT (
                SELECT COUNT(*), coalesce(SUM(failure IS NOT NULL), 0) FROM results x
                WHERE x.group_name = r.group_name AND x.run = r.run)
            OR dead <> (SELECT COUNT(*) FROM dead_letters x
                WHERE x.group_name = r.group_name AND x.run = r.run)
            """
        ),
        (
            "detections of",
            """
            SELECT 'all results' WHERE (SELECT coalesce(SUM(detection_count), 0) FROM results)
                <> (SELECT COUNT(*) FROM detections)
            """
        ),
        (
            "times of",
            """
            SELECT 'all results' WHERE EXISTS (SELECT 1 FROM results r
                JOIN frames f USING (stream, epoch, sequence)
                WHERE r.captured_at IS NOT f.captured_at)
            """
        ),
    ]

    private func compareCounts(
        _ kept: DatabaseQueue,
        _ mayHaveMore: Bool,
        _ tell: (String) -> Void
    ) throws {
        let (frameRows, resultRows) = try kept.inDatabase { database in
            (
                try Row.fetchAll(database, sql: "SELECT stream, COUNT(*) FROM frames GROUP BY 1"),
                try Row.fetchAll(
                    database,
                    sql: "SELECT group_name, run, COUNT(*) FROM results GROUP BY 1, 2"
                )
            )
        }
        var counts: [String: (log: UInt64, kept: UInt64)] = [:]
        for (stream, epochs) in frames.streams {
            counts["frames of \(stream)", default: (0, 0)].log = epochs.values.reduce(0) {
                $0 + $1.count
            }
        }
        for row in frameRows {
            counts["frames of \(row[0] as String)", default: (0, 0)].kept = row[1]
        }
        for (run, set) in results where !set.isEmpty {
            counts["results of \(run)", default: (0, 0)].log = set.count
        }
        for row in resultRows {
            let run = Run(group: row[0], number: row[1])
            counts["results of \(run)", default: (0, 0)].kept = row[2]
        }
        for (what, count) in counts.sorted(by: { $0.key < $1.key })
        where count.log > count.kept || (count.kept > count.log && !mayHaveMore) {
            tell("\(what): the log has \(count.log), the catalog \(count.kept)")
        }
    }

    private func compareAll(
        _ table: String,
        _ kept: DatabaseQueue,
        _ mayHaveMore: Bool,
        _ tell: (String) -> Void
    ) throws {
        func lines(_ database: Database) throws -> Set<String> {
            let rows = try Row.fetchAll(database, sql: "SELECT * FROM main.\(table)")
            return Set(
                rows.map { row in
                    row.databaseValues.map { value in
                        String.fromDatabaseValue(value) ?? (value.isNull ? "" : "\(value)")
                    }.joined(separator: " ")
                }
            )
        }
        let (log, catalog) = (try memory.read(lines), try kept.inDatabase(lines))
        for line in log.subtracting(catalog).sorted() {
            tell("\(table): '\(line)' is not in the catalog")
        }
        guard !mayHaveMore else { return }
        for line in catalog.subtracting(log).sorted() {
            tell("\(table): '\(line)' is in the catalog and not in the log")
        }
    }
}
