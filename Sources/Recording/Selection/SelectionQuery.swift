/// The question that finds the frames of a selection, in the order of their capture.
///
/// Pure. Wherever an index has that order the rows come along it, without being sorted, so that a page
/// of frames costs what is in it: by time, by stream and time, by label and time, by run and time.
struct SelectionQuery {
    /// A place in the order of the frames.
    struct Position: Equatable {
        var capturedAt: String
        var stream: String
        var epoch: Int64
        var sequence: Int64
    }

    /// The table along whose index the frames are found, with the frames as `f` beside it.
    private let tables: String
    /// What `tables` calls the table that is walked along: `f`, `r` or `d`.
    private let key: String
    private var conditions: [String] = []
    /// The bounds that a place in the order takes the place of: SQLite seeks by one bound only.
    private var since: String?
    private var until: String?
    private var arguments: [SQLValue] = []
    /// The detections that one result must have, when it is these that are walked along.
    private var minCount: Int?
    /// Whether a frame can come several times, one behind the other: once for each run.
    let repeats: Bool

    /// A question to the catalog behind `reader`.
    ///
    /// - Throws: ``RecordingError/Kind/invalid`` when no stream, group or run is called so, and for a
    ///   condition that is none.
    init(_ selection: Catalog.Selection, _ reader: CatalogReader) throws {
        let all = try reader.streams()
        try selection.results.requireRuns(reader)
        let streams = try Catalog.matching(selection.stream, of: all)
        try self.init(selection, streams: streams.count == all.count ? nil : streams)
    }

    /// A question about `streams`, or about all there are.
    init(_ selection: Catalog.Selection, streams: [String]?) throws(RecordingError) {
        var frames = "frames AS f"
        if let condition = selection.condition {
            if let mistake = SelectionCondition.mistake(in: condition) {
                throw RecordingError(.invalid, mistake)
            }
            // In a place of its own, where only the columns of frames have names.
            frames = "(SELECT * FROM frames WHERE (\n\(condition)\n)) AS f"
        }
        let filter = selection.results
        let isOneRun = filter.group != nil && filter.run != nil
        func along(_ table: String, _ name: String) -> String {
            // CROSS JOIN has SQLite walk along the table on its left.
            """
            \(table) AS \(name) CROSS JOIN \(frames) ON f.stream = \(name).stream
            AND f.epoch = \(name).epoch AND f.sequence = \(name).sequence
            """
        }
        if let dead = selection.dead {
            (tables, key) = (along(Self.letters, "l"), "f")
            arguments = [.text(dead.group), .integer(dead.withCompleted ? 1 : 0)]
            repeats = false
        } else if filter.wantsDetections, filter.label != nil || isOneRun {
            (tables, key) = (along("detections", "d"), "d")
            minCount = filter.minCount ?? 1
            repeats = !isOneRun
        } else if isOneRun {
            (tables, key) = (along("results", "r"), "r")
            repeats = false
        } else {
            (tables, key) = (frames, "f")
            repeats = false
        }
        add(period: selection, streams)
        if key == "f" { add(anyOf: filter) } else { add(filter, key) }
    }

    private mutating func add(period selection: Catalog.Selection, _ streams: [String]?) {
        since = selection.since.map { Timestamp.text($0) }
        until = selection.until.map { Timestamp.text($0) }
        if let since = selection.since { add("f.captured_ns >= ?", .integer(since)) }
        if let until = selection.until { add("f.captured_ns < ?", .integer(until)) }
        guard let streams else { return }
        // With a + SQLite looks for no index: the one by stream is in order for one stream only.
        let isIndexed = key == "f" && streams.count == 1
        let marks = streams.map { _ in "?" }.joined(separator: ", ")
        add(
            isIndexed ? "f.stream = ?" : "+\(key).stream IN (\(marks))",
            streams.map { .text($0) }
        )
    }

    /// The frames that a group has given up on; few, so that they are looked up one by one.
    private static let letters = """
        (SELECT DISTINCT stream, epoch, sequence FROM dead_letters l WHERE group_name = ?
            AND (? OR NOT EXISTS (SELECT 1 FROM results r WHERE r.stream = l.stream
                AND r.epoch = l.epoch AND r.sequence = l.sequence
                AND r.group_name = l.group_name AND r.run > l.run)))
        """

