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
    private static let small = ["streams", "groups", "runs", "dead_letters", "gaps"]
    /// Mistakes of one batch that are reported one by one.
    private static let mistakeLimit = 200

    private let memory: DatabaseQueue
    private var batch: [LogRecord] = []
    private var positions: [UInt64] = []
    /// Positions below are compared.
    private(set) var end: UInt64

    static let batchLimit = 1_024

    /// Opens the catalog of `directory`.
    init(_ directory: DataDirectory) throws {
        memory = try DatabaseQueue()
        try CatalogSchema.migrator.migrate(memory)
        end = try memory.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA busy_timeout = 5000")
            try database.execute(sql: "ATTACH ? AS kept", arguments: [directory.catalog])
            return try Self.position(database)
        }
    }

    private static func position(_ database: Database) throws -> UInt64 {
        let position = try Int64.fetchOne(database, sql: "SELECT position FROM kept.projection")
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
                for record in batch { try writer.write(record) }
                try writer.finish(at: 0)
                return .commit
            }
            for (table, keys) in Self.large {
                try compare(table, keys, database, tell)
                try database.execute(sql: "DELETE FROM main.\(table)")
            }
        }
    }

    private func compare(
        _ table: String,
        _ keys: [String],
        _ database: Database,
        _ tell: (_ position: UInt64?, _ reason: String) -> Void
    ) throws {
        // The time of a frame in another batch is not known here; see ``finish(_:hasDamage:)``.
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
                WHERE k.stream IS NULL OR (\(mine)) IS NOT (\(kept)) LIMIT \(Self.mistakeLimit)
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
            let what = isMissing ? "is not in the catalog" : "is another one in the catalog"
            tell(position(of: frame, run), "\(table) of \(frame)\(owner): \(what)")
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
    ///   - tell: Told what is wrong.
    /// - Throws: What `advance` throws, and a `DatabaseError` when the catalog cannot be read.
    func finish(
        _ advance: (_ from: UInt64, _ to: UInt64) throws -> Void,
        mayHaveMore: () -> Bool,
        _ tell: (String) -> Void
    ) throws {
        let now = try memory.read { try Self.position($0) }
        if now > end { try advance(end, now) }
        end = now
        try memory.read { database in
            // What was written since is neither in the counts nor in the batches.
            guard try Self.position(database) == now else { return }
            for table in Self.small { try compareAll(table, database, mayHaveMore(), tell) }
            for (what, sql) in Self.counts {
                for row in try Row.fetchAll(database, sql: sql) {
                    let (name, log, kept): (String, Int64, Int64) = (row[0], row[1], row[2])
                    guard log > kept || (kept > log && !mayHaveMore()) else { continue }
                    tell("\(what) of \(name): the log has \(log), the catalog \(kept)")
                }
            }
        }
    }

    private static let counts: [(String, String)] = [
        (
            "frames",
            """
            SELECT stream, frames, (SELECT COUNT(*) FROM kept.frames k WHERE k.stream = m.stream) AS n
            FROM main.streams m WHERE frames <> n
            """
        ),
        (
            "results",
            """
            SELECT group_name || ':' || run, completed, (SELECT COUNT(*) FROM kept.results k
                WHERE k.group_name = m.group_name AND k.run = m.run) AS n
            FROM main.runs m WHERE completed <> n
            """
        ),
        (
            "detections",
            """
            SELECT 'all results', (SELECT coalesce(SUM(detection_count), 0) FROM kept.results) AS a,
            (SELECT COUNT(*) FROM kept.detections) AS b WHERE a <> b
            """
        ),
        (
            "times",
            """
            SELECT 'all results', COUNT(*), 0 FROM kept.results r
            JOIN kept.frames f USING (stream, epoch, sequence)
            WHERE r.captured_at IS NOT f.captured_at HAVING COUNT(*) > 0
            """
        ),
    ]

    private func compareAll(
        _ table: String,
        _ database: Database,
        _ mayHaveMore: Bool,
        _ tell: (String) -> Void
    ) throws {
        let columns = try database.columns(in: table).map(\.name).filter { $0 != "duplicates" }
        // A result that comes twice is one here and there, counted in another column.
        let list = columns.map { name in
            name == "completed" ? "completed + duplicates" : name
        }.joined(separator: ", ")
        func missing(_ left: String, from right: String) throws -> [Row] {
            try Row.fetchAll(
                database,
                sql: """
                    SELECT \(list) FROM \(left).\(table) EXCEPT SELECT \(list) FROM \(right).\(table)
                    LIMIT \(Self.mistakeLimit)
                    """
            )
        }
        func words(_ row: Row) -> String {
            row.databaseValues.map { value in
                String.fromDatabaseValue(value) ?? (value.isNull ? "" : "\(value)")
            }.joined(separator: " ")
        }
        for row in try missing("main", from: "kept") {
            tell("\(table): '\(words(row))' is not in the catalog")
        }
        guard !mayHaveMore else { return }
        for row in try missing("kept", from: "main") {
            tell("\(table): '\(words(row))' is in the catalog and not in the log")
        }
    }
}
