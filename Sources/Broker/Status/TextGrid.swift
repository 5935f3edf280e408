/// Rows of text under a header, each column as wide as its widest cell.
struct TextGrid {
    /// The first line.
    let header: [String]
    /// Columns that stand on the left; the others are numbers, on the right.
    let leftColumns: Int
    /// A longer cell is cut in its middle, so that one long name does not push the numbers out of
    /// sight, and its end, often a process id, is there.
    static let cellLimit = 22

    /// The header and the rows as lines, or `nothing` when there is no row.
    func lines(_ rows: [[String]], nothing: String) -> [String] {
        guard !rows.isEmpty else { return [nothing] }
        let cells = ([header] + rows).map { $0.map(Self.cut) }
        let widths = header.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
        return cells.map { row in
            let padded = row.indices.map { column in
                let blanks = String(repeating: " ", count: widths[column] - row[column].count)
                return column < leftColumns ? row[column] + blanks : blanks + row[column]
            }
            let line = padded.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }

    private static func cut(_ cell: String) -> String {
        guard cell.count > cellLimit else { return cell }
        return cell.prefix(cellLimit / 2 - 1) + "…" + cell.suffix(cellLimit / 2)
    }
}

/// Tables one below the other, cut so that they fit on a screen.
enum Screen {
    /// Whether all sections, with an empty line between them, are at most so many lines.
    static func fits(_ sections: [[String]], rows: Int) -> Bool {
        let shown = sections.filter { !$0.isEmpty }
        return shown.reduce(shown.count - 1) { $0 + $1.count } <= rows
    }

    /// The lines of all sections with an empty line between them.
    ///
    /// - Parameters:
    ///   - sections: Each with its header as the first line.
    ///   - rows: Lines that there is room for; while there are more, the longest section gives way.
    /// - Returns: At most so many lines, unless the headers alone are more.
    static func lines(_ sections: [[String]], rows: Int) -> [String] {
        var sections = sections.map { (shown: $0, hidden: 0) }
        func height() -> Int {
            sections.reduce(sections.count - 1) { $0 + $1.shown.count + min($1.hidden, 1) }
        }
        while height() > rows,
            let longest = sections.indices.max(by: {
                sections[$0].shown.count < sections[$1].shown.count
            }),
            sections[longest].shown.count > 2
        {
            sections[longest].shown.removeLast()
            sections[longest].hidden += 1
        }
        return Array(
            sections.map { section in
                section.shown + (section.hidden > 0 ? ["and \(section.hidden) more"] : [])
            }.joined(separator: [""])
        )
    }
}
