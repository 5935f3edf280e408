package import Wire

/// What a person sees of the broker: the broker as a whole, then its parts.
package struct StatusReport: Sendable {
    /// The broker; the caller fills in its clock.
    package var broker = Status()
    /// All streams, by name.
    package var streams: [StreamStatus] = []
    /// All groups but viewers', by name.
    package var groups: [GroupStatus] = []
    /// The workers of those groups, by name.
    package var workers: [WorkerStatus] = []
}

extension Router {
    /// The state of everything, for ``Status`` and what follows it.
    package func report() -> StatusReport {
        var report = StatusReport()
        report.streams = streams.map(status).sorted { $0.stream < $1.stream }
        for (index, group) in groups.enumerated() {
            guard let definition = group.definition, !group.isViewer else { continue }
            report.groups.append(status(of: group, index, definition))
            report.workers += group.workers.map { status(of: workers[$0], group) }
        }
        report.groups.sort { $0.group.name < $1.group.name }
        report.workers.sort { ($0.group, $0.name) < ($1.group, $1.name) }
        report.broker.session = settings.session
        report.broker.uptimeMilliseconds = UInt64(now.milliseconds)
        report.broker.payloadBytes = UInt64(slots.byteCount)
        report.broker.payloadBudget = UInt64(settings.payloadBudget)
        report.broker.hasArchive = lane.isReady
        report.broker.archiveTrouble = lane.session?.trouble ?? ""
        report.broker.uncommittedMessages = UInt64(lane.items.count)
        report.broker.streams = UInt32(report.streams.count)
        report.broker.groups = UInt32(report.groups.count)
        report.broker.workers = UInt32(report.workers.count)
        report.broker.viewers = UInt32(viewers)
        return report
    }

    private func status(of stream: Stream) -> StreamStatus {
        var status = StreamStatus(stream: stream.name)
        status.isLive = stream.camera != nil
        status.next = stream.next
        status.archivedNext = stream.archivedNext
        status.frames = stream.frameCount
        status.bytes = stream.byteCount
        status.shed = stream.shedCount
        status.lost = stream.lostCount
        status.archived = stream.committedFrames
        status.obstacle = obstacle(of: stream)
        return status
    }

    /// Why the camera's window is used up, if it is.
    private func obstacle(of stream: Stream) -> StreamStatus.Obstacle {
        guard let camera = stream.camera, camera.limit <= camera.received else { return .none }
        if camera.held > 0 { return lane.isReady ? .commit : .archive }
        return stream.needsArchive && !lane.isReady ? .archive : .memory
    }

    private func status(of group: Group, _ index: Int, _ definition: GroupDefinition) -> GroupStatus
    {
        var status = GroupStatus(group: definition)
        status.workers = UInt32(group.workers.count)
        status.completed = group.completed
        status.failed = group.failed
        status.shed = group.shed
        status.superseded = group.superseded
        status.dead = group.dead
        status.replayCompleted = group.replayCompleted
        // While the archive tells what it has, a part of it is known.
        status.isKnown =
            !group.isDurable || group.isRecorded && (lane.session == nil || lane.isReady)
        var oldest: Duration?
        for state in group.feeds where !state.isOver {
            status.leased += UInt32(state.leased)
            if state.isReplay {
                status.replayOwed += UInt64(max(0, state.account.owed))
                continue
            }
            add(state, isDurable: definition.policy == .durable, to: &status)
            let arrived = oldestArrival(state)
            oldest = [oldest, arrived].compactMap(\.self).min()
        }
        for entry in entriesOutOfQueues(of: group) {
            oldest = min(oldest ?? now, entry.arrivedAt)
            status.lagBytes += UInt64(entry.byteCount)
        }
        status.lagMilliseconds = UInt64((now - (oldest ?? now)).milliseconds)
        status.published =
            definition.policy == .durable
            ? status.completed + status.shed + status.dead + status.pending : group.published
        return status
    }

    /// Adds one feed of the live run to its group's numbers.
    private func add(_ feed: Feed, isDurable: Bool, to status: inout GroupStatus) {
        let stream = streams[feed.stream]
        guard isDurable else {
            status.pending += UInt64(feed.queue.count + feed.suspected + feed.leased)
            status.lagBytes += UInt64(feed.queuedBytes)
            return
        }
        let pending = feed.account.pending(keptFrames: stream.keptFrames)
        status.pending += pending
        status.completed += feed.account.completed
        status.failed += feed.account.failed
        status.dead += feed.account.dead
        status.shed += feed.account.shed
        if case .live(let next) = feed.source {
            status.lagBytes += UInt64(feed.queuedBytes)
            for index in next..<stream.ring.endIndex {
                status.lagBytes += UInt64(stream.ring.entry(at: index)?.byteCount ?? 0)
            }
        } else {
            // What is in the archive only is taken to be like what has come lately.
            let mean = stream.frameCount > 0 ? stream.byteCount / stream.frameCount : 0
            let known = UInt64(feed.queue.count + feed.suspected + feed.leased)
            let rest = pending - min(pending, known)
            let (bytes, isTooMuch) = rest.multipliedReportingOverflow(by: mean)
            let owed = isTooMuch ? Limits.number : min(bytes, Limits.number)
            status.lagBytes = min(
                Limits.number,
                status.lagBytes + UInt64(feed.queuedBytes) + owed
            )
        }
    }

    /// The frames of the live run that workers hold, and those that wait to be tried alone.
    private func entriesOutOfQueues(of group: Group) -> [Entry] {
        var entries: [Entry] = []
        for worker in group.workers.map({ workers[$0] }) {
            for lease in worker.leases.compactMap({ leases[$0] })
            where lease.run == 0 && !lease.isExpired {
                entries.append(lease.entry)
            }
        }
        for offset in 0..<group.suspects.count
        where !group.feeds[group.suspects[offset].feed].isReplay {
            entries.append(group.suspects[offset].entry)
        }
        return entries
    }

    private func oldestArrival(_ feed: Feed) -> Duration? {
        if let entry = feed.queue.first { return entry.arrivedAt }
        guard case .live(let next) = feed.source else {
            let pending = feed.account.pending(keptFrames: streams[feed.stream].keptFrames)
            return pending > UInt64(feed.leased + feed.suspected) ? feed.behindSince : nil
        }
        return streams[feed.stream].ring.entry(at: next)?.arrivedAt
    }

    private func status(of worker: Worker, _ group: Group) -> WorkerStatus {
        var status = WorkerStatus(group: group.name, name: worker.name)
        status.model = worker.model
        status.creditFrames = UInt32(worker.creditFrames)
        status.leased = UInt32(worker.leases.count)
        status.answered = worker.answered
        status.creditBytes = UInt64(worker.creditBytes)
        status.leasedBytes = UInt64(worker.leasedBytes)
        let oldest = worker.leases.first.flatMap { leases[$0]?.grantedAt } ?? now
        status.oldestLeaseMilliseconds = UInt64((now - oldest).milliseconds)
        return status
    }
}
