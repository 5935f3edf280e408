import Recording

/// How a table's columns are aligned: numbers to the right, text to the left.
///
/// Text that is wider than its column is cut, which an ellipsis shows, so that the columns behind it
/// stay in line; the last column has none behind it and runs free. Numbers are never cut.
struct TableLayout {
    /// Characters of a column at most, but for numbers and the last one.
    static let widthLimit = 60

    private let columns: [String]
    private let widths: [Int]
    private let isNumeric: [Bool]

    /// A layout for rows like these.
    init(_ columns: [String], _ sample: [[SQLValue]]) {
        self.columns = columns
        let cells = sample.map { $0.map(TablePrinter.text) }
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
    }

    /// The columns' names, and a rule under them.
    var head: [String] {
        [
            line(columns.map { .text($0) }),
            widths.map { String(repeating: "-", count: $0) }.joined(separator: "  "),
        ]
    }

    /// One row.
    func line(_ row: [SQLValue]) -> String {
        let padded = row.enumerated().map { column, value in
            let cell = fit(value, column)
            let blanks = String(repeating: " ", count: max(0, widths[column] - cell.count))
            return isNumeric[column] ? blanks + cell : cell + blanks
        }
        var line = padded.joined(separator: "  ")
        while line.utf8.last == UInt8(ascii: " ") { line.removeLast() }
        return line
    }

    private func fit(_ value: SQLValue, _ column: Int) -> String {
        let text = TablePrinter.text(value)
        guard case .text = value, column < widths.count - 1, text.count > widths[column] else {
            return text
        }
        return text.prefix(widths[column] - 1) + "…"
    }
}
