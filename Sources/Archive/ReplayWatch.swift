import ArgumentParser
import Foundation
import Recording
import Service

/// Shows how a replay goes on: one line that changes on a terminal, else a line now and then.
struct ReplayWatch {
    private static let interval: Duration = .milliseconds(250)

    private let isJSON: Bool
    private let isTerminal = isatty(STDOUT_FILENO) == 1
    private var job: JobProgress
    private let start = ContinuousClock.now
    private let doneAtStart: UInt64
    private let wasOver: Bool
    private var lastLine = ContinuousClock.now

    init(_ job: JobProgress, json: Bool) {
        self.job = job
        isJSON = json
        doneAtStart = job.frames - job.owed
        wasOver = job.isOver
    }

    private var name: String { "replay \(job.number)" }
    private var run: String { "\(job.group):\(job.run)" }
    private var done: UInt64 { job.frames - min(job.owed, job.frames) }

    func begin() {
        guard !isJSON else { return }
        print(
            "\(name): \(Readable.count(job.frames)) frames (\(job.selection)) go to run \(run)"
        )
    }

    /// Says that the replay goes on without being watched.
    func leave() {
        if isJSON { return printJSON() }
        if isTerminal { print() }
        print("\(name) goes on by itself; 'archive jobs watch \(job.number)' shows how far it is")
    }

    /// Watches until the replay is over, also while nobody serves the archive.
    mutating func run(_ client: inout ControlClient, stop: StopSignal) throws {
        client.patience = .seconds(1)
        var isAnswering = true
        while true {
            do throws(RecordingError) {
                if let job = try client.ask(.job(number: job.number)).job { self.job = job }
                isAnswering = true
            } catch {
                guard error.kind == .notServing else { throw error }
                if isAnswering { say("the archive does not answer; \(name) waits for it") }
                isAnswering = false
            }
            if job.isOver { return try end(&client) }
            if isAnswering { show() }
            if stop.wait(for: Self.interval) {
                leave()
                throw ExitCode(130)
            }
        }
    }

    private mutating func show() {
        guard !isJSON else { return }
        if isTerminal {
            print("\u{1B}[2K\r\(bar)", terminator: "")
            fflush(nil)
        } else if ContinuousClock.now - lastLine >= .seconds(5) {
            lastLine = .now
            print(bar)
        }
    }

    private func say(_ sentence: String) {
        StandardError.write("\(isTerminal ? "\n" : "")\(sentence)\n")
    }

    /// Says how it has ended, with what the catalog has then counted.
    private mutating func end(_ client: inout ControlClient) throws {
        do throws(RecordingError) {
            _ = try client.ask(.catchUp)
            if let job = try client.ask(.job(number: job.number)).job { self.job = job }
        } catch {
            guard error.kind == .notServing else { throw error }  // It is over all the same.
        }
        end()
    }

    /// Says how it is now.
    func tell() {
        if isJSON { return printJSON() }
        if job.isOver { return end() }
        let left = "\(Readable.count(job.owed)) of \(Readable.count(job.frames)) frames left"
        print("\(name) is \(job.state), with \(left)")
    }

    /// Says how it has ended.
    func end() {
        if isJSON { return printJSON() }
        if isTerminal { print("\u{1B}[2K\r", terminator: "") }
        // How long it took is not known of one that was over before.
        let took = wasOver ? "" : " in \(Readable.duration(.now - start))"
        print(
            job.state == "cancelled"
                ? "\(name) was cancelled with \(Readable.count(undone)) frames undone"
                : "\(name) is done: \(outcome) by run \(run)\(took)"
        )
    }

    /// Frames of a replay that were not done when it was called off.
    private var undone: UInt64 { job.frames - min(job.frames, job.completed + job.dead) }

    /// What became of the frames; the catalog may be too far behind to know of each.
    private var outcome: String {
        guard job.completed + job.dead == job.frames else {
            return job.frames == 0 ? job.selection : "\(Readable.count(job.frames)) frames"
        }
        let failed = job.failed == 0 ? "" : " (\(Readable.count(job.failed)) failed)"
        let dead = job.dead == 0 ? "" : ", \(Readable.count(job.dead)) given up,"
        return "\(Readable.count(job.completed)) results\(failed)\(dead)"
    }

    private var bar: String {
        let share = job.frames == 0 ? 1 : Double(done) / Double(job.frames)
        let filled = Int(share * 30)
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 30 - filled)
        let seconds = (.now - start) / .seconds(1)
        let rate = seconds > 0.5 ? Double(done - min(done, doneAtStart)) / seconds : 0
        var line = "\(name)  \(bar) \(Int(share * 100)) %  "
        line += "\(Readable.count(done)) of \(Readable.count(job.frames)) frames"
        if job.state == "paused" {
            return line + "  paused; archive jobs resume \(job.number) lets it go on"
        }
        if rate > 0 {
            let rest = Duration.seconds(Double(job.owed) / rate)
            line += "  \(Readable.threeDigits(rate))/s  \(Readable.duration(rest)) left"
        } else {
            // Nobody here knows why: the archive does not see the workers.
            line += "  no frame done yet; broker status shows the workers of group \(job.group)"
        }
        return line
    }

    private func printJSON() {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if let data = try? encoder.encode(Line(job)) {
            print(String(decoding: data, as: UTF8.self))
        }
    }

    /// A replay for programs, with the names that `archive jobs --json` has.
    private struct Line: Encodable {
        let job: UInt64
        let state: String
        let run: String
        let frames: UInt64
        let owed: UInt64
        let completed: UInt64
        let failed: UInt64
        let dead: UInt64
        let pace: Double
        let rate: Double
        let createdAt: String
        let selection: String

        init(_ progress: JobProgress) {
            job = progress.number
            state = progress.state
            run = "\(progress.group):\(progress.run)"
            (frames, owed) = (progress.frames, progress.owed)
            (completed, failed, dead) = (progress.completed, progress.failed, progress.dead)
            (pace, rate) = (progress.pace, progress.rate)
            (createdAt, selection) = (progress.createdAt, progress.selection)
        }
    }
}
