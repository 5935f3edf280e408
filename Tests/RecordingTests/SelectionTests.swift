import GRDB
import TestSupport
import Testing
import Wire

@testable import Recording

@Suite struct SelectionTests {
    private func walk(
        _ world: SelectionWorld,
        _ selection: Catalog.Selection,
        limit: Int = 0
    ) throws -> (count: Int, pages: [[FrameID]], hasMore: Bool) {
        let reader = try CatalogReader(path: world.catalog.pool.path)
        var frames = try SelectedFrames(reader, selection, limit: limit)
        let count = try frames.countInAll()
        var pages: [[FrameID]] = []
        while case let page = try frames.nextPage(), !page.isEmpty { pages.append(page.map(\.id)) }
        return (count, pages, try frames.hasMore())
    }

    @Test(arguments: 0..<30)
    func everySelectionFindsWhatLookingAtEveryFrameFinds(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        let world = try SelectionWorld(frames: 120, &random)
        for _ in 0..<25 {
            let (selection, width) = world.selection(&random)
            let expected = world.expected(selection, minWidth: width)
            let what = "seed \(seed), \(selection)"
            let found = try walk(world, selection)
            #expect(Array(found.pages.joined()) == expected, "\(what)")
            #expect(found.count == expected.count, "\(what)")
            #expect(!found.hasMore, "\(what)")
            // A replay's way to the same frames.
            let sets = try world.catalog.frames(in: selection)
            let ids = sets.flatMap { stream, epochs in
                epochs.flatMap { epoch, set in
                    set.ranges.joined().map {
                        FrameID(stream: stream, epoch: epoch, sequence: $0)
                    }
                }
            }
            #expect(Set(ids) == Set(expected), "\(what)")
            // The newest few, or the first few since then.
            let limit = Int.random(in: 1..<20, using: &random)
            let few = try walk(world, selection, limit: limit)
            let isNewest = selection.since == nil
            let part = isNewest ? expected.suffix(limit) : expected.prefix(limit)
            #expect(Array(few.pages.joined()) == Array(part), "\(what), limit \(limit)")
            #expect(few.hasMore == (limit < expected.count), "\(what), limit \(limit)")
        }
    }

    @Test func aLongSelectionComesPageByPage() throws {
        var random = SplitMix(state: 1)
        let world = try SelectionWorld(frames: 1_200, &random)
        let all = Catalog.Selection(stream: "*")
        let found = try walk(world, all)
        #expect(found.pages.map(\.count) == [500, 500, 200])
        #expect(Array(found.pages.joined()) == world.expected(all))
        for limit in [499, 500, 501, 1_199, 1_200, 1_201] {
            let few = try walk(world, all, limit: limit)
            #expect(Array(few.pages.joined()) == Array(world.expected(all).suffix(limit)))
            #expect(few.hasMore == (limit < 1_200))
        }
        // What comes in meanwhile is not waited for.
        var frames = try SelectedFrames(CatalogReader(path: world.catalog.path), all, limit: 0)
        var count = try frames.nextPage().count
        try world.addFrames(behind: 700)
        while case let page = try frames.nextPage(), !page.isEmpty { count += page.count }
        #expect(count == 1_200)
        // A frame that several runs have seen comes once, also where a page ends.
        let seen = Catalog.Selection(stream: "*", results: .init(label: "face"))
        #expect(Array(try walk(world, seen).pages.joined()) == world.expected(seen))
    }

    @Test(
        arguments: [
            (Catalog.Selection(stream: "*"), "frames_by_time"),
            (Catalog.Selection(stream: "kiosk"), "frames_by_stream_and_time"),
            (Catalog.Selection(stream: "lobby/*"), "frames_by_time"),
            (Catalog.Selection(stream: "*", results: .init(label: "face")), "detections_by_label"),
            (
                Catalog.Selection(
                    stream: "kiosk",
                    since: 1,
                    until: 2,
                    results: .init(group: "faces", run: 1, label: "face", minScore: 0.5),
                    condition: "width > 5"
                ), "detections_by_label"
            ),
            (
                Catalog.Selection(stream: "*", results: .init(group: "faces", run: 0, minCount: 2)),
                "detections_by_run"
            ),
            (
                Catalog.Selection(stream: "*", results: .init(group: "faces", run: 0)),
                "results_by_run"
            ),
            (Catalog.Selection(stream: "*", results: .init(minScore: 0.5)), "frames_by_time"),
        ]
    )
    func aPageComesAlongAnIndexUnsorted(selection: Catalog.Selection, index: String) throws {
        var random = SplitMix(state: 2)
        let world = try SelectionWorld(frames: 30, &random)
        let reader = try CatalogReader(path: world.catalog.pool.path)
        let query = try SelectionQuery(selection, reader)
        let place = SelectionQuery.Position(capturedAt: "x", stream: "a", epoch: 1, sequence: 1)
        for start in [.beginning, .from(place), .after(place), .end, .before(place)]
            as [SelectionQuery.Start]
        {
            let (sql, arguments) = query.page(["f.stream"], start, limit: 10)
            let plan = try reader.rows("EXPLAIN QUERY PLAN " + sql, arguments)
                .map { "\($0.last ?? .null)" }
            #expect(plan.contains { $0.contains("INDEX \(index) ") || $0.contains("\(index)\"") })
            // The rows of one frame may be sorted among themselves.
            let sorts = plan.filter { $0.contains("TEMP B-TREE") && !$0.contains("LAST") }
            #expect(sorts.isEmpty, "\(plan)")
        }
    }

