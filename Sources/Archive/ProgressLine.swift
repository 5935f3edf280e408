import Foundation
import Service

/// A bar on standard error that grows while something long is done; nothing when that is no terminal.
struct ProgressLine {
    private static let interval: Duration = .milliseconds(100)

    /// What is counted.
    enum Unit {
        case bytes
        case records
        case frames

        func words(_ count: Int) -> String {
            switch self {
            case .bytes: Readable.bytes(count)
            case .records: Readable.count(count)
            case .frames: "\(Readable.count(count)) frames"
            }
        }
    }

    private let name: String
    private let unit: Unit
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let start = ContinuousClock.now
    private var last = ContinuousClock.now
    private var isShown = false

    /// A bar with a name before it.
    init(_ name: String, unit: Unit = .bytes) {
        self.name = name
        self.unit = unit
    }

    /// Shows how much has been dealt with, of how much.
    mutating func show(_ done: UInt64, of total: UInt64) {
        guard isTerminal, ContinuousClock.now - last >= Self.interval else { return }
        last = .now
        isShown = true
        let share = total == 0 ? 1 : min(1, Double(done) / Double(total))
        let filled = Int(share * 30)
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 30 - filled)
        let seconds = (.now - start) / .seconds(1)
        let rate = Double(done) / max(seconds, 0.001)
        let rest = Duration.seconds(Double(total - min(done, total)) / max(rate, 1))
        write(
            "\u{1B}[2K\r\(name)  \(bar) \(Int(share * 100)) %  \(unit.words(Int(done))) of"
                + " \(unit.words(Int(total)))  \(unit.words(Int(rate)))/s"
                + "  \(Readable.duration(rest)) left"
        )
    }

    /// Takes the bar away.
    func end() { if isShown { write("\u{1B}[2K\r") } }

    private func write(_ text: String) { StandardError.write(text) }
}