    /// Adds what each row of results or detections must fulfil.
    private mutating func add(_ filter: Catalog.ResultFilter, _ name: String) {
        if let label = filter.label { add("\(name).label = ?", .text(label)) }
        // With a label it is that index which has the order.
        let plus = filter.label == nil ? "" : "+"
        if let group = filter.group { add("\(plus)\(name).group_name = ?", .text(group)) }
        if let run = filter.run { add("\(plus)\(name).run = ?", .integer(Int64(run))) }
        if let score = filter.minScore { add("\(name).score >= ?", .real(score)) }
    }

    /// Adds that a frame must have a result like that, whichever.
    private mutating func add(anyOf filter: Catalog.ResultFilter) {
        let table = filter.wantsDetections ? "detections" : "results"
        guard filter.wantsDetections || filter.group != nil || filter.run != nil else { return }
        var inner = self
        (inner.conditions, inner.arguments) = ([], [])
        inner.add(filter, "x")
        var exists = """
            EXISTS (SELECT 1 FROM \(table) x WHERE x.stream = f.stream AND x.epoch = f.epoch
            AND x.sequence = f.sequence
            """
        for condition in inner.conditions { exists += " AND \(condition)" }
        if filter.wantsDetections {
            exists += " GROUP BY x.group_name, x.run HAVING COUNT(*) >= ?"
            inner.arguments.append(.integer(Int64(filter.minCount ?? 1)))
        }
        add(exists + ")", inner.arguments)
    }

    private mutating func add(_ condition: String, _ argument: SQLValue) {
        add(condition, [argument])
    }

    private mutating func add(_ condition: String, _ more: [SQLValue]) {
        conditions.append(condition)
        arguments += more
    }

    private var order: [String] {
        ["captured_at", "stream", "epoch", "sequence"].map { "\(key).\($0)" }
    }

    /// Where a page begins, and which way it goes.
    enum Start: Equatable {
        /// The first frame, and on in the order of their capture.
        case beginning
        case from(Position)
        case after(Position)
        /// The newest frame, and on to older ones.
        case end
        case before(Position)
    }

    /// The question for some of the frames.
    ///
    /// - Parameters:
    ///   - columns: What is wanted of each frame, of `f`.
    ///   - start: Where to begin, and which way to go.
    ///   - limit: Rows at most; `nil` for all.
    /// - Returns: The question, and what its `?` stand for.
    func page(
        _ columns: [String],
        _ start: Start = .beginning,
        limit: Int? = nil
    ) -> (sql: String, arguments: [SQLValue]) {
        var question = self
        var direction = ""
        switch start {
        case .beginning: break
        case .from(let position):
            question.since = nil
            question.add(place: position, ">=")
        case .after(let position):
            question.since = nil
            question.add(place: position, ">")
        case .end: direction = " DESC"
        case .before(let position):
            direction = " DESC"
            question.until = nil
            question.add(place: position, "<")
        }
        var sql = question.unordered(columns.joined(separator: ", "))
        // What it is grouped by, too: then SQLite sorts once, or not at all.
        let grouping = key == "d" ? order + ["d.group_name", "d.run"] : order
        sql += " ORDER BY \(grouping.map { $0 + direction }.joined(separator: ", "))"
        if let limit {
            sql += " LIMIT ?"
            question.arguments.append(.integer(Int64(limit)))
        }
        return (sql, question.arguments)
    }

    private mutating func add(place: Position, _ comparison: String) {
        add(
            "(\(order.joined(separator: ", "))) \(comparison) (?, ?, ?, ?)",
            [
                .text(place.capturedAt), .text(place.stream), .integer(place.epoch),
                .integer(place.sequence),
            ]
        )
    }

    /// The question how many frames there are.
    var count: (sql: String, arguments: [SQLValue]) {
        var question = self
        let distinct = repeats ? "DISTINCT " : ""
        let rows = question.unordered("\(distinct)f.stream, f.epoch, f.sequence")
        return ("SELECT COUNT(*) FROM (\(rows))", question.arguments)
    }

    /// The question without an order; what stands for its last `?` is added to the arguments.
    private mutating func unordered(_ columns: String) -> String {
        if let since { add("\(key).captured_at >= ?", .text(since)) }
        if let until { add("\(key).captured_at <= ?", .text(until)) }
        var sql = "SELECT \(columns) FROM \(tables)"
        if !conditions.isEmpty { sql += " WHERE \(conditions.joined(separator: " AND "))" }
        if let minCount {
            let grouping = order.joined(separator: ", ")
            sql += " GROUP BY \(grouping), d.group_name, d.run HAVING COUNT(*) >= ?"
            arguments.append(.integer(Int64(minCount)))
        }
        return sql
    }
}
