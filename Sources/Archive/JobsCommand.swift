import ArgumentParser
import Recording
import Service

/// `archive jobs`: the replays, and what can be done to them.
struct JobsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs",
        abstract: "List the replays; watch, pause, resume or cancel one.",
        discussion: """
            A replay goes on by itself until all its frames are done, whatever is restarted meanwhile.

              archive jobs
              archive jobs watch 3
              archive jobs pause 3
            """,
        subcommands: [
            ListJobsCommand.self, WatchJobCommand.self, PauseJobCommand.self,
            ResumeJobCommand.self, CancelJobCommand.self,
        ],
        defaultSubcommand: ListJobsCommand.self
    )
}

/// `archive jobs list`: all replays.
struct ListJobsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List all replays, the newest last."
    )

    @OptionGroup var reading: ReadingOptions
    @OptionGroup var listing: ListingOptions

    func run() throws {
        try reading.withArchive { archive in
            var table = TablePrinter(json: listing.json)
            let digits = "rtrim(rtrim(round(pace, 3), '0'), '.')"
            let words = "CASE pace WHEN 0 THEN 'max' ELSE \(digits) END"
            let pace = listing.json ? "pace" : words
            try archive.catalog.query(
                """
                SELECT job, state, group_name || ':' || run AS run,
                    CASE state WHEN 'done' THEN max(frames, completed + dead)
                        ELSE completed + dead END AS done,
                    frames, failed, dead,
                    \(pace) AS pace, created_at, selection
                FROM runs WHERE job IS NOT NULL ORDER BY job
                """,
                columns: { table.begin($0) },
                row: {
                    table.add($0)
                    return true
                }
            )
            table.end(nothing: "nothing was replayed yet; archive replay begins a replay")
        }
    }
}

/// Which replay, of the commands about one.
struct JobOptions: ParsableArguments {
    @Argument(help: "The number of the replay; 'archive jobs' lists them.")
    var number: UInt64

    @OptionGroup var reading: ReadingOptions
    @OptionGroup var listing: ListingOptions

    /// Asks the serving archive about the replay.
    func ask(
        _ request: ControlRequest,
        _ body: (inout ControlClient, JobProgress) throws -> Void
    ) throws {
        try explaining {
            try reading.directory.mustExist()
            var client = try ControlClient(reading.directory, patience: reading.connectTimeout)
            guard let job = try client.ask(request).job else {
                throw Failure(.general, "the archive did not say how replay \(number) is")
            }
            try body(&client, job)
        }
    }

    /// Changes the replay, and says how it is then.
    func change(_ change: JobChange) throws {
        try ask(.change(number: number, change)) { _, job in
            ReplayWatch(job, json: listing.json).tell()
        }
    }
}

/// `archive jobs watch`: one replay to its end.
struct WatchJobCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Watch a replay to its end; Ctrl-C ends the watching only."
    )

    @OptionGroup var job: JobOptions

    func run() throws {
        let stop = try StopSignal()
        try job.ask(.job(number: job.number)) { client, progress in
            var watch = ReplayWatch(progress, json: job.listing.json)
            try watch.run(&client, stop: stop)
        }
    }
}

/// `archive jobs pause`: no more frames of a replay go out.
struct PauseJobCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Let no more frames of a replay go out; what workers have is finished."
    )

    @OptionGroup var job: JobOptions

    func run() throws { try job.change(.pause) }
}

/// `archive jobs resume`: a paused replay goes on.
struct ResumeJobCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Let a paused replay go on where it was, at its pace."
    )

    @OptionGroup var job: JobOptions

    func run() throws { try job.change(.resume) }
}

/// `archive jobs cancel`: a replay is called off.
struct CancelJobCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Call a replay off; what is done stays done."
    )

    @OptionGroup var job: JobOptions

    func run() throws { try job.change(.cancel) }
}
