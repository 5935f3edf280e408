import Recording
import Wire

/// The JSON file beside an exported image: the frame's header, and all its results.
struct Sidecar {
    /// Where the results come from.
    let catalog: CatalogReader

    /// The file's text.
    ///
    /// - Parameters:
    ///   - id: The frame.
    ///   - header: Its header part, as the camera wrote it; `nil` when it is not kept.
    ///   - more: Lists of JSON objects that stand between the frame and its results, by name.
    /// - Returns: JSON.
    /// - Throws: What the catalog cannot answer.
    func text(
        of id: FrameID,
        header: [UInt8]?,
        _ more: KeyValuePairs<String, [String]> = [:]
    ) throws -> String {
        let frame = try header.map { try unsafe Frame(decoding: $0.span.bytes) }
        let results = try catalog.rows(Self.resultsQuery, Self.key(id)).map { row in
            var pairs = Self.pairs(Self.resultColumns, row.dropLast())
            if case .text(let attributes)? = row.last {
                pairs.append("\"attributes\": \(attributes)")
            }
            let detections = try self.detections(id, group: row[0], run: row[1])
            pairs.append("\"detections\": [\(detections.joined(separator: ","))]")
            return "    {\(pairs.joined(separator: ", "))}"
        }
        var text = "{\n  \"frame\": \(frame.map(Self.object) ?? Self.object(id)),\n"
        for (name, objects) in more {
            text += "  \(JSONLine.string(name)): \(Self.list(objects.map { "    \($0)" })),\n"
        }
        return text + "  \"results\": \(Self.list(results))\n}\n"
    }

    private static func list(_ objects: [String]) -> String {
        objects.isEmpty ? "[]" : "[\n\(objects.joined(separator: ",\n"))\n  ]"
    }

    private static let resultColumns = [
        "group", "run", "model", "model_hash", "worker", "attempt", "failure", "started_at",
        "decode_ms", "infer_ms",
    ]

    private static let resultsQuery = """
        SELECT group_name, run, model, model_hash, worker, attempt, failure, started_at, decode_ms,
            infer_ms, attributes
        FROM results WHERE stream = ? AND epoch = ? AND sequence = ? ORDER BY group_name, run
        """

    private static let detectionColumns = ["label", "score", "x", "y", "width", "height", "track"]

    private func detections(
        _ id: FrameID,
        group: SQLValue,
        run: SQLValue
    ) throws -> [String] {
        let rows = try catalog.rows(
            """
            SELECT label, score, x, y, width, height, track, landmarks FROM detections
            WHERE stream = ? AND epoch = ? AND sequence = ? AND group_name = ? AND run = ?
            ORDER BY number
            """,
            Self.key(id) + [group, run]
        )
        return rows.map { row in
            var pairs = Self.pairs(Self.detectionColumns, row.dropLast())
            if case .text(let landmarks)? = row.last {
                pairs.append("\"landmarks\": \(landmarks)")
            }
            return "\n      {\(pairs.joined(separator: ", "))}"
        }
    }

    /// The frame's name, as the catalog's columns `stream`, `epoch` and `sequence` have it.
    static func key(_ id: FrameID) -> [SQLValue] {
        [
            .text(id.stream), .integer(Int64(bitPattern: id.epoch)),
            .integer(Int64(bitPattern: id.sequence)),
        ]
    }

    /// `"key": value` for everything that has a value.
    private static func pairs(_ columns: [String], _ row: ArraySlice<SQLValue>) -> [String] {
        zip(columns, row).compactMap { column, value in
            value == .null ? nil : "\(JSONLine.string(column)): \(JSONLine.value(value))"
        }
    }

    private static func object(_ id: FrameID) -> String {
        let pairs = self.pairs(["stream", "epoch", "sequence"], key(id)[...])
        return "{\(pairs.joined(separator: ", "))}"
    }

    private static func object(_ frame: Frame) -> String {
        var pairs = self.pairs(
            [
                "stream", "epoch", "sequence", "captured_at", "captured_ns", "format", "width",
                "height", "byte_count",
            ],
            [
                .text(frame.id.stream), .integer(Int64(bitPattern: frame.id.epoch)),
                .integer(Int64(bitPattern: frame.id.sequence)),
                .text(Timestamp.text(frame.capturedAt)), .integer(frame.capturedAt),
                .text("\(frame.format)"), .integer(Int64(frame.width)),
                .integer(Int64(frame.height)), .integer(Int64(frame.byteCount)),
            ]
        )
        let hash = String(frame.payloadHash, radix: 16)
        pairs.append("\"xxh3\": \(JSONLine.string(hash))")
        if let parent = frame.parent { pairs.append("\"parent\": \(JSONLine.string("\(parent)"))") }
        return "{\(pairs.joined(separator: ", "))}"
    }
}
