import Wire

private let epoch: UInt64 = 1_760_000_000_000_000_000

/// What the vectors of STATUS and its followers mean.
let statusMessages: [String: any WireMessage] = [
    "status": status, "stream status": stream, "group status": group, "worker status": worker,
]

private var status: Status {
    var status = Status()
    status.session = 0xFEDC_BA98_7654_3210
    status.at = Int64(epoch)
    status.uptimeMilliseconds = 61_000
    status.payloadBytes = 1_000
    status.payloadBudget = 1 << 30
    status.hasArchive = true
    status.archiveTrouble = "the disk is full"
    status.uncommittedMessages = 3
    (status.streams, status.groups, status.workers) = (1, 2, 4)
    status.viewers = 2
    return status
}

private var stream: StreamStatus {
    var stream = StreamStatus(stream: "kiosk")
    stream.isLive = true
    stream.next = Place(epoch: epoch, sequence: 42)
    stream.archivedNext = 40
    stream.frames = 41
    stream.bytes = 1_640_000
    (stream.shed, stream.lost, stream.archived) = (1, 2, 38)
    stream.obstacle = .commit
    return stream
}

private var group: GroupStatus {
    var group = GroupStatus(
        group: GroupDefinition(
            name: "faces",
            patterns: ["lobby/*", "kiosk"],
            policy: .durable,
            order: .stream,
            start: .beginning
        )
    )
    (group.workers, group.leased) = (4, 8)
    (group.published, group.completed, group.failed) = (100, 60, 2)
    (group.shed, group.superseded, group.dead, group.pending) = (5, 7, 1, 27)
    (group.lagBytes, group.lagMilliseconds) = (1_080_000, 900)
    (group.replayOwed, group.replayCompleted) = (11, 12)
    group.isKnown = false
    return group
}

private var worker: WorkerStatus {
    var worker = WorkerStatus(group: "faces", name: "host-4711")
    worker.model = "yunet 2023mar"
    (worker.creditFrames, worker.leased) = (8, 2)
    worker.oldestLeaseMilliseconds = 120
    worker.answered = 58
    (worker.creditBytes, worker.leasedBytes) = (16 << 20, 91_000)
    return worker
}
