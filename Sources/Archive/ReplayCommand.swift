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
            only. 'archive jobs' lists all replays, pauses them and calls them off.

              archive replay --stream kiosk --group faces --pace max
              archive replay --stream 'lobby/*' --since 2h --group new-model --pace 4
              archive replay --stream '*' --run faces:0 --label face --min-score 0.9 --group check
              archive replay --stream door --since 24h --group night --pace 10 --max-gap 2s
            """
    )

    @OptionGroup var chosen: SelectionOptions

    @Option(help: .setting("The group that gets the frames, known already or not.", "group"))
    var group: String?

    @OptionGroup var playing: ReplayOptions
    @OptionGroup var reading: ReadingOptions
    @OptionGroup var listing: ListingOptions

    func validate() throws {
        guard chosen.stream != nil, group != nil else {
            throw ValidationError("a replay needs --stream and --group")
        }
        try group.map(checkGroup)
    }

    func run() throws {
        let stop = try StopSignal()
        guard let group else { return }
        let request = playing.request(chosen.selection(), to: group, words: chosen.words())
        try playing.replay(request, reading, listing, stop: stop)
    }
}
