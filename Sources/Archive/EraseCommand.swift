import ArgumentParser
import Foundation
import Recording
import Service

/// `archive erase`: takes frames out for good.
struct EraseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "erase",
        abstract: "Take frames, and everything that was made of them, out for good.",
        discussion: """
            The files of the log that have them are written anew without them, and the catalog too. \
            When this command has ended, no file of the archive has them any more; copies elsewhere are \
            not its business. What a group still owed of them counts as shed.

              archive erase --stream 'hall/*' --until 2026-11-01 --yes
              archive erase --stream '*' --where "stream LIKE 'hall/%' AND width > 1000"
            """
    )

    @OptionGroup var chosen: SelectionOptions

    @Flag(help: .setting("Do not ask whether it is meant.", "yes"))
    var yes: Bool = Setting.flag("yes")

    @OptionGroup var reading: ReadingOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard chosen.stream != nil else {
            throw ValidationError("erase needs --stream, a stream's name or a pattern with *")
        }
    }

    func run() throws {
        try confirm()
        let request = WorkRequest.erase(selection: chosen.selection(), words: chosen.words())
        print(try reading.work(request, name: "erase", common.logger("archive")))
    }

    private func confirm() throws {
        if yes { return }
        guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else {
            throw Failure(.usage, "nobody can be asked here whether it is meant: add --yes")
        }
        print("Erase everything of \(chosen.words()) for good? Type yes: ", terminator: "")
        fflush(nil)
        guard readLine() == "yes" else {
            throw Failure(.general, "nothing was erased")
        }
    }
}
