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

    mutating func show(_ snapshot: StatusSnapshot) {
        var lines = [headline(snapshot), ""]
        lines += streamTable(snapshot)
        lines += [""] + groupTable(snapshot)
        if !isLive { lines += [""] + workerTable(snapshot) }
        if isLive {
            lines += ["", bold("NEWEST DETECTIONS")]
            lines += newest.isEmpty ? ["none yet"] : newest.map { "\($0.at)  \($0.text)" }
            lines += ["", "Ctrl-C ends"]
        }
        previous = snapshot
        paint(lines)
    }

    func showSilence(of events: String) {
        if isLive {
            paint(["waiting for the broker: nothing was published on \(events) for 3 s"])
        } else {
            print("waiting for the broker on \(events)")
        }
    }

    private func paint(_ lines: [String]) {
        guard isLive else { return print(lines.joined(separator: "\n")) }
        // Home, then each line with its rest erased, then everything below erased.
        let body = lines.map { $0 + "\u{1B}[K" }.joined(separator: "\r\n")
        print("\u{1B}[H" + body + "\u{1B}[J", terminator: "")
        fflush(nil)
    }

    private func headline(_ snapshot: StatusSnapshot) -> String {
        let broker = snapshot.broker
        let uptime = Readable.duration(.milliseconds(Int64(broker.uptimeMilliseconds)))
        let archive =
            broker.hasArchive
            ? "archive connected, \(Readable.count(broker.uncommittedMessages)) on their way to disk"
            : "no archive"
        let memory = Readable.bytes(Int(broker.payloadBytes))
        let budget = Readable.bytes(Int(broker.payloadBudget))
        return "\(bold("zoetrope"))  up \(uptime)   \(archive)   memory \(memory) of \(budget)"
    }

    private func streamTable(_ snapshot: StatusSnapshot) -> [String] {
        let header = ["STREAM", "FRAMES/S", "BYTES/S", "FRAMES", "ARCHIVED", "SHED", "LOST", ""]
        let rows = snapshot.streams.map { stream in
            let before = previous?.streams.first { $0.stream == stream.stream }
            return [
                stream.stream, rate(stream.frames, before?.frames, snapshot),
                bytesRate(stream.bytes, before?.bytes, snapshot), Readable.count(stream.frames),
                snapshot.broker.hasArchive ? Readable.count(stream.archivedNext) : "-",
                Readable.count(stream.shed), Readable.count(stream.lost),
                stream.isLive ? "" : "no camera",
            ]
        }
        return grid(header, rows, none: "no streams yet: start a camera")
    }

    private func groupTable(_ snapshot: StatusSnapshot) -> [String] {
        let header = [
            "GROUP", "POLICY", "WORKERS", "DONE/S", "COMPLETED", "FAILED", "LAG", "BEHIND", "SHED",
            "SUPERSEDED", "DEAD", "REPLAY",
        ]
        let rows = snapshot.groups.map { status in
            let before = previous?.groups.first { $0.group.name == status.group.name }
            let done = status.completed + status.replayCompleted
            let doneBefore = before.map { $0.completed + $0.replayCompleted }
            return [
                status.group.name, "\(status.group.policy)", "\(status.workers)",
                rate(done, doneBefore, snapshot), Readable.count(status.completed),
                Readable.count(status.failed), Readable.count(status.pending),
                Readable.duration(.milliseconds(Int64(status.lagMilliseconds))),
                Readable.count(status.shed), Readable.count(status.superseded),
                Readable.count(status.dead),
                status.replayOwed > 0 ? "\(Readable.count(status.replayOwed)) left" : "",
            ]
        }
        return grid(header, rows, none: "no groups yet: start a worker")
    }

    private func workerTable(_ snapshot: StatusSnapshot) -> [String] {
        let header = ["WORKER", "GROUP", "MODEL", "LEASED", "CREDIT", "OLDEST", "ANSWERED"]
        let rows = snapshot.workers.map { worker in
            [
                worker.name, worker.group, worker.model, "\(worker.leased)",
                "\(worker.creditFrames)",
                Readable.duration(.milliseconds(Int64(worker.oldestLeaseMilliseconds))),
                Readable.count(worker.answered),
            ]
        }
        return grid(header, rows, none: "no workers")
    }

    // MARK: Lines

    /// The snapshot in one line a stream and a group, for logs and pipes.
    mutating func lines(_ snapshot: StatusSnapshot) -> [String] {
        defer { previous = snapshot }
        let time = Self.clockTime()
        var lines: [String] = []
        for stream in snapshot.streams {
            let before = previous?.streams.first { $0.stream == stream.stream }
            let frames = rate(stream.frames, before?.frames, snapshot)
            let bytes = bytesRate(stream.bytes, before?.bytes, snapshot)
            lines.append(
                "\(time) stream \(stream.stream): \(frames) frames/s, \(bytes)/s, "
                    + "\(stream.frames) frames, \(stream.shed) shed"
            )
        }
        for status in snapshot.groups {
            let before = previous?.groups.first { $0.group.name == status.group.name }
            let done = rate(status.completed, before?.completed, snapshot)
            lines.append(
                "\(time) group \(status.group.name): \(status.workers) workers, \(done) completed/s, "
                    + "\(status.completed) completed, lag \(status.pending), "
                    + "\(status.shed + status.superseded) shed"
            )
        }
        for found in newest { lines.append("\(found.at) found \(found.text)") }
        newest.removeAll()
        return lines
    }

    // MARK: Parts

    private func perSecond(_ now: UInt64, _ before: UInt64?, _ snapshot: StatusSnapshot) -> Double?
    {
        guard let before, now >= before, let previous,
            previous.broker.session == snapshot.broker.session
        else { return nil }
        let seconds = Double(snapshot.broker.at - previous.broker.at) / 1e9
        return seconds > 0 ? Double(now - before) / seconds : nil
    }

    private func rate(_ now: UInt64, _ before: UInt64?, _ snapshot: StatusSnapshot) -> String {
        perSecond(now, before, snapshot).map { Readable.threeDigits($0) } ?? "-"
    }

    private func bytesRate(_ now: UInt64, _ before: UInt64?, _ snapshot: StatusSnapshot) -> String {
        perSecond(now, before, snapshot).map { Readable.bytes(Int($0)) } ?? "-"
    }

    private func bold(_ text: String) -> String { isLive ? "\u{1B}[1m\(text)\u{1B}[0m" : text }

    private func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }

    /// Columns as wide as their widest cell; the first on the left, numbers on the right.
    private func grid(_ header: [String], _ rows: [[String]], none: String) -> [String] {
        guard !rows.isEmpty else { return [none] }
        let widths = header.indices.map { column in
            ([header] + rows).map { $0[column].count }.max() ?? 0
        }
        let lines = ([header] + rows).map { row in
            zip(row.indices, row).map { column, cell in
                let blank = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + blank : blank + cell
            }.joined(separator: "  ")
        }
        return [bold(lines[0])] + lines.dropFirst()
    }

    private static func clockTime() -> String {
        var now = time(nil)
        var parts = unsafe tm()
        unsafe localtime_r(&now, &parts)
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return unsafe "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
    }
}
