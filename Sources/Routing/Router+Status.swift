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
            report.workers += group.workers.compactMap { workers[$0].map { status(of: $0, group) } }
        }
        report.groups.sort { $0.group.name < $1.group.name }
        report.workers.sort { ($0.group, $0.name) < ($1.group, $1.name) }
        report.broker.session = settings.session
        report.broker.uptimeMilliseconds = UInt64(now.milliseconds)
        report.broker.payloadBytes = UInt64(slots.byteCount)
        report.broker.payloadBudget = UInt64(settings.payloadBudget)
        report.broker.hasArchive = lane.isReady
        report.broker.uncommittedMessages = UInt64(lane.items.count)
        report.broker.streams = UInt32(report.streams.count)
        report.broker.groups = UInt32(report.groups.count)
        report.broker.workers = UInt32(report.workers.count)
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
        return status
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
        var oldest: Duration?
        for (feed, state) in group.feeds.enumerated() where !state.isOver {
            status.leased += UInt32(state.leased)
            if state.isReplay {
                status.replayOwed += state.owed
                continue
            }
            status.pending += pending(state, isDurable: definition.policy == .durable)
            status.lagBytes += UInt64(lagBytes(group: index, feed: feed))
            let arrived = oldestArrival(state)
            oldest = [oldest, arrived].compactMap(\.self).min()
        }
        for worker in group.workers.compactMap({ workers[$0] }) {
            for lease in worker.leases.compactMap({ leases[$0] }) {
                oldest = min(oldest ?? now, lease.entry.arrivedAt)
            }
        }
        status.lagMilliseconds = UInt64((now - (oldest ?? now)).milliseconds)
        status.published =
            definition.policy == .durable
            ? status.completed + status.dead + status.pending : group.published
        return status
    }

    /// Frames of the feed that are not done.
    private func pending(_ feed: Feed, isDurable: Bool) -> UInt64 {
        let here = UInt64(feed.queue.count + feed.suspected + feed.leased)
        guard isDurable else { return here }
        // All that a live feed owes is here; only the archive knows what one that is behind owes.
        guard case .live(let next) = feed.source else { return feed.owed }
        let unread = streams[feed.stream].ring.endIndex - next
        return here + UInt64(unread) + feed.answered
    }

    private func lagBytes(group: Int, feed: Int) -> Int {
        let state = groups[group].feeds[feed]
        guard case .live(let next) = state.source else { return state.queuedBytes }
        let ring = streams[state.stream].ring
        return (next..<ring.endIndex).reduce(state.queuedBytes) {
            $0 + (ring.entry(at: $1)?.byteCount ?? 0)
        }
    }

    private func oldestArrival(_ feed: Feed) -> Duration? {
        if let entry = feed.queue.first { return entry.arrivedAt }
        guard case .live(let next) = feed.source else { return nil }
        return streams[feed.stream].ring.entry(at: next)?.arrivedAt
    }

    private func status(of worker: Worker, _ group: Group) -> WorkerStatus {
        var status = WorkerStatus(group: group.name, name: worker.name)
        status.model = worker.model
        status.creditFrames = UInt32(worker.creditFrames)
        status.leased = UInt32(worker.leases.count)
        status.answered = worker.answered
        let oldest = worker.leases.first.flatMap { leases[$0]?.grantedAt } ?? now
        status.oldestLeaseMilliseconds = UInt64((now - oldest).milliseconds)
        return status
    }
}
