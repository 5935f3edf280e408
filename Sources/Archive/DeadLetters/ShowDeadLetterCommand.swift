import ArgumentParser
import Recording
import Service
import Wire

/// `archive dead-letters show`: everything about one of them.
struct ShowDeadLetterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show what is known of a frame that was given up, and look at the frame itself.",
        discussion: """
            The frame is named as 'list' prints it, in three words, or as the broker logs it.

              archive dead-letters show kiosk 1764000000000000000 42
              archive dead-letters show kiosk@1764000000000000000/42 --out 42.jpg
            """
    )

    @Argument(help: "STREAM EPOCH SEQUENCE, or STREAM@EPOCH/SEQUENCE.")
    var frame: [String]

    @Option(help: .setting("Only as dead letter of this group.", "group"))
    var group: String?

    @Option(help: .setting("Write the frame as it was sent into this file.", "out"))
    var out: String?

    @OptionGroup var reading: ReadingOptions
    @OptionGroup var listing: ListingOptions

    /// What `frame` names.
    private var id: FrameID? {
        switch frame.count {
        case 1: FrameID(frame[0])
        case 3: FrameID("\(frame[0])@\(frame[1])/\(frame[2])")
        default: nil
        }
    }

    mutating func validate() throws {
        group = group ?? Setting.optional("group")
        out = out ?? Setting.optional("out")
        guard id != nil else {
            throw ValidationError(
                "'\(frame.joined(separator: " "))' names no frame; it is STREAM EPOCH SEQUENCE, or"
                    + " STREAM@EPOCH/SEQUENCE"
            )
        }
    }

    func run() throws {
        guard let id else { return }
        try reading.withArchive(.frames) { archive in
            let letters = try DeadLetterFacts(of: id, group: group, archive.catalog)
            guard !letters.isEmpty else {
                throw Failure(
                    .general,
                    "\(group.map { "group \($0)" } ?? "no group") has"
                        + "\(group == nil ? "" : " not") given up \(id); 'archive dead-letters list'"
                        + " shows what was"
                )
            }
            var parts: (header: [UInt8], payload: [UInt8])?
            var absence = ""
            do throws(RecordingError) {
                parts = try archive.frame(id)
            } catch {
                // What is known of it is shown all the same.
                if out != nil { throw error }
                absence = error.description
            }
            if let out, let parts { try OutputFiles.write(parts.payload, to: out) }
            if listing.json {
                let sidecar = Sidecar(catalog: archive.catalog)
                let json = try sidecar.text(
                    of: id,
                    header: parts?.header,
                    ["dead_letters": letters.json]
                )
                print(json, terminator: "")
            } else {
                print(try letters.text(header: parts?.header, absence))
                if let out, let parts {
                    print("written     \(Readable.bytes(parts.payload.count)) to \(out)")
                }
            }
        }
    }
}
