import Recording
import Wire

/// What a run has made of a frame, as the catalog has it.
struct FoundResult {
    /// The group.
    let group: String
    /// 0 is the live run.
    let run: Int64
    /// What went wrong; `nil` when nothing did.
    let failure: String?
    /// The detections, or those that were asked for.
    let detections: [FoundDetection]
    /// The facts about the whole result that have a value, as parts of a JSON object.
    private let facts: [String]

    private static let columns = [
        "group", "run", "model", "model_hash", "worker", "attempt", "failure", "started_at",
        "decode_ms", "infer_ms",
    ]

    /// The results of a frame by group and run: all of them, or those that `filter` asks for, with
    /// the detections that it asks for.
    static func all(
        of id: FrameID,
        _ catalog: CatalogReader,
        _ filter: Catalog.ResultFilter = Catalog.ResultFilter()
    ) throws -> [FoundResult] {
        var sql = """
            SELECT group_name, run, model, model_hash, worker, attempt, failure, started_at,
                decode_ms, infer_ms, attributes
            FROM results WHERE stream = ? AND epoch = ? AND sequence = ?
            """
        var arguments = Self.key(id)
        if let group = filter.group {
            sql += " AND group_name = ?"
            arguments.append(.text(group))
        }
        if let run = filter.run {
            sql += " AND run = ?"
            arguments.append(.integer(Int64(run)))
        }
        let rows = try catalog.rows(sql + " ORDER BY group_name, run", arguments)
        guard !rows.isEmpty else { return [] }
        let detections = try FoundDetection.all(of: id, catalog, filter)
        return rows.compactMap { row in
            guard case .text(let group) = row[0], case .integer(let run) = row[1] else {
                return nil
            }
            let own = detections.filter { $0.group == group && $0.run == run }
            if filter.wantsDetections, own.count < filter.minCount ?? 1 { return nil }
            return FoundResult(row, group: group, run: run, own.map(\.detection))
        }
    }

    private init(_ row: [SQLValue], group: String, run: Int64, _ detections: [FoundDetection]) {
        self.group = group
        self.run = run
        self.detections = detections
        failure = if case .text(let text) = row[6] { text } else { nil }
        var facts = JSONLine.pairs(Self.columns, row)
        if case .text(let attributes)? = row.last { facts.append("\"attributes\":\(attributes)") }
        self.facts = facts
    }

    /// Everything as a JSON object on one line.
    var json: String {
        let detections = detections.map(\.json).joined(separator: ",")
        return "{\((facts + ["\"detections\":[\(detections)]"]).joined(separator: ","))}"
    }

    /// The frame's name, as the catalog's columns `stream`, `epoch` and `sequence` have it.
    static func key(_ id: FrameID) -> [SQLValue] {
        [
            .text(id.stream), .integer(Int64(bitPattern: id.epoch)),
            .integer(Int64(bitPattern: id.sequence)),
        ]
    }
}

/// One thing that was found on a frame.
struct FoundDetection: Equatable {
    /// What it is.
    let label: String
    /// How sure the model is, 0 to 1.
    let score: Double
    /// Where it is.
    let box: Box
    /// Which moving thing; `nil` without tracking.
    var track: Int64?
    /// Points as a JSON array, if there are any.
    var landmarks: String?

    static func all(
        of id: FrameID,
        _ catalog: CatalogReader,
        _ filter: Catalog.ResultFilter
    ) throws -> [(group: String, run: Int64, detection: FoundDetection)] {
        var sql = """
            SELECT group_name, run, label, score, x, y, width, height, track, landmarks
            FROM detections WHERE stream = ? AND epoch = ? AND sequence = ?
            """
        var arguments = FoundResult.key(id)
        if let label = filter.label {
            sql += " AND +label = ?"
            arguments.append(.text(label))
        }
        if let score = filter.minScore {
            sql += " AND score >= ?"
            arguments.append(.real(score))
        }
        return try catalog.rows(sql + " ORDER BY group_name, run, number", arguments)
            .compactMap { row in
                guard case .text(let group) = row[0], case .integer(let run) = row[1],
                    let detection = FoundDetection(row[2...])
                else { return nil }
                return (group, run, detection)
            }
    }

    /// A detection from the columns label, score, x, y, width, height, track, landmarks.
    init?(_ row: ArraySlice<SQLValue>) {
        let row = Array(row)
        guard row.count == 8, case .text(let label) = row[0], let score = row[1].number,
            let x = row[2].number, let y = row[3].number, let width = row[4].number,
            let height = row[5].number
        else { return nil }
        self.init(label: label, score: score, box: Box(x: x, y: y, width: width, height: height))
        if case .integer(let track) = row[6] { self.track = track }
        if case .text(let landmarks) = row[7] { self.landmarks = landmarks }
    }

    init(label: String, score: Double, box: Box) {
        self.label = label
        self.score = score
        self.box = box
    }

    /// Everything as a JSON object on one line.
    var json: String {
        var pairs = JSONLine.pairs(
            ["label", "score", "x", "y", "width", "height", "track"],
            [
                .text(label), .real(score), .real(box.x), .real(box.y), .real(box.width),
                .real(box.height), track.map { .integer($0) } ?? .null,
            ]
        )
        if let landmarks { pairs.append("\"landmarks\":\(landmarks)") }
        return "{\(pairs.joined(separator: ","))}"
    }
}

extension SQLValue {
    /// The value as a number, if it is one.
    var number: Double? {
        switch self {
        case .integer(let integer): Double(integer)
        case .real(let real): real
        case .null, .text, .blob: nil
        }
    }
}
