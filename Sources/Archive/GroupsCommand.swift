import ArgumentParser
import Recording
import Service

/// `archive groups`: whom the archive keeps accounts for.
struct GroupsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "groups",
        abstract: "List the groups that the archive knows, or forget one.",
        subcommands: [ListGroupsCommand.self, ForgetGroupCommand.self],
        defaultSubcommand: ListGroupsCommand.self
    )
}

/// `archive groups list`: the groups, with what they have done and owe.
struct ListGroupsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the groups: what they have done, and what they owe."
    )

    @OptionGroup var reading: ReadingOptions
    @OptionGroup var listing: ListingOptions

    func run() throws {
        try reading.withArchive(.frames) { archive in
            var table = TablePrinter(json: listing.json)
            table.begin([
                "group_name", "policy", "patterns", "completed", "failed", "dead", "shed", "owed",
            ])
            for group in try archive.ledger().groups {
                let counts = [group.completed, group.failed, group.dead, group.shed, group.owed]
                table.add(
                    [.text(group.group), .text(group.policy), .text(group.patterns)]
                        + counts.map { .integer(Int64(clamping: $0)) }
                )
            }
            table.end(nothing: "the archive knows no group yet")
        }
    }
}

/// `archive groups forget`: ends a group's accounts.
struct ForgetGroupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget",
        abstract: "Forget a group: what it owes, and what is counted of it.",
        discussion: """
            For a group that nobody works in any more: the frames that it has not seen are then kept for \
            nobody. Its results stay, and its replays end. Stop its workers first; when one comes again, \
            the group begins anew.
            """
    )

    @Argument(help: "The group's name.")
    var group: String

    @OptionGroup var reading: ReadingOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let request = WorkRequest.forget(group: group)
        print(try reading.work(request, name: "groups forget", common.logger("archive")))
    }
}
