import Testing
import ZeroMQ

/// How long a test waits for what must come.
let patience: Duration = .seconds(60)

extension Socket {
    /// Waits for one part.
    ///
    /// - Throws: ``NothingCame`` after ``patience``.
    borrowing func awaitPart() throws -> Message {
        var poller = Poller()
        let slot = poller.add(self)
        let deadline = ContinuousClock.now + patience
        while true {
            if let message = try receive() { return message }
            let remaining = deadline - .now
            guard remaining > .zero else { throw NothingCame() }
            _ = try poller.wait(for: remaining)
            _ = poller.isReady(slot)
        }
    }

    /// Waits for a connection event.
    ///
    /// - Throws: ``NothingCame`` after ``patience``.
    borrowing func awaitConnectionEvent() throws -> ConnectionEvent {
        var poller = Poller()
        _ = poller.addConnectionEvents(of: self)
        let deadline = ContinuousClock.now + patience
        while true {
            if let event = try receiveConnectionEvent() { return event }
            let remaining = deadline - .now
            guard remaining > .zero else { throw NothingCame() }
            _ = try poller.wait(for: remaining)
        }
    }

    /// Waits until a message can be sent: with IMMEDIATE, until a peer is connected.
    ///
    /// - Throws: ``NothingCame`` after ``patience``.
    borrowing func awaitWritable() throws {
        var poller = Poller()
        _ = poller.add(self, .writable)
        guard try poller.wait(for: patience) == .ready else { throw NothingCame() }
    }
}

struct NothingCame: Error {}
