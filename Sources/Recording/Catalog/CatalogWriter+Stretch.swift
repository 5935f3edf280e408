internal import GRDB
internal import Wire

// What goes out of the catalog when frames, or what was made of them, go out of the log.

extension CatalogWriter {
    /// What of a stretch went out.
    private struct Sums {
        var frames: Int64 = 0
        var bytes: Int64 = 0
        var missing: Int64 = 0
    }

    /// The frame at the place of a picture that is gone.
    func write(_ stub: Stub) throws {
        let id = stub.frame
        try database.execute(
            sql: "INSERT OR REPLACE INTO stubs VALUES (?,?,?,?)",
            arguments: [
                id.stream, Int64(bitPattern: id.epoch), Int64(bitPattern: id.sequence),
                Timestamp.text(stub.capturedAt),
            ]
        )
    }

    /// A group that is forgotten has no line any more; what it has made stays.
    func write(_ order: Order) throws {
        guard order.kind == .forget else { return }
        try database.execute(
            sql: "DELETE FROM groups WHERE group_name = ?",
            arguments: [order.name]
        )
    }

    /// Takes out what a stretch says is gone.
    mutating func write(_ stretch: Stretch) throws {
        switch stretch.kind {
        case .pinned, .erasing: return
        case .taken, .pictures: try takeFrames(stretch)
        case .results: try takeResults(stretch)
        }
    }

    private mutating func takeFrames(_ stretch: Stretch) throws {
        try writeSums()
        var sums = Sums()
        for range in stretch.ranges {
            let place = Self.place(stretch, range)
            if let row = try Row.fetchOne(
                database,
                sql: "SELECT COUNT(*), coalesce(SUM(byte_count), 0) FROM frames \(Self.within)",
                arguments: place
            ) {
                sums.frames += row[0]
                sums.bytes += row[1]
            }
            if stretch.kind == .pictures {
                try database.execute(
                    sql: """
                        INSERT OR REPLACE INTO stubs
                        SELECT stream, epoch, sequence, captured_at FROM frames \(Self.within)
                        """,
                    arguments: place
                )
            } else {
                try delete(from: "stubs", place)
                try takeResults(place, "")
            }
            try delete(from: "frames", place)
        }
        sums.missing = try takeGaps(stretch)
        try database.execute(
            sql: """
                UPDATE streams SET frames = frames - ?, bytes = bytes - ?,
                missing_frames = missing_frames - ? WHERE stream = ?
                """,
            arguments: [sums.frames, sums.bytes, sums.missing, stretch.stream]
        )
        try writeEnds(of: stretch.stream)
    }

    /// Takes out the gaps before the last frame of a stretch; returns how many frames they had.
    func takeGaps(_ stretch: Stretch) throws -> Int64 {
        guard let last = stretch.ranges.last?.upperBound else { return 0 }
        let condition =
            "WHERE stream = ? AND epoch = ? AND last_sequence <= ? AND group_name IS NULL"
        let arguments: StatementArguments = [
            stretch.stream, Int64(bitPattern: stretch.epoch), Int64(bitPattern: last),
        ]
        let frames = try Int64.fetchOne(
            database,
            sql: "SELECT coalesce(SUM(frames), 0) FROM gaps \(condition)",
            arguments: arguments
        )
        try database.execute(sql: "DELETE FROM gaps \(condition)", arguments: arguments)
        return frames ?? 0
    }

    private func writeEnds(of stream: String) throws {
        func end(_ column: String, _ order: String) -> String {
            """
            (SELECT \(column) FROM frames f WHERE f.stream = streams.stream
            ORDER BY epoch \(order), sequence \(order) LIMIT 1)
            """
        }
        try database.execute(
            sql: """
                UPDATE streams SET first_captured_at = \(end("captured_at", "ASC")),
                last_captured_at = \(end("captured_at", "DESC")),
                last_epoch = \(end("epoch", "DESC")), last_sequence = \(end("sequence", "DESC"))
                WHERE stream = ?
                """,
            arguments: [stream]
        )
        try database.execute(
            sql: "DELETE FROM streams WHERE stream = ? AND frames = 0 AND missing_frames = 0",
            arguments: [stream]
        )
    }

    /// Takes out what one run has made of a stretch.
    private mutating func takeResults(_ stretch: Stretch) throws {
        try writeSums()
        let run: StatementArguments = [stretch.name, Int64(stretch.run)]
        for range in stretch.ranges {
            let place = Self.place(stretch, range) + run
            try takeResults(place, "AND group_name = ? AND run = ?")
        }
        try takeGroupGaps(stretch)
    }

    /// Takes out the gaps of a group in a stretch.
    func takeGroupGaps(_ stretch: Stretch) throws {
        guard let first = stretch.ranges.first, let last = stretch.ranges.last else { return }
        try database.execute(
            sql: """
                DELETE FROM gaps WHERE stream = ? AND epoch = ? AND first_sequence >= ?
                AND last_sequence <= ? AND group_name = ?
                """,
            arguments: [
                stretch.stream, Int64(bitPattern: stretch.epoch),
                Int64(bitPattern: first.lowerBound), Int64(bitPattern: last.upperBound),
                stretch.name,
            ]
        )
    }

    private func takeResults(_ place: StatementArguments, _ more: String) throws {
        let results = try Row.fetchAll(
            database,
            sql: """
                SELECT group_name, run, COUNT(*), SUM(failure IS NOT NULL)
                FROM results \(Self.within) \(more) GROUP BY 1, 2
                """,
            arguments: place
        )
        let dead = try Row.fetchAll(
            database,
            sql: """
                SELECT group_name, run, COUNT(*) FROM dead_letters \(Self.within) \(more)
                GROUP BY 1, 2
                """,
            arguments: place
        )
        for row in results {
            try database.execute(
                sql: """
                    UPDATE runs SET completed = completed - ?, failed = failed - ?
                    WHERE group_name = ? AND run = ?
                    """,
                arguments: [row[2] as Int64, row[3] as Int64, row[0] as String, row[1] as Int64]
            )
        }
        for row in dead {
            try database.execute(
                sql: "UPDATE runs SET dead = dead - ? WHERE group_name = ? AND run = ?",
                arguments: [row[2] as Int64, row[0] as String, row[1] as Int64]
            )
        }
        for table in ["results", "detections", "dead_letters"] {
            try delete(from: table, place, more)
        }
    }

    private static let within = "WHERE stream = ? AND epoch = ? AND sequence BETWEEN ? AND ?"

    private static func place(
        _ stretch: Stretch,
        _ range: ClosedRange<UInt64>
    ) -> StatementArguments {
        [
            stretch.stream, Int64(bitPattern: stretch.epoch), Int64(bitPattern: range.lowerBound),
            Int64(bitPattern: range.upperBound),
        ]
    }

    private func delete(
        from table: String,
        _ place: StatementArguments,
        _ more: String = ""
    ) throws {
        try database.execute(sql: "DELETE FROM \(table) \(Self.within) \(more)", arguments: place)
    }
}
