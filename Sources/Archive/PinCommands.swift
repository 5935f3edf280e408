import ArgumentParser
import Recording
import Service

/// `archive pin`: keeps frames whatever their age.
struct PinCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pin",
        abstract: "Keep what is selected, whatever its age, until the pin is released.",
        discussion: """
            The frames are selected once, with what was made of them. Retention leaves them where they \
            are, also when the disk is full.

              archive pin accident --stream 'gate/*' --since '2026-11-23 13:00' --until '2026-11-23 14:00'
              archive unpin accident
            """
    )

    @Argument(help: "The pin's name.")
    var name: String

    @OptionGroup var chosen: SelectionOptions
    @OptionGroup var reading: ReadingOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let request = WorkRequest.pin(
            name: name,
            selection: chosen.selection(),
            words: chosen.words()
        )
        print(try reading.work(request, name: "pin", common.logger("archive")))
    }
}

/// `archive unpin`: releases what a pin keeps.
struct UnpinCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unpin",
        abstract: "Release what a pin has kept; it goes when it is old enough."
    )

    @Argument(help: "The pin's name.")
    var name: String

    @OptionGroup var reading: ReadingOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        print(try reading.work(.unpin(name: name), name: "unpin", common.logger("archive")))
    }
}

/// `archive pins`: what is kept whatever its age.
struct PinsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pins",
        abstract: "List the pins: what each of them keeps."
    )

    @OptionGroup var reading: ReadingOptions
    @OptionGroup var listing: ListingOptions

    func run() throws {
        try reading.withArchive(.frames) { archive in
            var table = TablePrinter(json: listing.json)
            table.begin(["name", "frames", "created_at", "selection"])
            for pin in try archive.ledger().pins {
                table.add([
                    .text(pin.name), .integer(Int64(clamping: pin.frames)), .text(pin.createdAt),
                    .text(pin.selection),
                ])
            }
            table.end(nothing: "nothing is pinned")
        }
    }
}
