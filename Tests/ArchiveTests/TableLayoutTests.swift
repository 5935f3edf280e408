import Foundation
import Recording
import Testing

@testable import Archive

@Suite struct TableLayoutTests {
    private let long = String(repeating: "the worker died of it; ", count: 10)

    @Test func aLongTextIsCutAndPushesNothingOutOfLine() {
        let rows: [[SQLValue]] = [
            [.integer(1), .text(long), .text("worker-1")],
            [.integer(20), .text("short"), .text("worker-2")],
        ]
        let layout = TableLayout(["run", "reason", "worker"], rows)
        let lines = layout.head + rows.map { layout.line($0) }
        let places = [lines[0], lines[2], lines[3]].map { $0.range(of: "worker") }
        #expect(
            places[0].map { lines[0].distance(from: lines[0].startIndex, to: $0.lowerBound) } == 67
        )
        for line in [lines[2], lines[3]] {
            let place = line.range(of: "worker-")
            #expect(place.map { line.distance(from: line.startIndex, to: $0.lowerBound) } == 67)
        }
        #expect(lines[2].contains("…  worker-1"))
        #expect(!lines[3].contains("…"))
    }

    @Test func theLastColumnRunsFree() {
        let rows: [[SQLValue]] = [[.text("a"), .text(long)]]
        let layout = TableLayout(["stream", "failure"], rows)
        #expect(layout.line(rows[0]) == "a       " + long.dropLast())
        #expect(layout.head[1] == "------  " + String(repeating: "-", count: 60))
    }

    @Test func whatComesBehindTheSampleIsCutToItsColumnToo() {
        let layout = TableLayout(
            ["name", "note", "frames"],
            [[.text("hall"), .null, .integer(1)]]
        )
        let later: [SQLValue] = [.text("hallway"), .text("much text"), .integer(1_000_000)]
        // Numbers are never cut.
        #expect(layout.line(later) == "hal…  muc…  1000000")
    }

    @Test(arguments: [(60, false), (61, true)])
    func aColumnHasSixtyCharacters(count: Int, isCut: Bool) {
        let row: [SQLValue] = [.text(String(repeating: "ä", count: count)), .integer(1)]
        #expect(TableLayout(["a", "b"], [row]).line(row).contains("…") == isCut)
    }

    @Test func whatWouldMoveTheCursorIsABlank() {
        #expect(TablePrinter.text(.text("a\nb\tc\u{1B}[2Kd\r\n")) == "a b c [2Kd  ")
    }

    @Test(
        arguments: [
            "", "plain", "a\"b\\c/d", "tab\tline\nreturn\r", "\u{0}\u{1}\u{1f}\u{7f}",
            "äöü 🎥 \u{2028}",
        ]
    )
    func textComesBackFromJSONAsItWas(text: String) throws {
        let json = JSONLine.object(["text"], [.text(text)])
        #expect(!json.contains("\n"))
        let object = try JSONDecoder().decode([String: String].self, from: Data(json.utf8))
        #expect(object == ["text": text])
    }
}
