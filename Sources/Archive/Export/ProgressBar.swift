import Foundation
import Service

/// A bar on a terminal's stderr that shows how far a command is; nothing elsewhere.
struct ProgressBar {
    private let total: Int
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var lastShown = ContinuousClock.now - .seconds(1)

    /// A bar for so many frames.
    init(total: Int) { self.total = total }

    /// Shows that `count` frames are done, now and then.
    mutating func show(_ count: Int) {
        guard isTerminal, ContinuousClock.now - lastShown > .milliseconds(100) else { return }
        lastShown = .now
        let filled = min(30, count * 30 / max(1, total))
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 30 - filled)
        write("\(bar) \(Readable.count(count)) of \(Readable.count(total)) frames")
    }

    /// Takes the bar away.
    func clear() { if isTerminal { write("") } }

    private func write(_ line: String) {
        FileHandle.standardError.write(Data("\u{1B}[2K\r\(line)".utf8))
    }
}
