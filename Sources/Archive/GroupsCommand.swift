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
        abstract: "List the groups: what they have done, and what they owe.",
        discussion: """
            Of the live run. A durable group's numbers are its accounts; of other groups it is what the \
            catalog has of their results.
            """
    )

    @OptionGroup var reading: ReadingOptions
    @OptionGroup var listing: ListingOptions

    func run() throws {
        try reading.withArchive(.frames) { archive in
            var table = TablePrinter(json: listing.json)
            table.begin([
                "group_name", "policy", "patterns", "completed", "failed", "dead", "shed", "owed",
            ])
            var done: [String: [SQLValue]] = [:]
            let runs = "SELECT group_name, completed, failed, dead FROM runs WHERE run = 0"
            for row in try archive.catalog.rows(runs) {
                if case .text(let name) = row[0] { done[name] = Array(row[1...]) }
            }
            for group in try archive.ledger().groups {
                let kept = [group.completed, group.failed, group.dead, group.shed, group.owed]
                // Of other groups the broker alone knows what was shed, and there is nothing to owe.
                let counts =
                    group.policy == "durable"
                    ? kept.map { SQLValue.integer(Int64(clamping: $0)) }
                    : (done[group.group] ?? [.integer(0), .integer(0), .integer(0)]) + [
                        .null, .null,
                    ]
                table.add(
                    [.text(group.group), .text(group.policy), .text(group.patterns)] + counts
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
