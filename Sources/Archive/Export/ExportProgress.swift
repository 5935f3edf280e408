import Foundation
import Service

/// Shows how an export goes on.
struct ExportProgress {
    private let total: Int
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var count = 0
    private var bytes = 0
    private var lastShown = ContinuousClock.now - .seconds(1)

    init(total: Int) { self.total = total }

    mutating func add(_ byteCount: Int) {
        count += 1
        bytes += byteCount
        guard isTerminal, ContinuousClock.now - lastShown > .milliseconds(100) else { return }
        lastShown = .now
        let filled = min(30, count * 30 / max(1, total))
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 30 - filled)
        show("\(bar) \(Readable.count(count)) of \(Readable.count(total)) frames")
    }

    func end(_ verb: String, _ out: String) {
        if isTerminal { show("") }
        print("\(verb) \(Readable.count(count)) frames (\(Readable.bytes(bytes))) to \(out)")
    }

    private func show(_ line: String) {
        FileHandle.standardError.write(Data("\u{1B}[2K\r\(line)".utf8))
    }
}
