internal import Foundation

/// Times as the catalog and the command line write them: UTC, to the millisecond, as
/// `2026-11-23 13:05:59.123`, which sorts as it should and which SQLite's date functions read.
package enum Timestamp {
    private static let nanosecondsPerDay: Int64 = 86_400_000_000_000

    /// Spells nanoseconds since 1970.
    package static func text(_ nanoseconds: Int64) -> String {
        var day = nanoseconds / nanosecondsPerDay
        var rest = nanoseconds % nanosecondsPerDay
        if rest < 0 {
            rest += nanosecondsPerDay
            day -= 1
        }
        let (year, month, dayOfMonth) = civil(day)
        let milliseconds = rest / 1_000_000
        var text: [UInt8] = []
        text.reserveCapacity(23)
        func append(_ value: Int64, digits: Int, _ end: Character) {
            var power: Int64 = 1
            for _ in 1..<digits { power *= 10 }
            while power > 0 {
                text.append(UInt8(ascii: "0") + UInt8(value / power % 10))
                power /= 10
            }
            if let end = end.asciiValue, end != 0 { text.append(end) }
        }
        append(year, digits: 4, "-")
        append(month, digits: 2, "-")
        append(dayOfMonth, digits: 2, " ")
        append(milliseconds / 3_600_000, digits: 2, ":")
        append(milliseconds / 60_000 % 60, digits: 2, ":")
        append(milliseconds / 1_000 % 60, digits: 2, ".")
        append(milliseconds % 1_000, digits: 3, "\0")
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads a time that a person wrote, as nanoseconds since 1970.
    ///
    /// Understands `2026-11-23`, `2026-11-23 13:05[:59[.123]]` (also with `T` and `Z`; UTC), seconds
    /// since 1970 (`1764000000.5`), and spans before now: `90s`, `10m`, `2h`, `7d`.
    ///
    /// - Parameters:
    ///   - text: What was written.
    ///   - now: Nanoseconds since 1970.
    /// - Returns: `nil` for anything else.
    package static func parse(_ text: String, now: Int64) -> Int64? {
        if let span = span(text) { return now - span }
        if let seconds = Double(text), seconds.isFinite, abs(seconds) < 9e9 {
            return Int64(seconds * 1e9)
        }
        let parts = text.replacing("T", with: " ").replacing("Z", with: "").split(separator: " ")
        guard (1...2).contains(parts.count) else { return nil }
        let date = parts[0].split(separator: "-", omittingEmptySubsequences: false).map {
            Int64($0)
        }
        guard date.count == 3, let year = date[0], let month = date[1], let day = date[2],
            (1...12).contains(month), (1...31).contains(day), (1970...2200).contains(year)
        else { return nil }
        let midnight = days(year, month, day) * nanosecondsPerDay
        guard parts.count == 2 else { return midnight }
        return timeOfDay(parts[1]).map { midnight + $0 }
    }

    private static func span(_ text: String) -> Int64? {
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        guard let last = text.last, let unit = units[last], let count = Double(text.dropLast()),
            count >= 0, count * unit < 9e9
        else { return nil }
        return Int64(count * unit * 1e9)
    }

    private static func timeOfDay(_ text: Substring) -> Int64? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count), let hour = Int64(parts[0]),
            let minute = Int64(parts[1]),
            let second = parts.count == 3 ? Double(parts[2]) : 0,
            (0...24).contains(hour), (0..<60).contains(minute), (0..<61).contains(second)
        else { return nil }
        return (hour * 3_600 + minute * 60) * 1_000_000_000 + Int64((second * 1e9).rounded())
    }

    // Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".

    private static func civil(_ day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
