import Foundation
import GRDB
import TestSupport
import Wire

@testable import Recording

/// A catalog of random frames, results and detections, and a plain way to select from them.
struct SelectionWorld {
    struct Detection {
        var label: String
        var score: Double
    }

    struct Result {
        var group: String
        var run: UInt32
        var detections: [Detection]
    }

    struct Entry {
        var id: FrameID
        var capturedAt: Int64
        var width: Int64
        var results: [Result]
    }

    static let start: Int64 = 1_764_000_000_000_000_000
    let entries: [Entry]
    let temporary: TemporaryDirectory
    let catalog: Catalog

    /// Frames of three streams, two of which began to count anew, in an order of their own.
    init(frames count: Int, _ random: inout SplitMix) throws {
        var entries: [Entry] = []
        for number in 0..<count {
            let stream = ["lobby/left", "lobby/right", "kiosk"][number % 3]
            // An epoch beyond 2^63 is a negative number in SQL.
            let epoch: UInt64 = number < count / 2 ? 1 : stream == "kiosk" ? 1 << 63 + 5 : 2
            let milliseconds = Int64.random(in: 0..<Int64(count) * 2, using: &random)
            let id = FrameID(stream: stream, epoch: epoch, sequence: UInt64(number))
            entries.append(
                Entry(
                    id: id,
                    // Several in one millisecond, which only the exact time tells apart.
                    capturedAt: Self.start + milliseconds * 1_000_000
                        + Int64.random(in: 0..<3, using: &random),
                    width: Int64.random(in: 100..<200, using: &random),
                    results: Self.results(&random)
                )
            )
        }
        self.entries = entries
        temporary = try TemporaryDirectory()
        catalog = try Catalog(path: DataDirectory(path: temporary.path).catalog)
        try catalog.pool.write { database in
            for stream in Set(entries.map(\.id.stream)) {
                try database.execute(
                    sql: "INSERT INTO streams (stream) VALUES (?)",
                    arguments: [stream]
                )
            }
            // One of them has found nothing at all.
            for (group, run) in Self.runs + [("people", 1)] {
                try database.execute(
                    sql: "INSERT INTO runs (group_name, run, state) VALUES (?,?,'live')",
                    arguments: [group, run]
                )
            }
            for entry in entries { try Self.write(entry, database) }
        }
    }

    /// Adds frames that were captured later than all there are, and nobody has seen.
    func addFrames(behind count: Int) throws {
        try catalog.pool.write { database in
            for number in 0..<count {
                let id = FrameID(stream: "kiosk", epoch: 1 << 63 + 6, sequence: UInt64(number))
                let at = Self.start + 1_000_000_000_000 + Int64(number) * 1_000_000
                try Self.write(Entry(id: id, capturedAt: at, width: 1, results: []), database)
            }
        }
    }

    private static let runs: [(group: String, run: UInt32)] = [
        ("faces", 0), ("faces", 1), ("people", 0),
    ]

    private static func results(_ random: inout SplitMix) -> [Result] {
        var results: [Result] = []
        for (group, run) in runs
        where Int.random(in: 0..<3, using: &random) > 0 {
            let detections = (0..<Int.random(in: 0..<4, using: &random)).map { _ in
                Detection(
                    label: ["face", "person", "car"].randomElement(using: &random) ?? "",
                    score: Double(Int.random(in: 0...10, using: &random)) / 10
                )
            }
            results.append(Result(group: group, run: run, detections: detections))
        }
        return results
    }

    private static func write(_ entry: Entry, _ database: Database) throws {
        let id = entry.id
        let key: StatementArguments = [
            id.stream, Int64(bitPattern: id.epoch), Int64(bitPattern: id.sequence),
        ]
        let capturedAt = Timestamp.text(entry.capturedAt)
        try database.execute(
            sql: "INSERT INTO frames VALUES (?,?,?,?,?,'jpeg',?,1,1,NULL,NULL,NULL)",
            arguments: key + [capturedAt, entry.capturedAt, entry.width]
        )
        for result in entry.results {
            try database.execute(
                sql: """
                    INSERT INTO results VALUES (?,?,?,?,?,?,'m','f','w',1,NULL,?,NULL,'',1,1)
                    """,
                arguments: key
                    + [result.group, result.run, capturedAt, result.detections.count]
            )
            for (number, detection) in result.detections.enumerated() {
                try database.execute(
                    sql: """
                        INSERT INTO detections VALUES
                        (?,?,?,?,?,?,?,?,?,0,0,1,1,NULL,NULL,NULL)
                        """,
                    arguments: key + [
                        result.group, result.run, number, capturedAt, detection.label,
                        detection.score,
                    ]
                )
            }
        }
    }

    /// What a selection should select, found by looking at every frame.
    func expected(_ selection: Catalog.Selection, minWidth: Int64? = nil) -> [FrameID] {
        let filter = selection.results
        let found = entries.filter { entry in
            guard Names.matches(pattern: selection.stream, name: entry.id.stream),
                entry.capturedAt >= selection.since ?? .min,
                entry.capturedAt < selection.until ?? .max, entry.width >= minWidth ?? 0
            else { return false }
            let results = entry.results.filter {
                (filter.group == nil || filter.group == $0.group)
                    && (filter.run == nil || filter.run == $0.run)
            }
            if filter.wantsDetections {
                return results.contains { result in
                    let fitting = result.detections.filter {
                        (filter.label == nil || filter.label == $0.label)
                            && $0.score >= filter.minScore ?? 0
                    }
                    return fitting.count >= filter.minCount ?? 1
                }
            }
            return filter.group == nil && filter.run == nil || !results.isEmpty
        }
        return found.sorted { left, right in
            let times = (Timestamp.text(left.capturedAt), Timestamp.text(right.capturedAt))
            if times.0 != times.1 { return times.0 < times.1 }
            if left.id.stream != right.id.stream { return left.id.stream < right.id.stream }
            let epochs = (Int64(bitPattern: left.id.epoch), Int64(bitPattern: right.id.epoch))
            if epochs.0 != epochs.1 { return epochs.0 < epochs.1 }
            return left.id.sequence < right.id.sequence
        }.map(\.id)
    }

    /// A selection of a few random parts, and the condition's least width.
    func selection(_ random: inout SplitMix) -> (selection: Catalog.Selection, minWidth: Int64?) {
        func maybe<Value>(_ value: Value) -> Value? {
            Int.random(in: 0..<5, using: &random) < 2 ? value : nil
        }
        let span = Int64(entries.count) * 2_000_000
        var selection = Catalog.Selection(
            stream: ["*", "lobby/*", "kiosk"].randomElement(using: &random) ?? "*"
        )
        selection.since = maybe(Self.start + .random(in: 0..<span, using: &random))
        selection.until = maybe(Self.start + .random(in: 0..<span, using: &random))
        selection.results.group = maybe(["faces", "people"].randomElement(using: &random) ?? "")
        selection.results.run = maybe(.random(in: 0..<2, using: &random))
        selection.results.label = maybe(["face", "car"].randomElement(using: &random) ?? "")
        selection.results.minScore = maybe(Double(Int.random(in: 0...10, using: &random)) / 10)
        selection.results.minCount = maybe(.random(in: 1..<4, using: &random))
        let width = maybe(Int64.random(in: 100..<200, using: &random))
        selection.condition = width.map { "width >= \($0) -- wide enough" }
        return (selection, width)
    }
}
