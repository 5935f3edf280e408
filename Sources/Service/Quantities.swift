public import ArgumentParser

/// A number of bytes as people write it: `64MiB`, `1GiB`, `1.5 MB`, `4096`.
package struct ByteCount: Hashable, Comparable, Sendable, ExpressibleByArgument, Hinting {
    /// How many bytes, 0 or more.
    package let bytes: Int

    package static let hint = "a size like 64MiB or 1GiB"

    /// So many bytes.
    package init(_ bytes: Int) { self.bytes = max(0, bytes) }

    /// So many MiB.
    package static func mebibytes(_ count: Int) -> ByteCount { ByteCount(count << 20) }

    /// So many GiB.
    package static func gibibytes(_ count: Int) -> ByteCount { ByteCount(count << 30) }

    package init?(argument: String) {
        guard let (number, unit) = splitQuantity(argument) else { return nil }
        let factor: Double
        switch unit.lowercased() {
        case "", "b": factor = 1
        case "k", "kib": factor = 1_024
        case "kb": factor = 1_000
        case "m", "mib": factor = 1_048_576
        case "mb": factor = 1_000_000
        case "g", "gib": factor = 1_073_741_824
        case "gb": factor = 1_000_000_000
        case "t", "tib": factor = 1_099_511_627_776
        case "tb": factor = 1_000_000_000_000
        default: return nil
        }
        guard let bytes = Int(exactly: (number * factor).rounded()) else { return nil }
        self.bytes = bytes
    }

    package static func < (left: Self, right: Self) -> Bool { left.bytes < right.bytes }

    package var defaultValueDescription: String {
        for (unit, size) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
        where bytes >= size && bytes.isMultiple(of: size) {
            return "\(bytes / size)\(unit)"
        }
        return "\(bytes)"
    }
}

/// Times as people write them: `10`, `10s`, `500ms`, `2m`, `1h`, `7d`, `4w`, `1y`; a number alone is seconds.
extension Duration: @retroactive ExpressibleByArgument, Hinting {
    package static var hint: String { "a time like 10s or 500ms" }

    /// Reads such a time; nil when `argument` is none.
    public init?(argument: String) {
        guard let (number, unit) = splitQuantity(argument) else { return nil }
        let seconds: Double
        switch unit.lowercased() {
        case "ms": seconds = number / 1_000
        case "", "s": seconds = number
        case "m", "min": seconds = number * 60
        case "h": seconds = number * 3_600
        case "d": seconds = number * 86_400
        case "w": seconds = number * 604_800
        case "y": seconds = number * 31_536_000
        default: return nil
        }
        guard seconds <= 1e9 else { return nil }
        self = .seconds(seconds)
    }

    /// The time as it is written on a command line.
    public var defaultValueDescription: String {
        let (seconds, attoseconds) = components
        guard attoseconds != 0 else { return "\(seconds)s" }
        return "\(seconds * 1_000 + attoseconds / 1_000_000_000_000_000)ms"
    }
}

/// A size in pixels as people write it: `1280x720`.
package struct ImageSize: Hashable, Sendable, ExpressibleByArgument, Hinting {
    /// Pixels from left to right, at least 1.
    package let widthPixels: Int
    /// Pixels from top to bottom, at least 1.
    package let heightPixels: Int

    package static let hint =
        "a size like 1280x720, with sides to 16384 and 64,000,000 pixels in all"

    package init?(argument: String) {
        let sides = argument.lowercased().split(separator: "x", omittingEmptySubsequences: false)
        guard sides.count == 2, let width = Int(sides[0]), let height = Int(sides[1]) else {
            return nil
        }
        guard (1...16_384).contains(width), (1...16_384).contains(height) else { return nil }
        guard width * height <= 64_000_000 else { return nil }
        widthPixels = width
        heightPixels = height
    }

    package var defaultValueDescription: String { "\(widthPixels)x\(heightPixels)" }
}

/// Splits `12.5 MiB` into its number, which is finite and not negative, and its unit.
private func splitQuantity(_ text: String) -> (number: Double, unit: String)? {
    let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    guard let number = Double(digits), number.isFinite else { return nil }
    let unit = text.dropFirst(digits.count).drop { $0 == " " }
    return (number, String(unit))
}
