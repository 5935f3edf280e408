import Wire

private let epoch: UInt64 = 1_760_000_000_000_000_000
private let begin = Int64(epoch)
private let live = Run(group: "faces", number: 0)
private let durable = GroupDefinition(
    name: "faces",
    patterns: ["lobby/*", "kiosk"],
    policy: .durable,
    order: .stream,
    start: .beginning
)

private func lobby(_ sequence: UInt64) -> FrameID {
    FrameID(stream: "lobby/cam-1", epoch: epoch, sequence: sequence)
}

private func replay(_ number: UInt32) -> Run { Run(group: "faces", number: number) }

/// What each vector of docs/protocol-vectors.json means, by the vector's name.
let vectorMessages: [String: any WireMessage] =
    sessionMessages.merging(cameraMessages) { $1 }
    .merging(workMessages) { $1 }
    .merging(archiveMessages) { $1 }
    .merging(logMessages) { $1 }
    .merging(statusMessages) { $1 }

private let sessionMessages: [String: any WireMessage] = [
    "hello of a camera": Hello(
        name: "camera lobby",
        role: .camera(
            CameraWishes(stream: "lobby/cam-1", epoch: 0, acknowledgement: .archive)
        )
    ),
    "hello of a camera that goes on": Hello(
        name: "",
        largestMessage: 1 << 20,
        role: .camera(CameraWishes(stream: "a", epoch: epoch, acknowledgement: .none))
    ),
    "hello of a worker": Hello(
        name: "host-4711",
        role: .worker(
            WorkerWishes(
                group: durable,
                creditFrames: 8,
                creditBytes: 16 << 20,
                slots: 4,
                model: "yunet 2023mar"
            )
        )
    ),
    "hello of a worker without patterns and model": Hello(
        name: "w",
        role: .worker(
            WorkerWishes(
                group: GroupDefinition(name: "people", patterns: []),
                creditFrames: 1,
                creditBytes: 1 << 40,
                slots: 1,
                model: ""
            )
        )
    ),
    "hello of an archive": Hello(
        name: "archive",
        role: .archive(ArchiveWishes(creditMessages: 4_096, creditBytes: 256 << 20))
    ),
    "hello of a viewer": Hello(name: "zoë 🎥", role: .viewer(patterns: ["*"])),
    "welcome to a camera": welcome {
        $0.session = 0xFEDC_BA98_7654_3210
        $0.lastEpoch = epoch
    },
    "welcome to a worker that has to wait": welcome {
        $0.session = 1
        $0.heartbeatMilliseconds = 250
        $0.silenceMilliseconds = 251
        $0.largestMessage = 1
        $0.note = "no archive is connected yet: a durable group waits for it"
    },
    "welcome to a worker": welcome {
        $0.session = 1
        $0.creditFrames = 8
        $0.creditBytes = 16 << 20
    },
    "error that ends the session": ErrorMessage(
        code: .groupDiffers,
        mayGoOn: false,
        sentence: "group faces reads lobby/*, this worker asks for kiosk"
    ),
    "error that does not": ErrorMessage(code: .unexpected, mayGoOn: true, sentence: ""),
    "heartbeat": Heartbeat(),
    "goodbye": Goodbye(reason: "stopped by SIGTERM"),
    "goodbye without a reason": Goodbye(reason: ""),
    "memory that is asked for": Memory(),
    "bundle of none": Bundle(),
    "bundle": Bundle(count: 64),
    "memory to open": Memory(key: 0x0123_4567_89ab_cdef, path: "/proc/4711/fd/23"),
    "shared payload": SharedPayload(key: 0x0123_4567_89ab_cdef, offset: 1 << 20),
]

private func welcome(_ change: (inout Welcome) -> Void) -> Welcome {
    var welcome = Welcome()
    change(&welcome)
    return welcome
}

private let cameraMessages: [String: any WireMessage] = [
    "frame": Frame(
        id: lobby(7),
        capturedAt: begin + 233_333_333,
        format: .jpeg,
        width: 1_280,
        height: 720,
        byteCount: 3,
        payloadHash: hash("abc".utf8)
    ),
    "frame of a derived stream": Frame(
        id: FrameID(stream: "annotated/host-4711", epoch: epoch, sequence: 0),
        capturedAt: 0,
        format: .bgr8,
        width: 2,
        height: 3,
        byteCount: 18,
        payloadHash: .max,
        parent: lobby(UInt64(Int64.max) - 1)
    ),
    "frame of the largest sides": Frame(
        id: lobby(1),
        capturedAt: .max,
        format: .gray8,
        width: 16_384,
        height: 3_906,
        byteCount: 16_384 * 3_906,
        payloadHash: 0
    ),
    "frame as PNG": Frame(
        id: lobby(2),
        capturedAt: 1,
        format: .png,
        width: 1,
        height: 1,
        byteCount: 64 << 20,
        payloadHash: 1
    ),
    "ack": Ack(
        stream: "lobby/cam-1",
        epoch: epoch,
        receivedNext: 8,
        archivedNext: 5,
        limit: 64 << 20
    ),
    "gap of one stream for all": Gap(
        stream: "lobby/cam-1",
        epoch: epoch,
        first: 8,
        last: 8,
        reason: .shed
    ),
    "gap of a group": Gap(
        stream: "lobby/cam-1",
        epoch: epoch,
        first: 0,
        last: UInt64(Int64.max) - 1,
        reason: .retention,
        group: "faces"
    ),
]

