import Foundation
import Recording
import Service

/// Prints rows as an aligned table for people, or as JSON for programs; rows are printed as they
/// come, after a few that decide the columns' widths.
struct TablePrinter {
    private static let sampleCount = 200
    private static let widthLimit = 60

    private let isJSON: Bool
    private var columns: [String] = []
    private var sample: [[SQLValue]] = []
    private var widths: [Int] = []
    private var isNumeric: [Bool] = []
    private var count = 0
    private var isOpen = false

    /// A printer of a table, or of JSON.
    init(json: Bool) { isJSON = json }

    /// Names the columns, before the first row.
    mutating func begin(_ columns: [String]) { self.columns = columns }

    /// Prints one row, as soon as that is possible.
    mutating func add(_ row: [SQLValue]) {
        count += 1
        if isJSON {
            print((count == 1 ? "[\n" : ",\n") + JSONLine.object(columns, row), terminator: "")
        } else if isOpen {
            print(line(row.map(Self.text)))
        } else {
            sample.append(row)
            if sample.count == Self.sampleCount { open() }
        }
    }

    /// Prints what is left; `nothing` when there was no row.
    mutating func end(nothing: String) {
        if isJSON {
            print(count == 0 ? "[]" : "\n]")
        } else if count == 0 {
            print(nothing)
        } else {
            open()
        }
    }

    private mutating func open() {
        guard !isOpen else { return }
        isOpen = true
        let cells = sample.map { $0.map(Self.text) }
        widths = columns.indices.map { column in
            let widest = cells.map { $0[column].count }.max() ?? 0
            return min(Self.widthLimit, max(columns[column].count, widest))
        }
        isNumeric = columns.indices.map { column in
            sample.allSatisfy {
                switch $0[column] {
                case .integer, .real, .null: true
                case .text, .blob: false
                }
            }
        }
        print(line(columns))
        print(widths.map { String(repeating: "-", count: $0) }.joined(separator: "  "))
        for row in cells { print(line(row)) }
        sample = []
    }

    private func line(_ cells: [String]) -> String {
        let padded = cells.enumerated().map { column, cell in
            let blanks = String(repeating: " ", count: max(0, widths[column] - cell.count))
            return isNumeric[column] ? blanks + cell : cell + blanks
        }
        let line = padded.joined(separator: "  ")
        return String(line.reversed().drop { $0 == " " }.reversed())
    }

    /// A value as people read it.
    static func text(_ value: SQLValue) -> String {
        switch value {
        case .null: ""
        case .integer(let integer): String(integer)
        case .real(let real):
            real == real.rounded() && abs(real) < 1e15
                ? String(Int64(real)) : String(format: "%.4g", real)
        case .text(let text): text.replacing("\n", with: " ")
        case .blob(let bytes): "(\(bytes.count) bytes)"
        }
    }
}

/// A row as a JSON object on one line.
enum JSONLine {
    /// `{"stream":"kiosk","frames":12}`, in the columns' order.
    static func object(_ columns: [String], _ row: [SQLValue]) -> String {
        let pairs = zip(columns, row).map { "\(string($0)):\(value($1))" }
        return "{\(pairs.joined(separator: ","))}"
    }

    /// A value; bytes as Base64.
    static func value(_ value: SQLValue) -> String {
        switch value {
        case .null: "null"
        case .integer(let integer): String(integer)
        case .real(let real): real.isFinite ? String(real) : "null"
        case .text(let text): string(text)
        case .blob(let bytes): string(Data(bytes).base64EncodedString())
        }
    }

    /// Text in quotation marks.
    static func string(_ text: String) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        guard let data = try? encoder.encode(text) else { return "\"\"" }
        return String(decoding: data, as: UTF8.self)
    }
}
