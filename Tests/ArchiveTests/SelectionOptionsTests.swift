import ArgumentParser
import Recording
import Testing

@testable import Archive

@Suite struct SelectionOptionsTests {
    @Test(
        arguments: [
            ("faces:1", RunName(group: "faces", number: 1)), ("0", RunName(group: nil, number: 0)),
            ("4294967295", RunName(group: nil, number: .max)), ("4294967296", nil), (":1", nil),
            ("faces", nil), ("faces:", nil), ("a:b:1", nil), ("Faces:1", nil), ("-1", nil),
            ("", nil),
        ] as [(String, RunName?)]
    )
    func aRunIsANumberWithOrWithoutItsGroup(text: String, run: RunName?) {
        #expect(RunName(argument: text) == run)
    }

    @Test func theOptionsAreTheSameForSearchExportAndReplay() throws {
        let chosen = [
            "--stream", "lobby/*", "--since", "2026-11-24", "--until", "2026-11-25", "--label",
            "person", "--min-score", "0.5", "--min-count", "2", "--run", "people:3", "--where",
            "width > 5",
        ]
        let expected = Catalog.Selection(
            stream: "lobby/*",
            since: 1_795_478_400_000_000_000,
            until: 1_795_564_800_000_000_000,
            results: .init(group: "people", run: 3, label: "person", minScore: 0.5, minCount: 2),
            condition: "width > 5"
        )
        let search = try SearchCommand.parse(chosen)
        let export = try ExportCommand.parse(chosen + ["--out", "x"])
        let replay = try ReplayCommand.parse(chosen + ["--group", "other"])
        #expect(search.chosen.selection() == expected)
        #expect(export.chosen.selection() == expected)
        #expect(replay.chosen.selection() == expected)
        #expect(
            search.chosen.words() == """
                stream lobby/* since 2026-11-24 00:00:00.000 until 2026-11-25 00:00:00.000 with 2 or \
                more detections of label person of score 0.5 or more by run people:3 where width > 5
                """
        )
    }
}
