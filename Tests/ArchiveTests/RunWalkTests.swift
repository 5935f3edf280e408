import GRDB
import Recording
import TestSupport
import Testing

@testable import Archive

@Suite struct RunWalkTests {
    let temporary: TemporaryDirectory
    let reader: CatalogReader

    /// A catalog of 1,200 frames of two streams, of which the runs `a:0` and `a:1` have finished some.
    init() throws {
        temporary = try TemporaryDirectory()
        let directory = DataDirectory(path: temporary.path)
        _ = try Catalog(path: directory.catalog)
        var random = SplitMix(state: 7)
        try DatabaseQueue(path: directory.catalog).write { database in
            for number in 0..<1_200 {
                let stream = number.isMultiple(of: 2) ? "left" : "right"
                let place = Int.random(in: 0..<600, using: &random)
                let time = "2026-11-24 10:\(10 + place / 60):\(10 + place % 50).000"
                for run in 0..<2 where Int.random(in: 0..<4, using: &random) > 0 {
                    let count = Int.random(in: 0..<4, using: &random)
                    try database.execute(
                        sql: """
                            INSERT INTO results VALUES
                            (?, -5, ?, 'a', ?, ?, 'm', 'f', 'w', 1, ?, ?, NULL, '', 1, 1)
                            """,
                        arguments: [
                            stream, number, run, number == 9 ? nil : time,
                            number == 8 ? "no image" : nil, count,
                        ]
                    )
                    for index in 0..<count {
                        try database.execute(
                            sql: """
                                INSERT INTO detections VALUES
                                (?, -5, ?, 'a', ?, ?, ?, ?, ?, 0, 0, 1, 1, NULL, NULL, NULL)
                                """,
                            arguments: [
                                stream, number, run, index, time,
                                ["face", "car"].randomElement(using: &random),
                                Double(Int.random(in: 0...4, using: &random)) / 4,
                            ]
                        )
                    }
                }
            }
        }
        reader = try CatalogReader(directory)
    }

    private func walk(
        run: UInt32,
        label: String? = nil,
        minScore: Double? = nil,
        streams: [String]? = nil,
        since: String? = nil,
        until: String? = nil
    ) throws -> [ComparedResult] {
        var walk = RunWalk(
            reader,
            .init(group: "a", run: run, label: label, minScore: minScore),
            streams: streams,
            since: since.flatMap { Timestamp.parse($0, now: 0) },
            until: until.flatMap { Timestamp.parse($0, now: 0) },
            within: .init(time: .seconds(30))
        )
        var results: [ComparedResult] = []
        while let result = try walk.result() { results.append(result) }
        return results
    }

    @Test(arguments: [0, 1] as [UInt32])
    func everyResultComesOnceInOrderWithItsDetections(run: UInt32) throws {
        let results = try walk(run: run)
        let rows = try reader.rows(
            """
            SELECT captured_at, stream, epoch, sequence, detection_count, failure IS NOT NULL
            FROM results WHERE group_name = 'a' AND run = \(run) AND captured_at IS NOT NULL
            """
        )
        #expect(results.count == rows.count && rows.count > 800)
        let places = results.map(\.place)
        #expect(places == places.sorted())
        let expected = rows.compactMap { row in FramePlace(row).map { ($0, row) } }
            .sorted { $0.0 < $1.0 }
        for (result, (place, row)) in zip(results, expected) {
            #expect(result.place == place)
            #expect(row[4] == .integer(Int64(result.detections.count)))
            #expect(row[5] == .integer(result.hasFailed ? 1 : 0))
        }
    }

    @Test func onlyWhatIsAskedForComes() throws {
        let right = try walk(run: 0, label: "face", minScore: 0.5, streams: ["right"])
        #expect(right.count > 300)
        #expect(right.allSatisfy { $0.place.stream == "right" })
        let detections = right.flatMap(\.detections)
        #expect(detections.allSatisfy { $0.label == "face" && $0.score >= 0.5 })
        let count = try reader.rows(
            """
            SELECT COUNT(*) FROM detections WHERE group_name = 'a' AND run = 0 AND stream = 'right'
            AND label = 'face' AND score >= 0.5 AND sequence <> 9
            """
        )
        #expect(count == [[.integer(Int64(detections.count))]])
    }

    @Test func aPeriodIsAPartOfTheWhole() throws {
        let (since, until) = ("2026-11-24 10:11:20", "2026-11-24 10:18:40")
        let whole = try walk(run: 1)
        let part = try walk(run: 1, since: since, until: until)
        let expected = whole.filter {
            $0.place.capturedAt >= since + ".000" && $0.place.capturedAt < until + ".000"
        }
        #expect(part.count > 500 && part.count < whole.count)
        #expect(part.map(\.place) == expected.map(\.place))
        #expect(part.map(\.detections) == expected.map(\.detections))
    }

    @Test func aPageComesAlongAnIndexUnsorted() throws {
        let plan = try reader.rows(
            """
            EXPLAIN QUERY PLAN SELECT captured_at, stream, epoch, sequence, label FROM detections
            WHERE group_name = 'a' AND run = 0 AND captured_at IS NOT NULL
            AND (captured_at, stream, epoch, sequence) > ('x', 'a', 1, 1)
            AND (captured_at, stream, epoch, sequence) <= ('y', 'a', 1, 1)
            ORDER BY captured_at, stream, epoch, sequence, number
            """
        ).map { "\($0.last ?? .null)" }
        #expect(plan.count == 1 && plan[0].contains("detections_by_run"), "\(plan)")
    }
}