private let workMessages: [String: any WireMessage] = [
    "deliver": Deliver(
        token: 0x8000_0000_0000_0001,
        run: live,
        attempt: 1,
        assignment: 3,
        deadlineMilliseconds: 30_000
    ),
    "deliver of a replay": Deliver(
        token: 2,
        run: replay(.max),
        attempt: 5,
        assignment: 0,
        deadlineMilliseconds: 0
    ),
    "result": Wire.Result(
        run: live,
        frame: lobby(7),
        token: 0x8000_0000_0000_0001,
        attempt: 1,
        worker: "host-4711",
        model: "yunet 2023mar",
        modelHash: 0xCAFE_BABE_DEAD_BEEF,
        startedAt: begin + 250_000_000,
        decodeNanoseconds: 3_100_000,
        inferNanoseconds: 12_500_000,
        attributes: [Attribute(key: "weather", value: "rain"), Attribute(key: "", value: "")],
        detections: [
            Detection(
                label: "face",
                score: 0.9375,
                x: -1.5,
                y: 20.25,
                width: 64,
                height: 80.5,
                track: 12,
                landmarks: [1, 2, 3.5, 4.5],
                embedding: [0.5, -0.25, 0.125]
            ),
            Detection(label: "", score: 0, x: 0, y: 0, width: 0, height: 0),
        ]
    ),
    "result that found nothing": Wire.Result(
        run: replay(2),
        frame: lobby(8),
        token: 2,
        attempt: 2,
        worker: "host-4711",
        model: "m",
        modelHash: 1,
        startedAt: 0
    ),
    "failed result": Wire.Result(
        run: live,
        frame: lobby(9),
        token: 3,
        attempt: 1,
        worker: "host-4711",
        failure: "the payload is no JPEG",
        model: "",
        modelHash: 0,
        startedAt: begin,
        decodeNanoseconds: 1
    ),
]

private let archiveMessages: [String: any WireMessage] = [
    "committed": Committed(count: 4_096),
    "committed and no more for now": Committed(count: 4_096, trouble: "the disk is full"),
    "fetch from the first owed": Fetch(
        run: replay(1),
        stream: "kiosk",
        after: nil,
        frames: 64,
        bytes: 16 << 20
    ),
    "fetch behind a place": Fetch(
        run: live,
        stream: "kiosk",
        after: Place(epoch: epoch, sequence: 41),
        frames: 1,
        bytes: 0
    ),
    "fetched": Fetched(run: replay(1)),
    "end": End(
        run: replay(1),
        stream: "kiosk",
        through: Place(epoch: epoch, sequence: 41),
        isHead: true,
        owedFrames: 3,
        owedBytes: 120_000
    ),
    "end of an empty stream": End(
        run: replay(1),
        stream: "kiosk",
        through: nil,
        isHead: false,
        owedFrames: 0,
        owedBytes: 0
    ),
    "stream": StreamState(stream: "kiosk", next: Place(epoch: epoch, sequence: 42)),
    "group": durable,
    "group with every other choice": GroupDefinition(name: "a.b-c_1", policy: .latest),
    "debt": debt,
    "ready": Ready(),
    "dead letter": DeadLetter(
        run: live,
        frame: lobby(7),
        attempts: 5,
        reason: "the lease ran out",
        worker: "host-4711",
        at: begin
    ),
]

/// A durable group's, with every number.
private var debt: Debt {
    var debt = Debt(run: replay(1), stream: "kiosk", owedFrames: 1_000)
    debt.completedFrames = 900
    debt.failedFrames = 3
    debt.deadFrames = 2
    debt.shedFrames = 1
    return debt
}

private let logMessages: [String: any WireMessage] = [
    "checkpoint": Checkpoint(position: 123_456, byteCount: 64 << 20, payloadHash: .max),
    "begun": Begun(at: begin),
    "job": Job(
        number: 1,
        run: replay(1),
        state: .running,
        pace: 1.5,
        createdAt: begin,
        frames: 3_000,
        selection: "stream lobby/cam-1",
        rate: 12.5,
        silences: [.init(end: begin, leftOut: 5_000_000_000)]
    ),
    "job as fast as it goes": Job(
        number: 2,
        run: replay(2),
        state: .cancelled,
        pace: 0,
        createdAt: begin,
        frames: 0,
        selection: ""
    ),
    "owed": Owed(run: live, stream: "kiosk", epoch: epoch, ranges: [0...0, 2...9]),
    "owed nothing": Owed(run: live, stream: "kiosk", epoch: epoch, ranges: []),
    "order to erase": Order(.erase, name: "1", at: begin, words: "stream lobby/*"),
    "stretch taken": Stretch(.taken, stream: "kiosk", epoch: epoch, ranges: [0...0, 2...9]),
    "stretch of results": Stretch(
        .results,
        name: "faces",
        run: 1,
        stream: "kiosk",
        epoch: epoch,
        ranges: [7...7]
    ),
    "stub": Stub(frame: lobby(7), capturedAt: begin),
]
