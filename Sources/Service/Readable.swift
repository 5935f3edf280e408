/// Numbers as people like to read them.
package enum Readable {
    /// Bytes in binary units with three digits: `12.4 MiB`, `996 B`.
    package static func bytes(_ count: Int) -> String {
        guard count.magnitude >= 1_024 else { return "\(count) B" }
        var value = Double(count)
        var unit = "B"
        for next in ["KiB", "MiB", "GiB", "TiB"] where abs(value) >= 1_023.5 {
            value /= 1_024
            unit = next
        }
        return "\(threeDigits(value)) \(unit)"
    }

    /// A span of time in the unit that fits: `450 µs`, `12 ms`, `1.2 s`, `3 min 20 s`, `2 h 5 min`.
    package static func duration(_ duration: Duration) -> String {
        let seconds = duration / .seconds(1)
        switch abs(seconds) {
        case ..<0.000_999_5: return "\(Int((seconds * 1e6).rounded())) µs"
        case ..<0.999_5: return "\(threeDigits(seconds * 1e3)) ms"
        case ..<99.5: return "\(threeDigits(seconds)) s"
        case ..<3_599.5:
            let whole = Int(seconds.rounded())
            return "\(whole / 60) min \(abs(whole % 60)) s"
        case ..<86_370:
            let minutes = Int((seconds / 60).rounded())
            return "\(minutes / 60) h \(abs(minutes % 60)) min"
        default:
            let hours = Int((seconds / 3_600).rounded())
            return "\(hours / 24) d \(abs(hours % 24)) h"
        }
    }

    /// A whole number in groups of three: `3,402`.
    package static func count<Number: BinaryInteger>(_ number: Number) -> String {
        let digits = String(number.magnitude)
        var text = number < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0 && (digits.count - index).isMultiple(of: 3) { text.append(",") }
            text.append(digit)
        }
        return text
    }

    /// A number with about three digits: `0.12`, `1.2`, `12.4`, `996`.
    package static func threeDigits(_ value: Double) -> String {
        let size = abs(value)
        if size >= 99.95 { return String(Int(value.rounded())) }
        if size >= 0.995 {
            let tenths = Int((value * 10).rounded())
            return decimal(tenths, 10, digits: 1)
        }
        return decimal(Int((value * 100).rounded()), 100, digits: 2)
    }

    /// The number `units / scale`, without zeros at its end.
    private static func decimal(_ units: Int, _ scale: Int, digits: Int) -> String {
        var fraction = String(units.magnitude % UInt(scale))
        fraction = String(repeating: "0", count: digits - fraction.count) + fraction
        while fraction.last == "0" { fraction.removeLast() }
        let whole = (units < 0 ? "-" : "") + String(units.magnitude / UInt(scale))
        return fraction.isEmpty ? whole : "\(whole).\(fraction)"
    }
}
