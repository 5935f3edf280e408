import Foundation
import Recording
import Service
import Wire

/// A frame that a search has found, with what was found on it.
struct FoundFrame {
    /// The frame.
    let frame: SelectedFrame
    /// What the runs that were asked for have made of it.
    let results: [FoundResult]

    /// The columns of ``rows``.
    static let columns = ["captured_at", "stream", "epoch", "sequence", "run", "found"]

    /// A line of a table for each run; one without a run when none has a result.
    var rows: [[SQLValue]] {
        let start: [SQLValue] = [.text(frame.capturedAt)] + FoundResult.key(frame.id)
        if results.isEmpty { return [start + [.null, .null]] }
        return results.map { start + [.text("\($0.group):\($0.run)"), .text($0.words)] }
    }

    /// Everything as a JSON object on one line.
    ///
    /// - Parameter file: Where the image was written to, if it was.
    /// - Returns: JSON.
    func json(file: String? = nil) -> String {
        var pairs = file.map { ["\"file\":\(JSONLine.string($0))"] } ?? []
        pairs += JSONLine.pairs(
            [
                "stream", "epoch", "sequence", "captured_at", "captured_ns", "format", "width",
                "height", "byte_count",
            ],
            FoundResult.key(frame.id) + [
                .text(frame.capturedAt), .integer(frame.capturedNanoseconds),
                .text("\(frame.format)"), .integer(Int64(frame.width)),
                .integer(Int64(frame.height)), .integer(Int64(frame.byteCount)),
            ]
        )
        pairs.append("\"results\":[\(results.map(\.json).joined(separator: ","))]")
        return "{\(pairs.joined(separator: ","))}"
    }
}

extension FoundResult {
    /// Scores of a label that are written out; of more only the number is said.
    private static let scoreLimit = 5

    /// What was found: `person 0.93 0.88, car 0.5`.
    var words: String {
        if let failure { return "failed: \(failure)" }
        var scores: [(label: String, scores: [Double])] = []
        for detection in detections {
            if let index = scores.firstIndex(where: { $0.label == detection.label }) {
                scores[index].scores.append(detection.score)
            } else {
                scores.append((detection.label, [detection.score]))
            }
        }
        if scores.isEmpty { return "nothing" }
        return scores.map { label, scores in
            let best = scores.sorted(by: >).prefix(Self.scoreLimit)
            let more = scores.count - best.count
            return ([label] + best.map { String(format: "%.2f", $0) }).joined(separator: " ")
                + (more > 0 ? " and \(more) more" : "")
        }.joined(separator: ", ")
    }
}
