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
        do {
            let reader = try CatalogReader(path: pool.path)
            var sets: [String: [UInt64: IntervalSet]] = [:]
            let query = try SelectionQuery(selection, reader)
            let (sql, arguments) = query.page(["f.stream", "f.epoch", "f.sequence"])
            try reader.query(sql, arguments, within: .init(time: Replays.selectionLimit)) { row in
                guard let id = FrameID(row) else { return true }
                sets[id.stream, default: [:]][id.epoch, default: IntervalSet()].insert(id.sequence)
                return true
            }
            return sets
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
