internal import GRDB
internal import Wire

extension CatalogCheck {
    /// Compares the counts and the small tables, as of one moment of the catalog.
    ///
    /// - Parameters:
    ///   - records: Hands out the records of the log between two positions.
    ///   - mayHaveMore: Whether the catalog may have what the log has not.
    ///   - left: Which records of those at the positions given the log still has; `nil` when nothing
    ///     was taken out of it since the check began. Otherwise what the log says is not whole, as what
    ///     took something may have been taken itself, and only records that are left are held against
    ///     the catalog.
    ///   - tell: Told what is wrong, with its position where there is one.
    /// - Throws: What `records` throws, and a `DatabaseError` when the catalog cannot be read.
    func finish(
        _ records: (
            _ from: UInt64, _ to: UInt64, _ body: (RawSpan, _ position: UInt64) throws -> Void
        ) throws -> Void,
        mayHaveMore: Bool,
        left: (Set<UInt64>) throws -> Set<UInt64>?,
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
        if now > end {
            var mistakes: [(UInt64?, String)] = []
            try records(end, now) { record, position in
                add(record, at: position)
                if isFull { try compare { mistakes.append(($0, $1)) } }
            }
            try compare { mistakes.append(($0, $1)) }
            for (position, reason) in mistakes { tell(position, reason) }
            end = now
        }
        if try left([]) == nil {
            for table in Self.small { try compareAll(table, kept, mayHaveMore) { tell(nil, $0) } }
            try compareCounts(kept, mayHaveMore) { tell(nil, $0) }
        }
        if !missing.isEmpty {
            // Rows were looked for while the catalog went on, and perhaps let go of them.
            let last = try memory.read { try Self.position($0, schema: "kept") }
            if last > end { try records(end, last) { record, _ in follow(record) } }
        }
        let left = try left(Set(missing.compactMap(\.position)))
        for mistake in missing where mistake.position.map({ left?.contains($0) ?? true }) ?? true {
            tell(mistake.position, mistake.reason)
        }
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
