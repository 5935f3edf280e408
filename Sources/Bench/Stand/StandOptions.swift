import ArgumentParser
import Foundation
import Service

/// The options of the commands that start a broker and an archive of their own.
struct StandOptions: ParsableArguments {
    @Option(help: "How the programs reach each other: tcp or ipc (Unix sockets).")
    var transport = Transport.ipc

    @Option(
        help: "What a frame waits for that is archived: full (the disk) or none (the page cache)."
    )
    var sync = Sync.full

    @Flag(help: "Without an archive: the broker acknowledges.")
    var noArchive = false

    @Flag(help: "Payloads go through the connections, as between hosts.")
    var noSharedMemory = false

    @Option(help: "Where the archive is made, and deleted again; default: TMPDIR or /var/tmp.")
    var dir: String?

    /// What a ``Stand`` is to be like.
    var settings: Stand.Settings {
        Stand.Settings(
            transport: transport,
            sync: sync,
            hasArchive: !noArchive,
            sharesMemory: !noSharedMemory,
            parent: dir ?? ProcessInfo.processInfo.environment["TMPDIR"] ?? "/var/tmp"
        )
    }

    /// The stand in words.
    var words: String {
        let way = transport.rawValue + (noSharedMemory ? "" : " and shared memory")
        guard !noArchive else { return "no archive, \(way)" }
        let when = sync == .full ? "on disk (fsync)" : "in the page cache"
        return "acknowledged once \(when), \(way)"
    }

    /// Starts a stand, lends it, and ends it.
    func withStand<Result>(
        _ change: (inout Stand.Settings) -> Void = { _ in },
        _ body: (Stand) throws -> Result
    ) throws -> Result {
        var settings = settings
        change(&settings)
        let stand = try Stand(settings)
        defer { stand.close() }
        do {
            return try body(stand)
        } catch {
            // What the programs said may be the reason.
            for line in stand.complaints.suffix(10) { StandardError.write(line + "\n") }
            throw error
        }
    }
}
