internal import GRDB
internal import Wire

extension Catalog {
    /// What a replay or an export selects.
    package struct Selection: Sendable, Equatable, Codable {
        /// A stream's name, or a pattern with `*`.
        package var stream: String
        /// Only frames captured then or later, in nanoseconds since 1970.
        package var since: Int64?
        /// Only frames captured before then.
        package var until: Int64?
        /// Only frames that a group has given up on.
        package var dead: DeadFrames?

        /// Puts the parts together.
        package init(
            stream: String,
            since: Int64? = nil,
            until: Int64? = nil,
            dead: DeadFrames? = nil
        ) {
            self.stream = stream
            self.since = since
            self.until = until
            self.dead = dead
        }
    }

    /// The dead letters of a group.
    package struct DeadFrames: Sendable, Equatable, Codable {
        /// The group.
        package var group: String
        /// Whether those count too that a later run of the group has completed, or is about to.
        package var withCompleted: Bool

        /// Puts the parts together.
        package init(group: String, withCompleted: Bool = false) {
            self.group = group
            self.withCompleted = withCompleted
        }
    }

    /// The frames selected, as sequences by stream and epoch.
    ///
    /// - Throws: ``RecordingError/Kind/invalid`` when no stream is called so.
    package func frames(
        in selection: Selection
    ) throws(RecordingError) -> [String: [UInt64: IntervalSet]] {
        let names = try streams(matching: selection.stream)
        return try reading { database in
            var sets: [String: [UInt64: IntervalSet]] = [:]
            for name in names {
                let rows = try Self.rows(of: selection, stream: name, database)
                while let row = try rows.next() {
                    let (epoch, sequence): (Int64, Int64) = (row[0], row[1])
                    sets[name, default: [:]][UInt64(bitPattern: epoch), default: IntervalSet()]
                        .insert(UInt64(bitPattern: sequence))
                }
            }
            return sets
        }
    }

    /// Epoch and sequence of the frames selected of one stream, in order.
    private static func rows(
        of selection: Selection,
        stream: String,
        _ database: Database
    ) throws -> RowCursor {
        let (since, until) = (selection.since ?? .min, selection.until ?? .max)
        guard let dead = selection.dead else {
            return try Row.fetchCursor(
                database,
                sql: """
                    SELECT epoch, sequence FROM frames WHERE stream = ?
                    AND captured_ns >= ? AND captured_ns < ? ORDER BY epoch, sequence
                    """,
                arguments: [stream, since, until]
            )
        }
        // CROSS JOIN has SQLite go through the letters, which are few, and look up their frames.
        return try Row.fetchCursor(
            database,
            sql: """
                SELECT DISTINCT d.epoch, d.sequence FROM dead_letters d
                CROSS JOIN frames f USING (stream, epoch, sequence)
                WHERE d.stream = ? AND f.captured_ns >= ? AND f.captured_ns < ?
                AND d.group_name = ? AND (? OR NOT EXISTS (
                    SELECT 1 FROM results r WHERE r.stream = d.stream AND r.epoch = d.epoch
                    AND r.sequence = d.sequence AND r.group_name = d.group_name AND r.run > d.run))
                ORDER BY d.epoch, d.sequence
                """,
            arguments: [stream, since, until, dead.group, dead.withCompleted]
        )
    }
}
