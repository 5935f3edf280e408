import ArgumentParser
import Foundation
import Recording
import Service

/// `archive replay`: lets a group see archived frames.
struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Let a group see archived frames, under a run of its own.",
        discussion: """
            The frames are selected once; the replay then goes on by itself until all are done, \
            whatever is restarted meanwhile. This command watches it: Ctrl-C ends the watching \
            only. 'archive info' lists all replays; --cancel calls one off, what is done stays done.

              archive replay --stream kiosk --group faces --pace max
              archive replay --stream 'lobby/*' --since 2h --group new-model --pace 4
              archive replay --cancel 3
            """
    )

    @Option(help: .setting("A stream's name, or a pattern with *.", "stream"))
    var stream: String?

    @OptionGroup var when: SelectionOptions

    @Option(
        help: .setting(
            "How fast: 1 as it was recorded, another number for times that, max for as fast as the"
                + " workers go.",
            "pace"
        )
    )
    var pace: Pace = Setting.value("pace", default: .max)

    @Option(help: .setting("The group that gets the frames, known already or not.", "group"))
    var group: String?

    @Option(help: .setting("Call off the replay of this number.", "cancel"))
    var cancel: UInt64?

    @Flag(help: .setting("Begin and return at once.", "detach"))
    var detach: Bool = Setting.flag("detach")

    @OptionGroup var reading: ReadingOptions
    @OptionGroup var listing: ListingOptions

    func validate() throws {
        guard cancel == nil else { return }
        guard stream != nil, group != nil else {
            throw ValidationError(
                "a replay needs --stream and --group; --cancel N calls one off"
            )
        }
    }

    func run() throws {
        let stop = try StopSignal()
        try explaining {
            try reading.directory.mustExist()
            var client = try ControlClient(reading.directory, patience: reading.connectTimeout)
            if let cancel {
                guard let job = try client.ask(.cancel(number: cancel)).job else { return }
                return ReplayWatch(job, json: listing.json).end()
            }
            guard let stream, let group else { return }
            let request = ReplayRequest(
                selection: when.selection(stream: stream),
                group: group,
                pace: pace.times,
                words: when.words(stream: stream)
            )
            guard let job = try client.ask(.replay(request)).job else {
                throw Failure(.general, "the archive did not say what became of the replay")
            }
            var watch = ReplayWatch(job, json: listing.json)
            watch.begin()
            if detach { return watch.leave() }
            try watch.run(&client, stop: stop)
        }
    }
}

/// How fast a replay goes.
struct Pace: ExpressibleByArgument, Equatable {
    /// Times the speed of the recording; 0 is as fast as it goes.
    let times: Double

    static let max = Pace(times: 0)

    init(times: Double) { self.times = times }

    init?(argument: String) {
        if argument == "max" {
            times = 0
        } else if let number = Double(argument), number > 0, number.isFinite {
            times = number
        } else {
            return nil
        }
    }

    var defaultValueDescription: String { times == 0 ? "max" : "\(times)" }
}

/// Shows how a replay goes on: one line that changes on a terminal, else a line now and then.
private struct ReplayWatch {
    private static let interval: Duration = .milliseconds(250)

    private let isJSON: Bool
    private let isTerminal = isatty(STDOUT_FILENO) == 1
    private var job: JobProgress
    private let start = ContinuousClock.now
    private let doneAtStart: UInt64
    private var lastLine = ContinuousClock.now

    init(_ job: JobProgress, json: Bool) {
        self.job = job
        isJSON = json
        doneAtStart = job.frames - job.owed
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
        print("\(name) goes on by itself; 'archive info' shows how far it is")
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
            if job.isOver { return end() }
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
        FileHandle.standardError.write(Data("\(isTerminal ? "\n" : "")\(sentence)\n".utf8))
    }

    /// Says how it has ended.
    func end() {
        if isJSON { return printJSON() }
        if isTerminal { print("\u{1B}[2K\r", terminator: "") }
        let took = Readable.duration(.now - start)
        print(
            job.state == "cancelled"
                ? "\(name) was cancelled with \(Readable.count(job.owed)) frames left"
                : "\(name) is done: \(Readable.count(job.frames)) frames by run \(run) in \(took)"
        )
    }

    private var bar: String {
        let share = job.frames == 0 ? 1 : Double(done) / Double(job.frames)
        let filled = Int(share * 30)
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 30 - filled)
        let seconds = (.now - start) / .seconds(1)
        let rate = seconds > 0.5 ? Double(done - min(done, doneAtStart)) / seconds : 0
        var line = "\(name)  \(bar) \(Int(share * 100)) %  "
        line += "\(Readable.count(done)) of \(Readable.count(job.frames)) frames"
        if rate > 0 {
            let rest = Duration.seconds(Double(job.owed) / rate)
            line += "  \(Readable.threeDigits(rate))/s  \(Readable.duration(rest)) left"
        } else {
            line += "  waiting for workers of group \(job.group)"
        }
        return line
    }

    private func printJSON() {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if let data = try? encoder.encode(job) { print(String(decoding: data, as: UTF8.self)) }
    }
}
