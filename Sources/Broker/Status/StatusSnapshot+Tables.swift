import Service
import Wire

/// A snapshot as tables for people.
extension StatusSnapshot {
    /// One line about the broker as a whole.
    var headline: String {
        let uptime = Readable.duration(.milliseconds(Int64(broker.uptimeMilliseconds)))
        let archive =
            broker.hasArchive
            ? "archive: \(Readable.count(broker.uncommittedMessages)) on the way" : "no archive"
        let trouble = broker.archiveTrouble.isEmpty ? "" : "  \(broker.archiveTrouble)"
        let memory = Readable.bytes(Int(broker.payloadBytes))
        let budget = Readable.bytes(Int(broker.payloadBudget))
        let viewers = "\(broker.viewers) viewer\(broker.viewers == 1 ? "" : "s")"
        return "up \(uptime)  \(archive)  memory \(memory) of \(budget)"
            + (broker.viewers > 0 ? "  \(viewers)" : "") + trouble
    }

    /// What comes in.
    func streamTable(_ rates: StatusRates) -> [String] {
        let header = ["STREAM", "FRAMES/S", "BYTES/S", "FRAMES", "ARCHIVED", "SHED", "LOST", ""]
        let rows = streams.map { stream in
            [
                stream.stream, rates.frames(of: stream), rates.bytes(of: stream),
                Readable.count(stream.frames),
                broker.hasArchive ? Readable.count(stream.archived) : "-",
                Readable.count(stream.shed), Readable.count(stream.lost),
                stream.isLive ? Self.waiting(for: stream.obstacle) : "no camera",
            ]
        }
        return TextGrid(header: header, leftColumns: 1)
            .lines(rows, nothing: "no streams yet: start a camera")
    }

    private static func waiting(for obstacle: StreamStatus.Obstacle) -> String {
        switch obstacle {
        case .none: ""
        case .archive: "waits for an archive"
        case .commit: "waits for the disk"
        case .memory: "waits for memory"
        }
    }

    /// Who works on it, and how far behind they are.
    func groupTable(_ rates: StatusRates) -> [String] {
        let header = [
            "GROUP", "POLICY", "WORKERS", "DONE/S", "LEASED", "LAG", "BYTES", "BEHIND", "FAILED",
            "REPLAY",
        ]
        let rows = groups.map { status in
            let lag = [
                Readable.count(status.pending), Readable.bytes(Int(clamping: status.lagBytes)),
                Self.span(status.lagMilliseconds), Readable.count(status.failed),
            ]
            return [
                status.group.name, "\(status.group.policy)", "\(status.workers)",
                rates.done(by: status), "\(status.leased)",
            ] + (status.isKnown ? lag : lag.map { _ in "?" }) + [
                status.replayOwed > 0 ? "\(Readable.count(status.replayOwed)) left" : ""
            ]
        }
        return TextGrid(header: header, leftColumns: 2)
            .lines(rows, nothing: "no groups yet: start a worker")
    }

    /// The same, with the groups first that have most left to do.
    var laggingFirst: StatusSnapshot {
        var sorted = self
        sorted.groups.sort { ($1.pending, $0.group.name) < ($0.pending, $1.group.name) }
        return sorted
    }

    /// Where the frames of each group have gone: an equation in each row.
    ///
    /// Nothing when there are no groups.
    func ledgerTable() -> [String] {
        let header = [
            "LEDGER", "PUBLISHED", "=", "COMPLETED", "+", "SHED", "+", "SUPERSEDED", "+", "DEAD",
            "+", "PENDING",
        ]
        let rows = groups.map { status in
            func text(_ number: UInt64) -> String { status.isKnown ? Readable.count(number) : "?" }
            return [
                status.group.name, text(status.published), "=", text(status.completed), "+",
                text(status.shed), "+", text(status.superseded), "+", text(status.dead), "+",
                text(status.pending),
            ]
        }
        guard !rows.isEmpty else { return [] }
        return TextGrid(header: header, leftColumns: 1).lines(rows, nothing: "")
    }

    /// Who holds how much of the credit granted, and for how long.
    ///
    /// Nothing when there are no groups.
    func workerTable() -> [String] {
        guard !groups.isEmpty else { return [] }
        let header = ["WORKER", "GROUP", "MODEL", "ANSWERED", "LEASED", "BYTES", "OLDEST"]
        let rows = workers.map { worker in
            [
                worker.name, worker.group, worker.model, Readable.count(worker.answered),
                "\(worker.leased)/\(worker.creditFrames)",
                "\(Readable.bytes(Int(clamping: worker.leasedBytes)))/"
                    + Readable.bytes(Int(clamping: worker.creditBytes)),
                worker.leased == 0 ? "-" : Self.span(worker.oldestLeaseMilliseconds),
            ]
        }
        return TextGrid(header: header, leftColumns: 3).lines(rows, nothing: "no workers")
    }

    static func span(_ milliseconds: UInt64) -> String {
        milliseconds == 0 ? "0 s" : Readable.duration(.milliseconds(Int64(clamping: milliseconds)))
    }
}

/// A snapshot as lines for logs and pipes.
extension StatusSnapshot {
    /// One line for the broker, one a stream and one a group, each of them after `time`.
    func lines(at time: String, _ rates: StatusRates) -> [String] {
        ["\(time) broker \(headline.replacing("  ", with: ", "))"]
            + streams.map { stream in
                "\(time) stream \(stream.stream): \(rates.frames(of: stream)) frames/s, "
                    + "\(rates.bytes(of: stream))/s, \(stream.frames) frames, \(stream.shed) shed"
                    + (stream.obstacle == .none ? "" : ", \(Self.waiting(for: stream.obstacle))")
            }
            + groups.map { status in
                let name = "\(time) group \(status.group.name): \(Self.workers(status.workers)), "
                guard status.isKnown else { return name + "what it owes the archive has to say" }
                var line =
                    name + "\(rates.done(by: status)) done/s, \(status.published) published = "
                    + "\(status.completed) completed + \(status.shed) shed + "
                    + "\(status.superseded) superseded + \(status.dead) dead + "
                    + "\(status.pending) pending (\(Readable.bytes(Int(clamping: status.lagBytes))), "
                    + "\(Self.span(status.lagMilliseconds)))"
                if status.replayOwed > 0 { line += ", \(status.replayOwed) of replays left" }
                return line
            }
    }

    private static func workers(_ count: UInt32) -> String {
        "\(count) worker\(count == 1 ? "" : "s")"
    }
}
