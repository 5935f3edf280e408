import Foundation
import Recording
import Service

/// A comparison for people, and for programs.
struct ComparisonReport {
    /// The runs, as people write them.
    let before: String
    let after: String
    let comparison: RunComparison

    // MARK: For people

    /// The whole as a few sentences and tables.
    func printTables() {
        for line in summary { print(line) }
        guard comparison.total.frames > 0 else { return }
        print("\nBy stream and hour:")
        print(hours, ["stream", "hour"] + Self.columns)
        print("\nBy label:")
        print(labels, ["label"] + Self.columns)
        guard !comparison.differences.isEmpty else { return }
        print("\nThe frames that differ most:")
        print(
            comparison.differences.map { $0.row },
            ["captured_at", "stream", "epoch", "sequence", "difference", "lost", "gained"]
        )
    }

    private static let columns = [
        "frames", "differing", "before", "after", "same", "gained", "lost", "shift",
    ]

    /// The sums in sentences.
    var summary: [String] {
        let total = comparison.total
        func count(_ number: Int) -> String { Readable.count(number) }
        var lines = ["\(before) before, \(after) after, on \(Self.frames(total.frames)) of both"]
        if total.frames > 0 {
            let share = Int((Double(total.differing) / Double(total.frames) * 100).rounded())
            lines.append("counts differ on \(count(total.differing)) of them (\(share) %)")
            let same = "\(count(total.same)) the same"
            lines.append(
                "\(count(total.before)) detections before, \(count(total.after)) after: \(same),"
                    + " \(count(total.gained)) gained, \(count(total.lost)) lost"
            )
        }
        if let shift = total.meanShift {
            let sign = shift < 0 ? "" : "+"
            let words = "\(sign)\(String(format: "%.3f", shift))"
            lines.append("scores of the same have shifted by \(words) on average")
        }
        for (number, words) in [
            (comparison.onlyBefore, "only \(before) has finished"),
            (comparison.onlyAfter, "only \(after) has finished"),
            (comparison.failedBefore, "\(before) has failed on"),
            (comparison.failedAfter, "\(after) has failed on"),
        ] where number > 0 {
            lines.append("not compared: \(Self.frames(number)) that \(words)")
        }
        return lines
    }

    private static func frames(_ count: Int) -> String {
        count == 1 ? "1 frame" : "\(Readable.count(count)) frames"
    }

    private var hours: [[SQLValue]] {
        comparison.hours.sorted { $0.key < $1.key }.map { hour, tally in
            [.text(hour.stream), .text(hour.begin)] + tally.row
        }
    }

    private var labels: [[SQLValue]] {
        comparison.labels.sorted { $0.key < $1.key }.map { label, tally in
            [.text(label)] + tally.row
        }
    }

    private func print(_ line: String) { Swift.print(line) }

    private func print(_ rows: [[SQLValue]], _ columns: [String]) {
        var table = TablePrinter(json: false)
        table.begin(columns)
        for row in rows { table.add(row) }
        table.end(nothing: "none")
    }

    // MARK: For programs

    /// The whole as one JSON object.
    var json: String {
        let total = comparison.total
        let others = JSONLine.object(
            ["only_before", "only_after", "failed_before", "failed_after"],
            [
                comparison.onlyBefore, comparison.onlyAfter, comparison.failedBefore,
                comparison.failedAfter,
            ].map { .integer(Int64($0)) }
        )
        func list(_ columns: [String], _ rows: [[SQLValue]]) -> String {
            let lines = rows.map { "    \(JSONLine.object(columns, $0))" }
            return lines.isEmpty ? "[]" : "[\n\(lines.joined(separator: ",\n"))\n  ]"
        }
        let frames = comparison.differences.map { "    \($0.json)" }
        return """
            {
              "before": \(JSONLine.string(before)),
              "after": \(JSONLine.string(after)),
              "total": \(JSONLine.object(Self.columns, total.row)),
              "not_compared": \(others),
              "hours": \(list(["stream", "hour"] + Self.columns, hours)),
              "labels": \(list(["label"] + Self.columns, labels)),
              "frames": \(frames.isEmpty ? "[]" : "[\n\(frames.joined(separator: ",\n"))\n  ]")
            }
            """
    }
}

extension RunComparison.Tally {
    fileprivate var row: [SQLValue] {
        [frames, differing, before, after, same, gained, lost].map { .integer(Int64($0)) }
            + [meanShift.map { .real($0) } ?? .null]
    }
}

extension RunComparison.Difference {
    /// The columns captured_at, stream, epoch, sequence, difference, lost, gained.
    fileprivate var row: [SQLValue] {
        func words(_ detections: [FoundDetection]) -> SQLValue {
            .text(detections.map(\.words).joined(separator: ", "))
        }
        return [.text(place.capturedAt)] + FoundResult.key(place.id)
            + [.real(match.difference), words(match.lost), words(match.gained)]
    }

    /// Everything as a JSON object on one line.
    ///
    /// - Parameter file: Where the image was written to, if it was.
    /// - Returns: JSON.
    func json(file: String? = nil) -> String {
        func list(_ detections: [FoundDetection]) -> String {
            "[\(detections.map(\.json).joined(separator: ","))]"
        }
        let same = match.same.map { "{\"before\":\($0.before.json),\"after\":\($0.after.json)}" }
        var pairs = file.map { ["\"file\":\(JSONLine.string($0))"] } ?? []
        pairs += JSONLine.pairs(
            ["stream", "epoch", "sequence", "captured_at", "difference"],
            FoundResult.key(place.id) + [.text(place.capturedAt), .real(match.difference)]
        )
        pairs += [
            "\"lost\":\(list(match.lost))", "\"gained\":\(list(match.gained))",
            "\"same\":[\(same.joined(separator: ","))]",
        ]
        return "{\(pairs.joined(separator: ","))}"
    }

    fileprivate var json: String { json() }
}
