import Logging
import Service
import Wire
import ZeroMQ

/// How one worker of a load works.
struct WorkerPlan: Sendable {
    var endpoint: String
    var name: String
    var group: GroupDefinition
    /// How long each frame takes.
    var workTime = Duration.zero
    /// Frames in hand at once.
    var credit = 32
    /// What each result says.
    var detections: [Detection] = []
}

/// One worker of a load, on a thread of its own: reads each frame, checks that it is what the camera
/// sent, takes its time, and answers with the detections of its plan.
struct LoadWorker: ~Copyable {
    /// How soon the end is noticed.
    private static let look = Duration.milliseconds(50)
    private static let creditBytes: UInt64 = 64 << 20
    /// Frames done that the tally has not heard of.
    private static let mostUntold = 64

    private let plan: WorkerPlan
    private let gate: Gate
    private let tally: Tally
    private var link: Link
    private var hasArrived = false
    /// Leases in hand, in the order they came.
    private var leases: [(result: Wire.Result, done: Tally.Done)] = []
    /// The stream that a frame came from last, and its place in the tally.
    private var stream = (name: "", place: 0)
    /// What the tally has not heard of, and when the last of it was done.
    private var done: [Tally.Done] = []
    private var lastDone = ContinuousClock.now
    /// When something happened last.
    private var now = ContinuousClock.now
    /// When the first of them is done.
    private var due: ContinuousClock.Instant?

    init(
        _ plan: WorkerPlan,
        gate: Gate,
        tally: Tally,
        stop: StopSignal,
        logger: Logger
    ) throws {
        self.plan = plan
        self.gate = gate
        self.tally = tally
        var configuration = Link.Configuration(endpoint: plan.endpoint, logger: logger)
        configuration.stop = stop
        configuration.receiveHighWater = plan.credit + 64
        let wishes = WorkerWishes(
            group: plan.group,
            creditFrames: UInt32(plan.credit),
            creditBytes: Self.creditBytes,
            slots: 1,
            model: "none"
        )
        let name = plan.name
        link = try Link(configuration, in: Context()) { Hello(name: name, role: .worker(wishes)) }
    }

    /// Detections as a model might give them: of three labels, all over the picture.
    static func detections(_ count: Int) -> [Detection] {
        (0..<count).map { number in
            Detection(
                label: ["person", "car", "face"][number % 3],
                score: 0.5 + Float(number % 50) / 100,
                x: Float(number * 37 % 1_000),
                y: Float(number * 91 % 600),
                width: 80,
                height: 120
            )
        }
    }

    /// Works until the load is over.
    consuming func run() throws {
        while !gate.isClosed {
            let look = now + Self.look
            let isReady = due.map { $0 <= now } ?? false
            // What is done is told of before anything is waited for.
            let end = done.isEmpty ? min(look, due ?? look) : now
            let event = try link.next(until: end, wantsToSend: isReady)
            now = .now
            switch consume event {
            case .connected(let welcome): arrive(welcome)
            case .message(let parts):
                take(parts)
            case .timedOut: tellOfDone()
            case .lost: forget()
            case .refused(let error):
                forget()
                if error.code == .groupDiffers { throw Failure(.general, error.sentence) }
            case .stopped: gate.close()
            default: break
            }
            try answer()
            if done.count >= Self.mostUntold { tellOfDone() }
        }
        tellOfDone()
        link.close(reason: "the load is over")
    }

    private mutating func tellOfDone() {
        tally.count(done, last: lastDone)
        done.removeAll(keepingCapacity: true)
    }

    private mutating func arrive(_ welcome: Welcome) {
        guard !hasArrived, welcome.creditFrames > 0 else { return }
        hasArrived = true
        gate.arrive()
    }

    private mutating func forget() {
        leases.removeAll()
        due = nil
    }

    private mutating func take(_ parts: consuming Parts) {
        if parts.type == .deliver, let lease: Deliver = try? parts.read(),
            let frame = try? Frame(part: parts.frameHeader)
        {
            take(lease, frame, isIntact: xxh3(parts.payload) == frame.payloadHash)
        }
        link.recycle(parts)
    }

    private mutating func take(_ lease: Deliver, _ frame: Frame, isIntact: Bool) {
        let result = Wire.Result(
            run: lease.run,
            frame: frame.id,
            token: lease.token,
            attempt: lease.attempt,
            worker: plan.name,
            failure: isIntact ? "" : "the payload is not what the camera sent",
            model: "none",
            modelHash: 0,
            startedAt: WallClock.nanoseconds,
            detections: plan.detections
        )
        if frame.id.stream != stream.name {
            stream = (frame.id.stream, tally.place(of: frame.id.stream))
        }
        let (number, byteCount) = (frame.id.sequence, Int(frame.byteCount))
        leases.append((result, .init(stream.place, number, byteCount, isIntact: isIntact)))
        if due == nil { due = now + plan.workTime }
    }

    /// Answers what is done.
    private mutating func answer() throws {
        var answered = 0
        while let moment = due, moment <= now, answered < leases.count {
            let outcome = try link.send(leases[answered].result)
            guard outcome != .tooLarge else {
                throw Failure(.usage, "the broker takes no results with so many --detections")
            }
            guard outcome == .sent else { break }
            done.append(leases[answered].done)
            lastDone = now
            answered += 1
            due = answered < leases.count ? moment + plan.workTime : nil
        }
        if answered == leases.count {
            leases.removeAll(keepingCapacity: true)
        } else {
            leases.removeFirst(answered)
        }
    }
}
