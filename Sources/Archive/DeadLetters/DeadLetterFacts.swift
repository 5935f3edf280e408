import Recording
import Service
import Wire

/// What the catalog says of a frame that was given up.
struct DeadLetterFacts {
    private static let columns = [
        "group", "run", "attempts", "reason", "worker", "died_at", "completed_by_run",
    ]

    private let id: FrameID
    private let letters: [[SQLValue]]
    private let results: [[SQLValue]]
    private let capturedAt: String?

    /// The letters of all groups, or of one.
    init(of id: FrameID, group: String?, _ catalog: CatalogReader) throws {
        let key = FoundResult.key(id)
        self.id = id
        letters = try catalog.rows(
            """
            SELECT group_name, run, attempts, reason, worker, died_at,
                (SELECT MIN(r.run) FROM results r WHERE r.stream = d.stream AND r.epoch = d.epoch
                    AND r.sequence = d.sequence AND r.group_name = d.group_name AND r.run > d.run)
            FROM dead_letters d WHERE stream = ? AND epoch = ? AND sequence = ?
            AND (? OR group_name = ?) ORDER BY died_at
            """,
            key + [.integer(group == nil ? 1 : 0), .text(group ?? "")]
        )
        results = try catalog.rows(
            """
            SELECT group_name || ':' || run, model, worker, failure, detection_count,
                (SELECT group_concat(label || ' x' || n, ', ') FROM (
                    SELECT label, COUNT(*) AS n FROM detections d WHERE d.stream = r.stream
                    AND d.epoch = r.epoch AND d.sequence = r.sequence
                    AND d.group_name = r.group_name AND d.run = r.run GROUP BY label))
            FROM results r WHERE stream = ? AND epoch = ? AND sequence = ? ORDER BY group_name, run
            """,
            key
        )
        let captured = try catalog.rows(
            "SELECT captured_at FROM frames WHERE stream = ? AND epoch = ? AND sequence = ?",
            key
        )
        capturedAt = captured.first?.first.map(TablePrinter.text)
    }

    /// Whether nobody has given the frame up.
    var isEmpty: Bool { letters.isEmpty }

    /// Each letter as a JSON object.
    var json: [String] { letters.map { JSONLine.object(Self.columns, $0) } }

    /// Everything, a fact a line.
    ///
    /// - Parameters:
    ///   - header: The frame's header part, as the camera wrote it, if it can be read.
    ///   - absence: Why it cannot.
    /// - Returns: Lines for a person.
    /// - Throws: ``WireError`` when the header is none.
    func text(header: [UInt8]?, _ absence: String) throws -> String {
        var lines = ["frame       \(id)"]
        if let capturedAt { lines.append("captured    \(capturedAt) UTC") }
        if let header {
            let frame = try unsafe Frame(decoding: header.span.bytes)
            lines.append(
                "picture     \(frame.format), \(frame.width)x\(frame.height), "
                    + "\(Readable.bytes(Int(frame.byteCount))), "
                    + "xxh3 \(String(frame.payloadHash, radix: 16))"
            )
            if let parent = frame.parent { lines.append("made from   \(parent)") }
        } else {
            lines.append("picture     \(absence)")
        }
        for letter in letters.map({ $0.map(TablePrinter.text) }) {
            lines.append(
                "given up    by run \(letter[0]):\(letter[1]) at \(letter[5]) UTC, after "
                    + "\(letter[2]) attempts: \(letter[3]) (last worker: \(letter[4]))"
            )
            lines.append(
                letter[6].isEmpty
                    ? "since then  no later run of group \(letter[0]) has completed it"
                    : "since then  completed by run \(letter[0]):\(letter[6])"
            )
        }
        for result in results.map({ $0.map(TablePrinter.text) }) {
            let found = result[4] == "0" ? "nothing found" : result[5]
            let outcome = result[3].isEmpty ? found : "failed: \(result[3])"
            lines.append(
                "result      of run \(result[0]): \(outcome) (model \(result[1]), "
                    + "worker \(result[2]))"
            )
        }
        if results.isEmpty { lines.append("result      of no run of any group") }
        return lines.joined(separator: "\n")
    }
}
