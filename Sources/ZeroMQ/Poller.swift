import CZeroMQ

#if canImport(Glibc)
import Glibc
#endif

/// Waits for any of several sockets and file descriptors, by one poll(2) each time if that can be.
///
/// zmq_poll(3) asks each socket before it waits and behind it, at the cost of a system call each; this asks
/// only those that may have changed, see `ZMQ_FD` in zmq_getsockopt(3). Used on the thread of its sockets. A
/// socket that was closed is passed over.
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
    private var interests: [Interest] = []
    /// What the last wait found, by slot.
    private var found: [Interest] = []
    private var items: [pollfd] = []

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
        interests[slot.index] = interest
        if case .descriptor = sources[slot.index] { items[slot.index].events = interest.pollEvents }
    }

    /// Waits until a slot is ready.
    ///
    /// - Parameter timeout: How long at most, rounded up to whole milliseconds; nil for ever.
    /// - Returns: Whether a slot is ready, or the time is over.
    /// - Throws: `ETERM` or `ENOTSOCK`, which mean a mistake in this process.
    package mutating func wait(for timeout: Duration?) throws(ZeroMQError) -> Outcome {
        let deadline = timeout.map { ContinuousClock.now + $0 }
        var isReady = false
        for index in sources.indices {
            found[index] = []
            switch sources[index] {
            case .socket(let handle): items[index].fd = handle.descriptor
            case .connectionEvents(let handle): items[index].fd = handle.monitorDescriptor
            case .descriptor: break
            }
            if try ask(index, isSignaled: false) { isReady = true }
        }
        while true {
            let left = isReady ? .zero : deadline.map { $0 - .now }
            let milliseconds = left.map { max(0, $0.roundedUpMilliseconds) } ?? -1
            let count = unsafe poll(&items, nfds_t(items.count), milliseconds)
            guard count >= 0 else {
                let error = ZeroMQError.last("poll")
                guard error.isInterruption else { throw error }
                return .interrupted
            }
            for index in sources.indices where items[index].revents != 0 {
                if try ask(index, isSignaled: true) { isReady = true }
            }
            if isReady { return .ready }
            // Else libzmq had something to do for itself.
            if let deadline, deadline <= .now { return .timedOut }
        }
    }

    /// Whether the last ``wait(for:)`` found `slot` ready for `interest`.
    ///
    /// A descriptor in error counts as ready, so that reading it tells the error.
    package func isReady(_ slot: Slot, _ interest: Interest = .readable) -> Bool {
        !found[slot.index].isDisjoint(with: interest)
    }

    /// Notes what a slot is ready for.
    ///
    /// - Parameters:
    ///   - index: Of the slot.
    ///   - isSignaled: Whether poll(2) found something; else only what it cannot find is asked for.
    /// - Returns: Whether it is ready for anything.
    /// - Throws: `ETERM` or `ENOTSOCK`, which mean a mistake in this process.
    private mutating func ask(_ index: Int, isSignaled: Bool) throws(ZeroMQError) -> Bool {
        let interest = interests[index]
        switch sources[index] {
        case .socket(let handle):
            guard isSignaled || !handle.isSettled || interest.contains(.writable) else {
                return false
            }
            found[index] = Interest(rawValue: try handle.events()).intersection(interest)
        case .connectionEvents(let handle):
            guard isSignaled || !handle.isMonitorSettled else { return false }
            found[index] = Interest(rawValue: try handle.monitorEvents()).intersection(interest)
        case .descriptor:
            guard isSignaled else { return false }
            found[index] = Interest(pollEvents: items[index].revents)
        }
        return !found[index].isEmpty
    }

    private mutating func append(
        _ source: Source,
        descriptor: Int32,
        _ interest: Interest
    ) -> Slot {
        sources.append(source)
        interests.append(interest)
        found.append([])
        // That of a socket is readable when libzmq has something to do, whatever that is.
        let isSocket = if case .descriptor = source { false } else { true }
        let events = isSocket ? Interest.readable.pollEvents : interest.pollEvents
        items.append(pollfd(fd: descriptor, events: events, revents: 0))
        return Slot(index: sources.count - 1)
    }
}

extension Poller.Interest {
    /// What poll(2) found; all of it where something is wrong.
    fileprivate init(pollEvents: Int16) {
        self = []
        let isBroken = pollEvents & Int16(POLLERR | POLLHUP | POLLNVAL) != 0
        if isBroken || pollEvents & Int16(POLLIN) != 0 { insert(.readable) }
        if isBroken || pollEvents & Int16(POLLOUT) != 0 { insert(.writable) }
    }

    fileprivate var pollEvents: Int16 {
        var events: Int32 = 0
        if contains(.readable) { events |= Int32(POLLIN) }
        if contains(.writable) { events |= Int32(POLLOUT) }
        return Int16(events)
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
