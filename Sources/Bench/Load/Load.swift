import Logging
import Service
import Synchronization
import Wire
import ZeroMQ

/// Cameras and workers that begin together.
struct Load: Sendable {
    /// From more cameras than that on they share a thread that moves their bytes.
    private static let crowd = 4
    /// Frames that the broker holds for a `queue` group unless told otherwise.
    static let queueFrames = 256
    /// How long all may take to be let in.
    static let welcome = Duration.seconds(30)

    var cameras: [CameraPlan] = []
    var workers: [WorkerPlan] = []
    /// Workers that come when the cameras have ended.
    var helpers: [WorkerPlan] = []
    /// Frames to be done, where there are no cameras; `nil` no end.
    var frames: Int?
    /// How long the workers work, where there are no cameras; `nil` no end.
    var time: Duration?
    /// How long the last frames may take.
    var patience = Duration.seconds(60)
    /// Frames that the broker holds for the group, as far as that is known.
    var queueFrames = Load.queueFrames

    /// What became of it.
    struct Outcome: Sendable {
        /// What became of the cameras' frames.
        var cameras = CameraReport()
        /// What the workers have done.
        var work = Tally.Standing()
        /// From the beginning, or without cameras from when all were let in, to the last acknowledgement or the
        /// last frame done.
        var duration = Duration.zero
        /// What did not come true, for a person; empty when all did.
        var trouble = ""

        /// Frames acknowledged a second, over the whole time.
        var framesPerSecond: Double {
            let frames = cameras.taken > 0 ? cameras.delivered : work.frames
            return duration > .zero ? Double(frames) / (duration / .seconds(1)) : 0
        }
    }

    /// Runs it to its end, or until `stop`.
    ///
    /// - Parameters:
    ///   - stop: Ends it early.
    ///   - logger: Told by the connections.
    ///   - begun: Called when the moment of the beginning is known.
    /// - Returns: What became of it; `Outcome.trouble` says what did not come true.
    /// - Throws: A `Failure` when cameras or workers are not let in, or one of them cannot go on.
    func run(
        stop: StopSignal,
        logger: Logger,
        begun: (Gate.Beginning) throws -> Void = { _ in }
    ) throws -> Outcome {
        let backlogs = self.backlogs
        let tally = Tally(backlogs: backlogs)
        let gate = Gate(parties: cameras.count + workers.count)
        let reports = Mutex<[CameraReport]>([])
        defer { gate.close() }
        let employ = { (plan: WorkerPlan) in
            try ServiceThread(plan.name) {
                try LoadWorker(plan, gate: gate, tally: tally, stop: stop, logger: logger).run()
            }
        }
        var crew = try workers.map(employ)
        // Cameras are programs of their own, each with a thread that moves its bytes; hundreds of such
        // threads on this machine would measure themselves.
        let shared = try Context(socketCount: Int32(clamping: 1_023 + 4 * cameras.count))
        let isCrowded = cameras.count > Self.crowd
        let senders = try cameras.map { plan in
            try ServiceThread(plan.stream) {
                let camera = try LoadCamera(
                    plan,
                    in: isCrowded ? shared : Context(),
                    gate: gate,
                    backlog: backlogs[plan.stream],
                    stop: stop,
                    logger: logger
                )
                let report = try camera.run()
                reports.withLock { $0.append(report) }
            }
        }
        do throws(Failure) {
            try gate.wait(for: Self.welcome)
        } catch {
            // What ended one of them says more.
            for thread in senders + crew where thread.hasEnded { try thread.join() }
            throw stop.isRaised ? Failure(.general, "it was stopped before it began") : error
        }
        guard let beginning = gate.beginning else { return Outcome() }
        // Without cameras it begins with what makes frames come.
        let start = cameras.isEmpty ? .now : beginning.instant
        try begun(beginning)
        for sender in senders { try sender.join() }
        crew += try helpers.map(employ)
        var outcome = Outcome()
        for report in reports.withLock({ $0 }) { outcome.cameras.add(report) }
        outcome.trouble = finish(outcome.cameras, tally, stop, crew)
        outcome.work = tally.standing
        let last = [outcome.cameras.last, outcome.work.last].compactMap { $0 }.max()
        outcome.duration = (last ?? start) - start
        gate.close()
        for worker in crew { try worker.join() }
        return outcome
    }

    /// Of the cameras that send as fast as they can to a group that would shed what is too much.
    private var backlogs: [String: Backlog] {
        let free = cameras.filter { $0.framesPerSecond == nil }
        guard !free.isEmpty, workers.contains(where: { $0.group.policy == .queue }) else {
            return [:]
        }
        // Well under the frames and the 64 MiB that a queue group holds.
        return Dictionary(
            uniqueKeysWithValues: free.map { plan in
                let bytes = (16 << 20) / max(1, plan.pictures.byteCount)
                let limit = min(max(4, bytes), max(1, queueFrames * 7 / 8 / free.count))
                return (plan.stream, Backlog(limit: limit))
            }
        )
    }

    /// Waits for the workers, and says what did not come true.
    private func finish(
        _ cameras: CameraReport,
        _ tally: Tally,
        _ stop: StopSignal,
        _ crew: [ServiceThread]
    ) -> String {
        if self.cameras.isEmpty, frames == nil {
            stop.wait(for: time)
            return ""
        }
        if stop.isRaised { return "it was stopped" }
        if cameras.givenUp > 0 { return "\(cameras.givenUp) frames were never acknowledged" }
        guard !crew.isEmpty else { return "" }
        let expected = frames ?? cameras.delivered
        if !tally.wait(for: expected, patience: patience) {
            let missing = expected - tally.standing.frames
            return "\(missing) frames reached no worker within \(Readable.duration(patience))"
        }
        let standing = tally.standing
        if standing.again > 0 { return "\(standing.again) frames reached a worker twice" }
        return standing.damaged > 0 ? "\(standing.damaged) frames arrived damaged" : ""
    }
}

extension CameraReport {
    fileprivate mutating func add(_ other: CameraReport) {
        taken += other.taken
        delivered += other.delivered
        shed += other.shed
        givenUp += other.givenUp
        last = [last, other.last].compactMap { $0 }.max()
    }
}
