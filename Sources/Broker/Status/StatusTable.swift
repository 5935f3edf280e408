import Service
import Wire

#if canImport(Glibc)
import Glibc
#endif

/// Shows snapshots to a person: as tables, live or once, or as plain lines.
struct StatusTable {
    private static let newestCount = 6

    /// Whether each snapshot takes the place of the one before it on the screen.
    let isLive: Bool
    private var previous: StatusSnapshot?
    private var newest: [(at: String, text: String)] = []

    init(isLive: Bool) {
        self.isLive = isLive
        // The alternate screen, without the cursor; the terminal is as before at the end.
        if isLive { print("\u{1B}[?1049h\u{1B}[?25l", terminator: "") }
    }

    func end() {
        guard isLive else { return }
        print("\u{1B}[?25h\u{1B}[?1049l", terminator: "")
        fflush(nil)
    }

    /// Remembers what a worker found, if it found something.
    mutating func add(_ result: Wire.Result) {
        let text: String
        if !result.failure.isEmpty {
            text = "failed: \(result.failure)"
        } else if let best = result.detections.max(by: { $0.score < $1.score }) {
            let count = result.detections.count
            let box = "\(Int(best.width))x\(Int(best.height)) at \(Int(best.x)),\(Int(best.y))"
            text =
                "\(count) \(best.label)\(count == 1 ? "" : "s"), best \(percent(best.score)) \(box)"
        } else {
            return
        }
        let label = pad(result.frame.stream, 16) + pad(result.run.group, 12)
        newest.insert((Self.clockTime(), label + text), at: 0)
        if newest.count > Self.newestCount { newest.removeLast() }
    }

    private func percent(_ score: Float) -> String { "\(Int((score * 100).rounded())) %" }

    // MARK: Tables

    /// Takes a snapshot that is not shown, so that the next one comes with rates.
    mutating func remember(_ snapshot: StatusSnapshot) { previous = snapshot }

    /// Shows a snapshot, and with a live table what was found last.
    mutating func show(_ snapshot: StatusSnapshot) {
        let rates = StatusRates(from: previous, to: snapshot)
        previous = snapshot
        var sections = [
            snapshot.streamTable(rates), snapshot.groupTable(rates), snapshot.ledgerTable(),
            snapshot.workerTable(),
        ]
        let size = TerminalSize.ofOutput ?? TerminalSize(columns: 80, rows: 24)
        if isLive, !Screen.fits(sections, rows: size.rows - 4) {
            // Who is cut off should be those that keep up.
            let lagging = snapshot.laggingFirst
            sections[1...2] = [lagging.groupTable(rates), lagging.ledgerTable()]
        }
        if isLive, !newest.isEmpty || Screen.fits(sections, rows: size.rows - 7) {
            let found = newest.map { "\($0.at)  \($0.text)" }
            sections.append(["NEWEST DETECTIONS"] + (found.isEmpty ? ["none yet"] : found))
        }
        sections = sections.filter { !$0.isEmpty }
        guard isLive else {
            let lines = ["zoetrope  \(snapshot.headline)", ""] + Screen.lines(sections, rows: .max)
            return print(lines.joined(separator: "\n"))
        }
        let headline = snapshot.headline.prefix(max(0, size.columns - 10))
        let headers = Set(sections.filter { $0.count > 1 }.map { $0[0] })
        let body = Screen.lines(sections, rows: size.rows - 4).map { line in
            let cut = String(line.prefix(size.columns))
            return headers.contains(line) ? bold(cut) : cut
        }
        paint(["\(bold("zoetrope"))  \(headline)", ""] + body + ["", "Ctrl-C ends"])
    }

    func showSilence(of events: String) {
        if isLive {
            paint(["waiting for the broker: nothing was published on \(events) for 3 s"])
        } else {
            print("waiting for the broker on \(events)")
        }
    }

    private func paint(_ lines: [String]) {
        // Home, then each line with its rest erased, then everything below erased.
        let body = lines.map { $0 + "\u{1B}[K" }.joined(separator: "\r\n")
        print("\u{1B}[H" + body + "\u{1B}[J", terminator: "")
        fflush(nil)
    }

    // MARK: Lines

    /// The snapshot in one line a stream and a group, and what was found since the last one.
    mutating func lines(_ snapshot: StatusSnapshot) -> [String] {
        defer {
            previous = snapshot
            newest.removeAll()
        }
        let rates = StatusRates(from: previous, to: snapshot)
        return snapshot.lines(at: Self.clockTime(), rates)
            + newest.map { "\($0.at) found \($0.text)" }
    }

    // MARK: Parts

    private func bold(_ text: String) -> String { isLive ? "\u{1B}[1m\(text)\u{1B}[0m" : text }

    private func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }

    private static func clockTime() -> String {
        var now = time(nil)
        var parts = unsafe tm()
        unsafe localtime_r(&now, &parts)
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return unsafe "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
    }
}
