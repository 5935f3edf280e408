import Foundation
import Logging
import Service
import Synchronization

@testable import Recording

/// A serving archive on a thread of the test's process.
final class RunningArchive: Sendable {
    let directory: DataDirectory
    private let thread: ServiceThread
    private let handle: Handle

    /// Tells a thread's handle to whoever ends it.
    private final class Handle: Sendable {
        let value = Mutex<pthread_t?>(nil)
    }

    /// Serves `directory`, linked to the broker at `endpoint`.
    init(
        _ directory: DataDirectory,
        broker endpoint: String,
        log: Log.Options = Log.Options(sync: .none),
        committing: Committer.Limits = Committer.Limits(),
        retention: RetentionPolicy = RetentionPolicy(),
        logger: Logger = Fixture.logger
    ) throws {
        self.directory = directory
        let handle = Handle()
        self.handle = handle
        var options = ArchiveService.Options(directory: directory, broker: endpoint, log: log)
        options.committing = committing
        options.retention = retention
        let settings = options
        thread = try ServiceThread("archive") {
            // The signal is sent to this thread alone, which holds it back.
            let stop = try StopSignal([SIGUSR2])
            handle.value.withLock { $0 = pthread_self() }
            try ArchiveService.serve(settings, stop: stop, logger: logger)
        }
    }

    /// Ends it in good order, and throws what it ended with.
    func stop() throws {
        while !thread.hasEnded, handle.value.withLock({ $0 == nil }) { sched_yield() }
        if !thread.hasEnded { handle.value.withLock { _ = $0.map { pthread_kill($0, SIGUSR2) } } }
        try thread.join()
    }

    /// Asks it over its control socket.
    func ask(_ request: ControlRequest) throws -> ControlReply {
        var client = try ControlClient(directory, patience: .seconds(60))
        return try client.ask(request)
    }
}
