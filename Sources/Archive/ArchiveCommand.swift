import ArgumentParser
import Foundation
import Recording
import Service

/// `archive`: keeps every frame and result, and answers for them.
struct ArchiveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "archive",
        abstract: "Keeps every frame and every result, answers questions about them, replays them.",
        discussion: """
            Begin with 'archive serve'; the other commands read what it keeps, while it runs or not.

              archive serve --data ./data --broker tcp://127.0.0.1:5551
              archive sql --data ./data 'SELECT label, COUNT(*) FROM detections GROUP BY label'
              archive replay --data ./data --stream kiosk --group new-model
            """,
        version: Program.version,
        subcommands: [
            ServeCommand.self, InfoCommand.self, StreamsCommand.self, FramesCommand.self,
            GapsCommand.self, DeadLettersCommand.self, SQLCommand.self, ExportCommand.self,
            ReplayCommand.self, JobsCommand.self, SearchCommand.self, CompareCommand.self,
            VerifyCommand.self, ReindexCommand.self, PinCommand.self, UnpinCommand.self,
            PinsCommand.self, EraseCommand.self, GroupsCommand.self, ImportCommand.self,
        ]
    )
}

/// The options of every command that reads an archive.
struct ReadingOptions: ParsableArguments {
    @Option(help: .setting("The archive's directory.", "data"))
    var data: String = Setting.value("data", default: "./data")

    @Option(
        hinting: .setting("How long the serving archive may take to answer.", "connect-timeout")
    )
    var connectTimeout: Duration = Setting.value("connect-timeout", default: .seconds(10))

    /// Where the archive is.
    var directory: DataDirectory { DataDirectory(path: absolutePath(data)) }

    /// Opens the archive for reading, and hands it to `body`.
    ///
    /// - Parameters:
    ///   - extent: What of it is read; who reads frames keeps an archive from being served meanwhile.
    ///   - body: Told what to read from.
    /// - Throws: A ``Failure`` for what the archive cannot do, and what `body` throws.
    func withArchive(
        _ extent: ArchiveReader.Extent = .catalog,
        _ body: (inout ArchiveReader) throws -> Void
    ) throws {
        try explaining {
            let name = ProcessInfo.processInfo.arguments.dropFirst().first ?? ""
            var archive = try ArchiveReader.open(
                directory,
                extent,
                patience: connectTimeout,
                command: "archive \(name)"
            )
            if let remark = archive.remark {
                note(remark)
            }
            try body(&archive)
        }
    }
}

/// The option of every command that lists.
struct ListingOptions: ParsableArguments {
    @Flag(help: .setting("Print JSON, for programs.", "json"))
    var json: Bool = Setting.flag("json")
}

/// Runs `body` and turns what the archive cannot do into the sentence and exit code for a person.
func explaining<Value>(_ body: () throws -> Value) throws -> Value {
    do { return try body() } catch let error as RecordingError {
        let kind: Failure.Kind =
            switch error.kind {
            case .missing: .missingInput
            case .notServing: .unreachable
            default: .general
            }
        throw Failure(kind, error.description)
    }
}
