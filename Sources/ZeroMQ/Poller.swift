import CZeroMQ

#if canImport(Glibc)
import Glibc
#endif

/// Waits for any of several sockets and file descriptors, by zmq_poll(3).
///
/// Used on the thread of its sockets. A socket that was closed is passed over.
@safe
package struct Poller: ~Copyable {
    /// What to wait for.
    package struct Interest: OptionSet, Sendable {
        package let rawValue: Int16
        package init(rawValue: Int16) { self.rawValue = rawValue }

        /// Something can be received, or the descriptor can be read.
        package static let readable = Interest(rawValue: Int16(ZMQ_POLLIN))
        /// A message can be sent.
        ///
        /// Never ask a router: it always says yes.
        package static let writable = Interest(rawValue: Int16(ZMQ_POLLOUT))
    }

    /// The place of a socket or descriptor in its poller.
    package struct Slot: Sendable, Equatable {
        let index: Int
    }

    /// Why ``wait(for:)`` returned.
    package enum Outcome: Sendable, Equatable {
        /// At least one slot is ready; ask ``isReady(_:_:)``.
        case ready
        case timedOut
        /// A signal came; nothing is known to be ready.
        case interrupted
    }

    private enum Source {
        case socket(SocketHandle)
        case connectionEvents(SocketHandle)
        case descriptor
    }

    private var sources: [Source] = []
    private var items: [zmq_pollitem_t] = unsafe []

    /// A poller of nothing.
    package init() {}

    /// Adds a socket.
    package mutating func add(_ socket: borrowing Socket, _ interest: Interest = .readable) -> Slot
    {
        append(.socket(socket.handle), descriptor: -1, interest)
    }

    /// Adds what ``Socket/receiveConnectionEvent()`` reads of a watched socket.
    package mutating func addConnectionEvents(of socket: borrowing Socket) -> Slot {
        append(.connectionEvents(socket.handle), descriptor: -1, .readable)
    }

    /// Adds a file descriptor, which stays the caller's.
    package mutating func add(fileDescriptor: Int32, _ interest: Interest = .readable) -> Slot {
        append(.descriptor, descriptor: fileDescriptor, interest)
    }

    /// Puts another socket in the place of one; it stands for messages or connection events as before.
    package mutating func replace(_ slot: Slot, with socket: borrowing Socket) {
        switch sources[slot.index] {
        case .socket: sources[slot.index] = .socket(socket.handle)
        case .connectionEvents: sources[slot.index] = .connectionEvents(socket.handle)
        case .descriptor: preconditionFailure("a descriptor's place cannot take a socket")
        }
    }

    /// Changes what is waited for.
    package mutating func set(_ slot: Slot, _ interest: Interest) {
        unsafe items[slot.index].events = interest.rawValue
    }

    /// Waits until a slot is ready.
    ///
    /// - Parameter timeout: How long at most, rounded up to whole milliseconds; nil for ever.
    /// - Returns: Whether a slot is ready, or the time is over.
    /// - Throws: `ETERM` or `ENOTSOCK`, which mean a mistake in this process.
    package mutating func wait(for timeout: Duration?) throws(ZeroMQError) -> Outcome {
        for index in sources.indices {
            switch sources[index] {
            case .socket(let handle): unsafe items[index].socket = handle.raw
            case .connectionEvents(let handle): unsafe items[index].socket = handle.monitor
            case .descriptor: break
            }
            unsafe items[index].revents = 0
        }
        let milliseconds = timeout.map { Int(max(0, $0.roundedUpMilliseconds)) } ?? -1
        let count = unsafe zmq_poll(&items, Int32(items.count), milliseconds)
        if count > 0 { return .ready }
        if count == 0 { return .timedOut }
        let error = ZeroMQError.last("zmq_poll")
        guard error.isInterruption else { throw error }
        return .interrupted
    }

    /// Whether the last ``wait(for:)`` found `slot` ready for `interest`.
    ///
    /// A descriptor in error counts as ready, so that reading it tells the error.
    package func isReady(_ slot: Slot, _ interest: Interest = .readable) -> Bool {
        let found = unsafe items[slot.index].revents
        return found & (interest.rawValue | Int16(ZMQ_POLLERR)) != 0
    }

    private mutating func append(
        _ source: Source,
        descriptor: Int32,
        _ interest: Interest
    ) -> Slot {
        sources.append(source)
        unsafe items.append(
            zmq_pollitem_t(socket: nil, fd: descriptor, events: interest.rawValue, revents: 0)
        )
        return Slot(index: sources.count - 1)
    }
}

extension Duration {
    /// Whole milliseconds, rounded up so that nobody wakes too early, and held within `Int32`.
    var roundedUpMilliseconds: Int32 {
        let (seconds, attoseconds) = components
        let perMillisecond: Int64 = 1_000_000_000_000_000
        let whole = seconds.multipliedReportingOverflow(by: 1_000)
        guard !whole.overflow else { return seconds < 0 ? .min : .max }
        let part = attoseconds / perMillisecond + (attoseconds % perMillisecond > 0 ? 1 : 0)
        return Int32(clamping: whole.partialValue.addingReportingOverflow(part).partialValue)
    }
}
