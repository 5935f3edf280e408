import Wire

extension RandomMessages {
    mutating func status() -> Status {
        var status = Status()
        status.session = u64()
        status.at = instant()
        status.uptimeMilliseconds = number()
        status.payloadBytes = number()
        status.payloadBudget = number()
        status.hasArchive = flag()
        status.archiveTrouble = text()
        status.uncommittedMessages = number()
        (status.streams, status.groups, status.workers) = (u32(), u32(), u32())
        status.viewers = u32()
        return status
    }

    mutating func streamStatus() -> StreamStatus {
        var status = StreamStatus(stream: stream())
        status.isLive = flag()
        status.next = somePlace()
        (status.archivedNext, status.frames, status.bytes) = (number(), number(), number())
        (status.shed, status.lost, status.archived) = (number(), number(), number())
        status.obstacle = one()
        return status
    }

    mutating func groupStatus() -> GroupStatus {
        var status = GroupStatus(group: group())
        (status.workers, status.leased) = (u32(), u32())
        (status.published, status.completed, status.failed) = (number(), number(), number())
        (status.shed, status.superseded, status.dead) = (number(), number(), number())
        (status.pending, status.lagBytes, status.lagMilliseconds) = (number(), number(), number())
        (status.replayOwed, status.replayCompleted) = (number(), number())
        status.isKnown = flag()
        return status
    }

    mutating func workerStatus() -> WorkerStatus {
        var status = WorkerStatus(group: groupName(), name: name())
        status.model = text()
        (status.creditFrames, status.leased) = (u32(), u32())
        (status.oldestLeaseMilliseconds, status.answered) = (number(), number())
        (status.creditBytes, status.leasedBytes) = (number(), number())
        return status
    }
}
