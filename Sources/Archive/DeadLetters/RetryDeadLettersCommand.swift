import ArgumentParser
import Recording
import Service

/// `archive dead-letters retry`: a replay of exactly those frames.
struct RetryDeadLettersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Let a group see the frames again that it has given up on.",
        discussion: """
            This is a replay, with a run of its own: it goes on by itself until all are done, and \
            'archive jobs cancel N' calls it off. Frames that a later run of the group has \
            completed meanwhile, or has before it, are left out.

              archive dead-letters retry --group faces
              archive dead-letters retry --group faces --stream 'lobby/*' --since 1d --detach
            """
    )

    @Option(help: .setting("The group.", "group"))
    var group: String?

    @Option(help: .setting("A stream's name, or a pattern with *.", "stream"))
    var stream: String = Setting.value("stream", default: "*")

    @OptionGroup var when: PeriodOptions

    @Flag(help: .setting("Also those that a later run has completed or has before it.", "again"))
    var again: Bool = Setting.flag("again")

    @OptionGroup var playing: ReplayOptions
    @OptionGroup var reading: ReadingOptions
    @OptionGroup var listing: ListingOptions

    func validate() throws {
        try (group ?? Setting.optional("group")).map(checkGroup)
    }

    func run() throws {
        guard let group = group ?? Setting.optional("group") else {
            throw Failure(.usage, "whose dead letters? Give --group; 'list' shows them all")
        }
        let stop = try StopSignal()
        let selection = Catalog.Selection(
            stream: stream,
            since: when.since?.nanoseconds,
            until: when.until?.nanoseconds,
            dead: Catalog.DeadFrames(group: group, withCompleted: again)
        )
        let words = "dead letters of group \(group), stream \(stream)\(when.words)"
        let request = playing.request(selection, to: group, words: words)
        try playing.replay(request, reading, listing, stop: stop)
    }
}
