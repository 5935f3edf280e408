import ArgumentParser
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
              archive replay --stream '*' --run faces:0 --label face --min-score 0.9 --group check
              archive replay --cancel 3
            """
    )

    @OptionGroup var chosen: SelectionOptions

    @Option(help: .setting("The group that gets the frames, known already or not.", "group"))
    var group: String?

    @Option(hinting: .setting("Call off the replay of this number.", "cancel"))
    var cancel: UInt64?

    @OptionGroup var playing: ReplayOptions
    @OptionGroup var reading: ReadingOptions
    @OptionGroup var listing: ListingOptions

    func validate() throws {
        guard cancel == nil else { return }
        guard chosen.stream != nil, group != nil else {
            throw ValidationError(
                "a replay needs --stream and --group; --cancel N calls one off"
            )
        }
        try group.map(checkGroup)
    }

    func run() throws {
        let stop = try StopSignal()
        if let cancel { return try callOff(cancel) }
        guard let group else { return }
        let request = ReplayRequest(
            selection: chosen.selection(),
            group: group,
            pace: playing.pace.times,
            words: chosen.words()
        )
        try playing.replay(request, reading, listing, stop: stop)
    }

    private func callOff(_ number: UInt64) throws {
        try explaining {
            try reading.directory.mustExist()
            var client = try ControlClient(reading.directory, patience: reading.connectTimeout)
            guard let job = try client.ask(.cancel(number: number)).job else { return }
            ReplayWatch(job, json: listing.json).end()
        }
    }
}
