import Service
import Wire
import ZeroMQ

/// The one member of an anonymous `latest` group: saves the frames that the broker leases to it, and
/// answers each with nothing, so that the next one comes.
struct Viewer: ~Copyable {
    private var link: Link
    private var pace: ViewPace
    private let folder: PictureFolder
    private var report: ViewReport
    private let name: String
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    /// The answer that is owed, and from when on it may go.
    private var owed: (result: Wire.Result, at: ContinuousClock.Instant)?

    init(
        _ configuration: Link.Configuration,
        patterns: [String],
        pace: ViewPace,
        folder: PictureFolder,
        report: ViewReport
    ) throws {
        let name = "view-\(ProcessName.make())"
        self.name = name
        self.pace = pace
        self.folder = folder
        self.report = report
        start = clock.now
        link = try Link(configuration, in: Context()) {
            Hello(name: name, role: .viewer(patterns: patterns))
        }
    }

    /// Runs until so many frames are saved, or the process is to stop.
    ///
    /// - Throws: A ``Failure`` when the broker cannot be reached or refuses, or a file cannot be written.
    consuming func run(limit: UInt64) throws {
        do {
            while pace.saved < limit {
                // What is due already waits for room alone.
                let isDue = isAnswerDue
                let event = try link.next(until: isDue ? nil : owed?.at, wantsToSend: isDue)
                guard try handle(event) else { break }
                try answer()
            }
        } catch {
            if pace.saved > 0 { report.end(pace, folder) }
            throw error
        }
        report.end(pace, folder)
        link.close(reason: "the viewer has seen enough")
    }

    private var isAnswerDue: Bool { owed.map { $0.at <= clock.now } ?? false }

    /// Deals with one event.
    ///
    /// - Returns: Whether to go on.
    private mutating func handle(_ event: consuming LinkEvent) throws -> Bool {
        switch consume event {
        case .message(let parts):
            if parts.type == .deliver { try take(parts) } else { link.recycle(parts) }
        // The lease belonged to the session.
        case .lost: owed = nil
        case .refused(let error): throw Failure(.general, error.sentence)
        case .stopped: return false
        case .connected: break
        case .warned: break
        case .writable: break
        case .woken: break
        case .timedOut: break
        }
        return true
    }

    private mutating func take(_ parts: consuming Parts) throws {
        guard let lease: Deliver = try? parts.read() else {
            return link.reconnect(reason: "it sent a lease that cannot be read")
        }
        guard let frame = try? Frame(part: parts.frameHeader),
            (try? frame.check(payload: parts.payload)) != nil
        else { return link.reconnect(reason: "it sent a frame that is damaged") }
        var answerAt = clock.now
        let deadline = Duration.milliseconds(Int64(lease.deadlineMilliseconds))
        switch pace.take(frame.id, deadline: deadline, at: answerAt - start) {
        case .known: break
        case .passOver(let then): answerAt = start + then
        case .save:
            let file = try folder.save(frame, parts.payload)
            report.add(frame, file, pace)
        }
        owed = (emptyResult(of: frame.id, lease), answerAt)
        link.recycle(parts)
    }

    private func emptyResult(of frame: FrameID, _ lease: Deliver) -> Wire.Result {
        Wire.Result(
            run: lease.run,
            frame: frame,
            token: lease.token,
            attempt: lease.attempt,
            worker: name,
            model: "",
            modelHash: 0,
            startedAt: WallClock.nanoseconds
        )
    }

    /// Sends the answer, if it is due and there is room.
    private mutating func answer() throws {
        guard let due = owed, due.at <= clock.now else { return }
        if try link.send(due.result) != .wouldBlock { owed = nil }
    }
}
