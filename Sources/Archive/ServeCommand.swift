import ArgumentParser
import Foundation
import Logging
import Recording
import Service

/// `archive serve`: keeps what the broker sends.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Keep what the broker sends, until stopped.",
        discussion: """
            Frames and results go into a log under the data directory, and from there into \
            catalog.sqlite, which any SQLite tool may read meanwhile. A camera is told that a frame \
            is archived once it is on disk. The broker need not be there yet, and may come and go.
            """
    )

    @Option(help: .setting("Where everything is kept; created if missing.", "data"))
    var data: String = Setting.value("data", default: "./data")

    @Option(help: .setting("The broker's work endpoint.", "broker"))
    var broker: String = Setting.value("broker", default: "tcp://127.0.0.1:5551")

    @Option(
        help: .setting(
            "What a commit waits for: full (the disk) or none (survives a crash of the process; after"
                + " a loss of power the newest segment may be unreadable).",
            "sync"
        )
    )
    var sync: Log.Options.Sync = Setting.value("sync", default: .full)

    @Option(hinting: .setting("Size of one file of the log, 128MiB to 1TiB.", "segment-size"))
    var segmentSize: ByteCount = Setting.value("segment-size", default: .gibibytes(1))

    @Option(
        hinting: .setting(
            "How much of what was written last stays in memory (the system's page cache), 64MiB or"
                + " more, and up to a file of the log beside; the rest is read from the disk when it is"
                + " wanted.",
            "page-cache"
        )
    )
    var pageCache: ByteCount = Setting.value("page-cache", default: .gibibytes(1))

    @OptionGroup(title: "What is kept") var retention: RetentionOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        // Smaller ones would be many for the largest messages; larger ones cannot be mapped at will.
        guard segmentSize >= .mebibytes(128), segmentSize <= .gibibytes(1_024) else {
            throw ValidationError("--segment-size is 128MiB to 1TiB")
        }
        guard pageCache >= .mebibytes(64) else {
            throw ValidationError("--page-cache is 64MiB or more")
        }
    }

    func run() throws {
        let stop = try StopSignal()
        let logger = common.logger("archive")
        var options = ArchiveService.Options(
            directory: DataDirectory(path: absolutePath(data)),
            broker: broker,
            log: Log.Options(segmentByteCount: segmentSize.bytes, sync: sync)
        )
        options.log.cacheByteCount = pageCache.bytes
        options.retention = retention.policy
        try explaining { try ArchiveService.serve(options, stop: stop, logger: logger) }
    }
}

extension Log.Options.Sync: ExpressibleByArgument {}
