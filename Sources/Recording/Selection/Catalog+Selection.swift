internal import GRDB
internal import Wire

extension Catalog {
    /// Which frames a search, an export or a replay is about; all parts must hold.
    package struct Selection: Sendable, Equatable, Codable {
        /// A stream's name, or a pattern with `*`.
        package var stream: String
        /// Only frames captured then or later, in nanoseconds since 1970.
        package var since: Int64?
        /// Only frames captured before then.
        package var until: Int64?
        /// Only frames that a group has given up on.
        package var dead: DeadFrames?
        /// What the results must say.
        package var results = ResultFilter()
        /// A condition in SQL about the columns of `frames`.
        package var condition: String?

        /// Puts the parts together.
        package init(
            stream: String,
            since: Int64? = nil,
            until: Int64? = nil,
            dead: DeadFrames? = nil,
            results: ResultFilter = ResultFilter(),
            condition: String? = nil
        ) {
            self.stream = stream
            self.since = since
            self.until = until
            self.dead = dead
            self.results = results
            self.condition = condition
        }
    }

    /// The results, and the detections in them, that count.
    ///
    /// Without a label, a score or a count a frame needs a result of the group and run, if those are
    /// given; with one of them, enough detections like that in one result.
    package struct ResultFilter: Sendable, Equatable, Codable {
        /// Only of this group.
        package var group: String?
        /// Only of runs with this number.
        package var run: UInt32?
        /// Only detections called so.
        package var label: String?
        /// Only detections with this score, 0 to 1, or a higher one.
        package var minScore: Double?
        /// So many such detections in one result at least.
        package var minCount: Int?

        /// Puts the parts together.
        package init(
            group: String? = nil,
            run: UInt32? = nil,
            label: String? = nil,
            minScore: Double? = nil,
            minCount: Int? = nil
        ) {
            self.group = group
            self.run = run
            self.label = label
            self.minScore = minScore
            self.minCount = minCount
        }

        /// Whether it asks for detections.
        package var wantsDetections: Bool { label != nil || minScore != nil || minCount != nil }

        /// Checks that the group and the run are there, as a name with a slip of the pen would just
        /// select nothing.
        func requireRuns(_ reader: CatalogReader) throws {
            guard group != nil || run != nil else { return }
            let rows = try reader.rows(
                """
                SELECT group_name, run FROM runs UNION SELECT group_name, 0 FROM groups
                ORDER BY group_name, run
                """
            )
            let isThere = rows.contains { row in
                (group == nil || row[0] == .text(group ?? ""))
                    && (run == nil || row[1] == .integer(Int64(run ?? 0)))
            }
            if isThere { return }
            let runs = rows.prefix(10).compactMap { row -> String? in
                guard case .text(let group) = row[0], case .integer(let run) = row[1] else {
                    return nil
                }
                return "\(group):\(run)"
            }
            let what =
                run.map { "run \(group.map { "\($0):" } ?? "")\($0)" } ?? "group \(group ?? "")"
            let more = rows.count > 10 ? ", ..." : ""
            let known =
                runs.isEmpty
                ? "it has none yet" : "it has runs \(runs.joined(separator: ", "))\(more)"
            throw RecordingError(.invalid, "the archive has no \(what); \(known)")
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
    /// - Throws: ``RecordingError/Kind/invalid`` when no stream is called so, when the condition is
    ///   none, and when finding them takes too long.
    package func frames(
        in selection: Selection
    ) throws(RecordingError) -> [String: [UInt64: IntervalSet]] {
        var sets: [String: [UInt64: IntervalSet]] = [:]
        try walk(selection, ["f.stream", "f.epoch", "f.sequence"]) { row in
            guard let id = FrameID(row) else { return }
            sets[id.stream, default: [:]][id.epoch, default: IntervalSet()].insert(id.sequence)
        }
        return sets
    }

    /// When each frame selected was captured, in nanoseconds since 1970, ascending.
    ///
    /// - Throws: As ``frames(in:)``.
    func captureTimes(in selection: Selection) throws(RecordingError) -> [Int64] {
        var times: [Int64] = []
        try walk(selection, ["f.captured_ns"]) { row in
            if case .integer(let time)? = row.first { times.append(time) }
        }
        return times
    }

    private func walk(
        _ selection: Selection,
        _ columns: [String],
        _ body: ([SQLValue]) -> Void
    ) throws(RecordingError) {
        do {
            let reader = try reader()
            let (sql, arguments) = try SelectionQuery(selection, reader).page(columns)
            try reader.query(sql, arguments, within: .init(time: Replays.selectionLimit)) { row in
                body(row)
                return true
            }
        } catch let error as RecordingError {
            throw SelectionCondition.explained(error, selection.condition)
        } catch {
            throw RecordingError(.failed, "reading the catalog failed: \(Self.reason(error))")
        }
    }
}

extension FrameID {
    /// The frame that the first three values of a row name.
    init?(_ row: [SQLValue]) {
        guard row.count >= 3, case .text(let stream) = row[0], case .integer(let epoch) = row[1],
            case .integer(let sequence) = row[2]
        else { return nil }
        self.init(
            stream: stream,
            epoch: UInt64(bitPattern: epoch),
            sequence: UInt64(bitPattern: sequence)
        )
    }
}
