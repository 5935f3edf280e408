internal import Synchronization

/// What is on disk, and how far that is in the broker's session.
struct Published {
    var state: LogState
    var progress = Committer.Progress(session: 0, count: 0)

    mutating func count(_ items: ArraySlice<Inbox.Item>) {
        for case .message(_, let session) in items {
            if session != progress.session {
                progress = Committer.Progress(session: session, count: 0)
            }
            progress.count += 1
        }
    }
}

/// Carries the writing end to its thread.
final class WriterHandover: Sendable {
    private let writer: Mutex<LogWriter?>

    init(_ writer: consuming LogWriter) { self.writer = Mutex(writer) }

    func take() -> LogWriter? { writer.withLock { $0.take() } }
}
