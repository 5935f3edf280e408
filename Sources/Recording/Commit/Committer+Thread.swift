internal import Dispatch
internal import Logging
internal import Service
internal import Synchronization
internal import Wire
internal import ZeroMQ

// On the committing thread.

extension Committer {
    func run(_ writer: consuming LogWriter, ahead: LogState) {
        var writer = writer
        var ahead = ahead
        var items: [Inbox.Item] = []
        do throws(RecordingError) {
            while inbox.take(into: &items, byteLimit: limits.batchByteCount) {
                guard try commit(&items, &writer, &ahead) else { return leave(&items) }
                items.removeAll(keepingCapacity: true)
            }
            inbox.hold(false)
            if inbox.take(into: &items, byteLimit: .max) { return leave(&items) }
            try writer.sync()
        } catch {
            logger.critical("\(error)")
            failureBox.withLock { $0 = error }
            inbox.close()
            settle(items, error)
            while inbox.take(into: &items, byteLimit: .max) { settle(items, error) }
            for wakeUp in wakeUps { wakeUp.signal() }
        }
    }

    /// Ends without what is left, as there is no room for it and nobody is told that it is committed.
    private func leave(_ items: inout [Inbox.Item]) {
        let full = RecordingError(.diskFull, "the disk is full, and the archive is stopping")
        while inbox.take(into: &items, byteLimit: .max) {}
        settle(items, full)
        leftBox.withLock { $0 = Inbox.Item.words(for: items) }
    }

    /// Commits a batch; returns whether that was possible before the archive was ended.
    ///
    /// When it was not, `items` has what is not committed.
    private func commit(
        _ items: inout [Inbox.Item],
        _ writer: inout LogWriter,
        _ ahead: inout LogState
    ) throws(RecordingError) -> Bool {
        var entries: [LogEntry] = []
        entries.reserveCapacity(items.count)
        var counted = items.startIndex
        for (index, item) in items.enumerated() {
            switch item {
            case .message(nil, _): break
            case .message(let entry?, _):
                if ahead.beginsAtTheBeginning(entry.record) {
                    // What it owes is read from the log, so that must be complete.
                    guard try write(&entries, items[counted..<index], &writer) else {
                        items.removeFirst(counted)
                        return false
                    }
                    counted = index
                    admit(entry, &ahead, &entries)
                    try oweEverything(entry.record, &ahead, &entries)
                } else {
                    admit(entry, &ahead, &entries)
                }
            case .own(let records, _):
                for record in records { admit(LogEntry(record), &ahead, &entries) }
            case .transfer(let transfer):
                entries += transfer.admit(into: &ahead, arriving: inbox.arriving)
            case .roll(let receipt):
                guard try write(&entries, items[counted...index], &writer) else {
                    items.removeFirst(counted)
                    return false
                }
                counted = index + 1
                try roll(&writer, receipt)
            }
        }
        guard try write(&entries, items[counted...], &writer) else {
            items.removeFirst(counted)
            return false
        }
        settle(items, nil)
        for wakeUp in wakeUps { wakeUp.signal() }
        return true
    }

    /// Begins a new segment; without room for it nothing is lost, and who asked is told.
    private func roll(
        _ writer: inout LogWriter,
        _ receipt: Receipt
    ) throws(RecordingError) {
        do throws(RecordingError) { try writer.roll(published.withLock { $0.state }) } catch {
            guard error.kind == .diskFull else { throw error }
            receipt.settle(error)
        }
    }

    private func admit(
        _ entry: LogEntry,
        _ ahead: inout LogState,
        _ entries: inout [LogEntry]
    ) {
        let admission = ahead.admit(entry.record)
        for record in admission.before { entries.append(LogEntry(record)) }
        if admission.isAdmitted { entries.append(entry) }
        for record in admission.after { entries.append(LogEntry(record)) }
    }

    /// Adds what a durable group owes that asked for everything in the archive.
    private func oweEverything(
        _ record: LogRecord,
        _ ahead: inout LogState,
        _ entries: inout [LogEntry]
    ) throws(RecordingError) {
        guard case .group(let group) = record else { return }
        let run = Run(group: group.name, number: 0)
        let frames = try log.frames(covering: group.covers(stream:)) { damage in
            logger.error("group \(group.name) does not get the frames of a segment: \(damage)")
        }
        for (stream, epochs) in frames {
            for (epoch, set) in epochs {
                for owed in Owed.records(set, epoch: epoch, stream: stream, run: run) {
                    admit(LogEntry(.owed(owed)), &ahead, &entries)
                }
            }
        }
    }

    /// Writes the entries, and publishes at once what they change and which messages they were.
    ///
    /// - Returns: Whether they were written before the archive was ended.
    private func write(
        _ entries: inout [LogEntry],
        _ items: ArraySlice<Inbox.Item>,
        _ writer: inout LogWriter
    ) throws(RecordingError) -> Bool {
        if !entries.isEmpty {
            guard try append(entries, &writer) else { return false }
        }
        published.withLock { published in
            for entry in entries { published.state.apply(entry.record) }
            published.count(items)
        }
        entries.removeAll(keepingCapacity: true)
        return true
    }

    /// Puts the entries on disk, waiting for room on a full one until the archive is ended.
    private func append(
        _ entries: [LogEntry],
        _ writer: inout LogWriter
    ) throws(RecordingError) -> Bool {
        var hasWaited = false
        while true {
            do throws(RecordingError) {
                // Copied only when a segment begins, which is rare.
                let state = published.withLock { $0.state }
                _ = try writer.append(entries, state: state)
                break
            } catch {
                guard error.kind == .diskFull else { throw error }
                if !hasWaited {
                    logger.error("\(error)")
                    say(full: "the archive's disk is full; nothing is kept until there is room")
                }
                hasWaited = true
                if inbox.wait(for: .seconds(1)) { return false }
            }
        }
        if hasWaited {
            logger.notice("there is room on the disk again")
            say(full: nil)
        }
        return true
    }

    private func say(full reason: String?) {
        troubleBox.withLock { $0.diskFull = reason }
        for wakeUp in wakeUps { wakeUp.signal() }
    }

    private func settle(_ items: [Inbox.Item], _ failure: RecordingError?) {
        for item in items {
            switch item {
            case .own(_, let receipt?), .roll(let receipt): receipt.settle(failure)
            case .transfer(let transfer): transfer.receipt.settle(failure)
            case .own, .message: break
            }
        }
    }
}

extension LogState {
    /// Whether `record` defines a new durable group that wants everything in the archive.
    fileprivate func beginsAtTheBeginning(_ record: LogRecord) -> Bool {
        guard case .group(let group) = record else { return false }
        return group.policy == .durable && group.start == .beginning && groups[group.name] == nil
    }
}