    @Test func aPlaceInTheOrderTakesThePlaceOfTheBoundBehindIt() throws {
        // SQLite seeks by one bound only, and with both it takes the one that is further away.
        let selection = Catalog.Selection(
            stream: "*",
            since: 1,
            until: 2,
            results: .init(label: "face")
        )
        let query = try SelectionQuery(selection, streams: nil)
        let place = SelectionQuery.Position(capturedAt: "x", stream: "a", epoch: 1, sequence: 1)
        func bounds(_ start: SelectionQuery.Start) -> [Bool] {
            let sql = query.page(["f.stream"], start).sql
            return ["d.captured_at >= ?", "d.captured_at <= ?"].map { sql.contains($0) }
        }
        #expect(bounds(.beginning) == [true, true])
        #expect(bounds(.end) == [true, true])
        #expect(bounds(.after(place)) == [false, true])
        #expect(bounds(.from(place)) == [false, true])
        #expect(bounds(.before(place)) == [true, false])
    }

    @Test func deadLettersAreFoundByTheirNames() throws {
        var random = SplitMix(state: 3)
        let world = try SelectionWorld(frames: 30, &random)
        let reader = try CatalogReader(path: world.catalog.pool.path)
        let selection = Catalog.Selection(stream: "kiosk", since: 1, dead: .init(group: "faces"))
        let (sql, arguments) = try SelectionQuery(selection, reader).page(["f.stream"])
        let plan = try reader.rows("EXPLAIN QUERY PLAN " + sql, arguments)
            .map { "\($0.last ?? .null)" }
        #expect(plan.contains { $0.contains("SEARCH f") && $0.contains("PRIMARY KEY") }, "\(plan)")
    }

    @Test(
        arguments: [
            "", "  ", "-- nothing", "width > 1)", "(width > 1", "1) UNION SELECT (1", "width = 'a",
            "width > 1; DROP TABLE frames", "\"a", "[a", "width /* > */ > 1",
        ]
    )
    func whatIsNoConditionIsRefused(text: String) {
        #expect(SelectionCondition.mistake(in: text) != nil)
    }

    @Test(
        arguments: [
            "width > 1", "(width > 1) OR (height > 1)", "stream = 'a;b)' -- a ) comment",
            "\"stream\" = 'it''s (' AND [stream] IS NOT NULL", "width - -1 > 2 / 1",
            "(stream, epoch, sequence) IN (SELECT stream, epoch, sequence FROM detections)",
        ]
    )
    func aConditionIsTakenAsItIs(text: String) throws {
        #expect(SelectionCondition.mistake(in: text) == nil)
        var random = SplitMix(state: 4)
        let world = try SelectionWorld(frames: 3, &random)
        _ = try walk(world, Catalog.Selection(stream: "*", condition: text))
    }

    @Test(
        arguments: [
            ("label = 'face'", "no such column: label; a condition is about the columns of frames"),
            ("width > (SELECT COUNT(*) FROM sqlite_master)", "sqlite_master"),
            ("load_extension('x')", "load_extension"), ("width >", "syntax error"),
        ]
    )
    func aConditionGoesThroughTheSameDoor(text: String, words: String) throws {
        var random = SplitMix(state: 5)
        let world = try SelectionWorld(frames: 3, &random)
        // No column of the table that is walked along has a name there.
        let selection = Catalog.Selection(
            stream: "*",
            results: .init(label: "face"),
            condition: text
        )
        for body in [
            { _ = try walk(world, selection) }, { _ = try world.catalog.frames(in: selection) },
        ] {
            #expect {
                try body()
            } throws: {
                ($0 as? RecordingError)?.kind == .invalid && "\($0)".contains(words)
            }
        }
    }

    @Test func anEndlessConditionIsStopped() throws {
        var random = SplitMix(state: 6)
        let world = try SelectionWorld(frames: 3, &random)
        let reader = try CatalogReader(path: world.catalog.pool.path)
        let endless = """
            EXISTS (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                SELECT 1 FROM n WHERE i < 0)
            """
        var frames = try SelectedFrames(
            reader,
            Catalog.Selection(stream: "*", condition: endless),
            limit: 0,
            within: .init(time: .milliseconds(50))
        )
        #expect {
            try frames.nextPage()
        } throws: {
            "\($0)".contains("stopped after 50 ms")
        }
    }
}
