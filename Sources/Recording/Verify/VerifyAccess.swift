internal import Wire

/// How a verification gets at an archive: through the serving one, or at its files while nobody
/// writes to them.
struct VerifyAccess: ~Copyable {
    private var client: ControlClient?
    private let log: Log?
    private let lock: WriterLock?
    /// Why the catalog cannot be read, if that is so.
    let trouble: RecordingError?

    /// Opens the archive with its catalog up to date, or without its catalog when that is unreadable.
    static func open(
        _ directory: DataDirectory,
        patience: Duration,
        command: String
    ) throws -> VerifyAccess {
        do {
            var archive = try ArchiveReader.open(
                directory,
                .frames,
                patience: patience,
                command: command
            )
            let (log, lock) = (archive.log, archive.lock)
            return VerifyAccess(archive.client.take(), log, lock, trouble: nil)
        } catch let error as RecordingError {
            // The log can be read all the same.
            guard [.failed, .missing, .damaged].contains(error.kind),
                (try? directory.mustExist()) != nil
            else { throw error }
            if let lock = try WriterLock.take(directory, .shared, as: command) {
                let log = try Log.openReadOnly(in: directory.log).log
                return VerifyAccess(nil, log, lock, trouble: error)
            }
            var client = try ControlClient(directory, patience: patience)
            _ = try client.ask(.status)
            return VerifyAccess(client, nil, nil, trouble: error)
        }
    }

    private init(
        _ client: consuming ControlClient?,
        _ log: Log?,
        _ lock: WriterLock?,
        trouble: RecordingError?
    ) {
        self.client = client
        self.log = log
        self.lock = lock
        self.trouble = trouble
    }

    /// Whether somebody else writes to the newest file.
    var isServed: Bool { log == nil }

    /// Where the log ends now.
    mutating func promised() throws(RecordingError) -> UInt64 {
        if let log { return log.promised }
        return try client?.ask(.status).status?.promised ?? 0
    }

    /// Hands out the records from `start` on, up to `end`.
    mutating func records(
        from start: UInt64,
        to end: UInt64,
        _ body: (_ record: RawSpan, _ position: UInt64) throws -> Void
    ) throws {
        var next = start
        try RecordStretch.walk(&next, to: end, &client, log, body)
    }
}
