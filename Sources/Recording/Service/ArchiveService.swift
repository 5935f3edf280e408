internal import Foundation
package import Logging
package import Service
internal import Wire
internal import ZeroMQ

/// A serving archive: the log, its catalog, its control socket and its link to the broker.
package enum ArchiveService {
    /// How an archive serves.
    package struct Options: Sendable {
        /// Where everything is kept.
        package var directory: DataDirectory
        /// The broker's `work` endpoint.
        package var broker: String
        /// How the log is written.
        package var log: Log.Options
        /// What is kept for how long.
        package var retention = RetentionPolicy()
        /// What may wait to be committed.
        var committing = Committer.Limits()
        /// A name that a person recognises.
        package var name: String

        /// Puts the parts together.
        package init(
            directory: DataDirectory,
            broker: String,
            log: Log.Options,
            name: String = "archive"
        ) {
            self.directory = directory
            self.broker = broker
            self.log = log
            self.name = name
        }
    }

    /// Serves until `stop` is raised, on the caller's thread and four others.
    ///
    /// - Throws: ``RecordingError`` when the data directory is of no use, or the disk fails;
    ///   `Failure` when the broker's endpoint is none.
    package static func serve(_ options: Options, stop: StopSignal, logger: Logger) throws {
        let context = try Context()
        // Before anything is created: an endpoint that is none is a slip of the pen.
        _ = try BrokerLink.link(options, stop: stop, context: context, logger: logger)
        let holder = LockHolder(of: options.directory)
        if holder.isHeld { logger.notice("waits for 5 s: \(holder.refusal)") }
        let opened = try LogWriter.open(
            options.directory,
            options: options.log,
            patience: .seconds(5)
        )
        logger.info("serving \(options.directory.path), sync \(options.log.sync.rawValue)")
        logger.info("\(opened.summary)")
        for (position, reason) in opened.damaged {
            logger.error("the record at position \(position) is damaged: \(reason)")
        }
        if let missing = opened.missing {
            logger.error("\(Self.sentence(missing, next: opened.writer.log.promised))")
        }
        for damage in opened.writer.log.damagedSegments() {
            logger.error("\(damage); everything else can be read")
        }
        opened.writer.log.onDamage { logger.error("\($0)") }
        let catalog = try Catalog.openOrBegin(options.directory.catalog) { logger.warning("\($0)") }
        let link = try BrokerLink.link(options, stop: stop, context: context, logger: logger)
        let catalogWakeUp = try WakeUp()
        let committer = try Committer(
            opened,
            limits: options.committing,
            logger: logger,
            wakeUps: [link.wakeUp, catalogWakeUp]
        )
        defer { committer.close() }
        let projection = try CatalogProjection(
            of: committer.log,
            into: catalog,
            wakeUp: catalogWakeUp,
            logger: logger
        )
        if committer.log.promised - projection.position > 1_000 {
            logger.info("the catalog is behind the log and catches up")
        }
        try projection.start()
        defer { projection.close() }
        let retention = try Retention(
            committer,
            options.retention,
            options.directory,
            logger: logger
        )
        defer { retention.close() }
        let control = try ControlServer(
            options.directory,
            replays: Replays(committer: committer, catalog: catalog, projection: projection),
            retention: retention,
            context: context,
            logger: logger
        )
        defer { control.close() }
        let fetcher = try Fetcher(committer, wakeUp: link.wakeUp, logger: logger)
        defer { fetcher.close() }
        let brokerLink = BrokerLink(link, committer: committer, fetcher: fetcher, logger: logger)
        try brokerLink.run()
        catalog.stopQuestions()
        if let left = committer.leftBehind {
            let sentence =
                "the archive has stopped on a full disk; \(left) received and not committed: the"
                + " broker was not told so, keeps it and sends it again"
            logger.warning("\(sentence)")
        } else {
            logger.info("the archive has stopped; everything received is committed")
        }
    }

    /// What it means that the newest records are gone.
    private static func sentence(_ missing: Range<UInt64>, next: UInt64) -> String {
        "the log ends at position \(missing.lowerBound), and the catalog has had records up to"
            + " \(missing.upperBound): the newest files of the log are gone, or power was lost under"
            + " --sync none. New records begin at \(next), and the catalog is written anew from what"
            + " is left; if you have the files, stop, put them back, and reindex"
    }
}
