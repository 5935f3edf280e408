internal import Foundation
package import Logging
internal import Service
internal import ZeroMQ

/// The parts of an archive that its upkeep needs, whether it serves or a command has opened it.
struct Steward: Sendable {
    let directory: DataDirectory
    let committer: Committer
    let projection: CatalogProjection
    let retention: Retention
    let logger: Logger

    var catalog: Catalog { projection.catalog }

    /// Does a piece of work on the caller's thread.
    ///
    /// - Parameters:
    ///   - request: What to do.
    ///   - progress: Told how far it is.
    /// - Returns: What was done, in a sentence.
    /// - Throws: ``RecordingError`` when it could not be done.
    func perform(
        _ request: WorkRequest,
        progress: (_ done: UInt64, _ total: UInt64) -> Void
    ) throws(RecordingError) -> String {
        switch request {
        case .reindex: try projection.rebuild(progress: progress)
        case .pin(let name, let selection, let words):
            try Orders(steward: self).pin(name, selection, words)
        case .unpin(let name): try Orders(steward: self).unpin(name)
        case .forget(let group): try Orders(steward: self).forget(group)
        case .erase(let selection, let words):
            try Orders(steward: self).erase(selection, words, progress: progress)
        case .finishErasures: try Orders(steward: self).finishAll()
        }
    }
}

/// Has an archive do a piece of work: the serving one, or, when nobody serves, this process.
package enum Upkeep {
    /// Does the work and waits until it is done.
    ///
    /// - Parameters:
    ///   - request: What to do.
    ///   - directory: Where the archive is.
    ///   - patience: How long a serving archive may take to answer, or another command to end.
    ///   - command: Who asks, for whoever has to wait for it.
    ///   - logger: Told of what is damaged.
    ///   - progress: Told how far it is.
    /// - Returns: What was done, in a sentence.
    /// - Throws: ``RecordingError`` when it could not be done.
    package static func run(
        _ request: WorkRequest,
        in directory: DataDirectory,
        patience: Duration,
        command: String,
        logger: Logger,
        progress: (_ done: UInt64, _ total: UInt64) -> Void
    ) throws -> String {
        try directory.mustExist()
        let deadline = ContinuousClock.now + patience
        while true {
            do throws(RecordingError) {
                return try alone(directory, command, logger) { (steward) throws(RecordingError) in
                    try steward.perform(request, progress: progress)
                }
            } catch {
                guard error.kind == .locked else { throw error }
                let isServed = LockHolder(of: directory).isServing
                if isServed { return try served(request, directory, patience, progress) }
                guard ContinuousClock.now < deadline else { throw error }
                usleep(20_000)
            }
        }
    }

    /// Opens an archive that nobody serves, and lends it to `body`.
    static func alone<Value>(
        _ directory: DataDirectory,
        _ command: String,
        _ logger: Logger,
        _ body: (Steward) throws(RecordingError) -> Value
    ) throws(RecordingError) -> Value {
        let opened = try LogWriter.open(directory, options: Log.Options(), command: command)
        opened.writer.log.onDamage { logger.error("\($0)") }
        let catalog = try Catalog.openOrBegin(directory.catalog) { logger.warning("\($0)") }
        do {
            let wakeUp = try WakeUp()
            let committer = try Committer(opened, logger: logger, wakeUps: [wakeUp])
            defer { committer.close() }
            let projection = try CatalogProjection(
                of: committer.log,
                into: catalog,
                wakeUp: wakeUp,
                logger: logger
            )
            try projection.start()
            defer { projection.close() }
            // Nothing expires by itself here: how long is for the one who serves to say.
            let retention = try Retention(
                committer,
                RetentionPolicy(),
                directory,
                logger: logger
            )
            defer { retention.close() }
            let steward = Steward(
                directory: directory,
                committer: committer,
                projection: projection,
                retention: retention,
                logger: logger
            )
            return try body(steward)
        } catch let error as RecordingError {
            throw error
        } catch {
            throw RecordingError(.failed, "the archive cannot be opened: \(error)")
        }
    }

    private static func served(
        _ request: WorkRequest,
        _ directory: DataDirectory,
        _ patience: Duration,
        _ progress: (UInt64, UInt64) -> Void
    ) throws(RecordingError) -> String {
        var client = try ControlClient(directory, patience: patience)
        var status = try client.ask(.begin(request)).work
        while let known = status, !known.isOver {
            progress(known.done, known.total)
            usleep(100_000)
            status = try client.ask(.work(number: known.number)).work
        }
        if let failure = status?.failure { throw RecordingError(failure.kind, failure.sentence) }
        guard let outcome = status?.outcome else {
            throw RecordingError(.failed, "the archive does not know of the work any more")
        }
        return outcome
    }
}
