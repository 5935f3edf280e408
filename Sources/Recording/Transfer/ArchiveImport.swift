internal import Foundation
package import Logging

/// Has an archive take in a transfer file: the serving one, or, when nobody serves, this process.
package enum ArchiveImport {
    /// Takes in all that can be read of it.
    ///
    /// - Parameters:
    ///   - source: The file; see its ``TransferSource/damage`` afterwards.
    ///   - directory: Where the archive is; begun if missing.
    ///   - patience: How long a serving archive may take to answer, or another command to end.
    ///   - logger: Told of what is damaged, and of a full disk.
    ///   - progress: Told after each chunk what has become of it; it is committed.
    /// - Throws: ``RecordingError`` when something could not be committed; what came before it is.
    package static func run(
        _ source: inout TransferSource,
        into directory: DataDirectory,
        patience: Duration,
        logger: Logger,
        progress: (_ counts: TransferCounts, _ offset: UInt64) -> Void
    ) throws {
        let deadline = ContinuousClock.now + patience
        while true {
            do throws(RecordingError) {
                return try Upkeep.alone(directory, "archive import", logger) {
                    (steward) throws(RecordingError) in
                    let importer = Importer(steward.committer, steward.projection)
                    while let chunk = source.next() {
                        progress(try importer.take(chunk), source.offset)
                    }
                    // So that whoever asks next does not wait for the catalog.
                    try steward.projection.catchUp()
                }
            } catch {
                guard error.kind == .locked else { throw error }
                if LockHolder(of: directory).isServing {
                    var client = try ControlClient(directory, patience: patience)
                    while let chunk = source.next() {
                        progress(try client.transfer(chunk), source.offset)
                    }
                    return
                }
                guard ContinuousClock.now < deadline else { throw error }
                usleep(20_000)
            }
        }
    }
}
