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
    static let small = ["groups", "dead_letters", "gaps"]
    /// Missing rows that are remembered.
    private static let missingLimit = 10_000

    let path: String
    let memory: DatabaseQueue
    private var batch: [LogRecord] = []
    private var positions: [UInt64] = []
    /// What the log has and has not let go of.
    var frames = FrameSet()
    var results: [Run: FrameSet] = [:]
    /// What frames are missing in the catalog, until it is known that the log lets go of them.
    var missing: [(frame: FrameID, run: Run?, position: UInt64?, reason: String)] = []
    /// Positions below are compared.
    var end: UInt64

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

    static func position(_ database: Database, schema: String) throws -> UInt64 {
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

    /// Learns from a record behind ``end`` what the log has let go of since.
    func follow(_ bytes: RawSpan) {
        guard case .stretch(let stretch)? = try? LogRecord(decoding: bytes) else { return }
        note(stretch)
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
        // The time of a frame in another batch is not known here; see ``finish(_:mayHaveMore:left:_:)``.
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
}
