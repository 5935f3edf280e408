import Foundation
import Recording
import Service

/// Prints rows as an aligned table for people, or as JSON for programs; rows are printed as they
/// come, after a few that decide the columns' widths.
struct TablePrinter {
    private static let sampleCount = 200

    private let isJSON: Bool
    private var columns: [String] = []
    private var sample: [[SQLValue]] = []
    private var layout: TableLayout?
    private var count = 0

    /// A printer of a table, or of JSON.
    init(json: Bool) { isJSON = json }

    /// Names the columns, before the first row.
    mutating func begin(_ columns: [String]) { self.columns = columns }

    /// Prints one row, as soon as that is possible.
    mutating func add(_ row: [SQLValue]) {
        count += 1
        if isJSON {
            print((count == 1 ? "[\n" : ",\n") + JSONLine.object(columns, row), terminator: "")
        } else if let layout {
            print(layout.line(row))
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
        } else if layout == nil {
            open()
        }
    }

    private mutating func open() {
        let layout = TableLayout(columns, sample)
        for line in layout.head { print(line) }
        for row in sample { print(layout.line(row)) }
        self.layout = layout
        sample = []
    }

    /// A value as people read it, in one line.
    static func text(_ value: SQLValue) -> String {
        switch value {
        case .null: ""
        case .integer(let integer): String(integer)
        case .real(let real):
            real == real.rounded() && abs(real) < 1e15
                ? String(Int64(real)) : String(format: "%.4g", real)
        case .text(let text):
            // What moves a terminal's cursor would move the columns too.
            text.utf8.allSatisfy { (0x20..<0x7F).contains($0) }
                ? text
                : String(
                    String.UnicodeScalarView(text.unicodeScalars.map { $0.isControl ? " " : $0 })
                )
        case .blob(let bytes): "(\(bytes.count) bytes)"
        }
    }
}

extension Unicode.Scalar {
    fileprivate var isControl: Bool { properties.generalCategory == .control }
}

/// A row as a JSON object on one line.
enum JSONLine {
    /// `{"stream":"kiosk","frames":12}`, in the columns' order.
    static func object(_ columns: [String], _ row: [SQLValue]) -> String {
        let pairs = zip(columns, row).map { "\(string($0)):\(value($1))" }
        return "{\(pairs.joined(separator: ","))}"
    }

    /// `"key":value` for everything that has a value.
    static func pairs(_ columns: [String], _ row: [SQLValue]) -> [String] {
        zip(columns, row).compactMap { column, value in
            value == .null ? nil : "\(string(column)):\(self.value(value))"
        }
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
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case _ where scalar.value < 0x20:
                quoted += "\\u" + String(format: "%04x", scalar.value)
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
