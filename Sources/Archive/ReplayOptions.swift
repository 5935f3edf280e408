import ArgumentParser
import Recording
import Service
import Wire

/// The options of every command that begins a replay.
struct ReplayOptions: ParsableArguments {
    @Option(
        hinting: .setting(
            "How fast: 1 as it was recorded, another number for times that, max for as fast as the"
                + " workers go.",
            "pace"
        )
    )
    var pace: Pace = Setting.value("pace", default: .max)

    @Option(
        hinting: .setting(
            "With a pace: the longest silence that is played; longer ones are cut to it.",
            "max-gap",
            valueName: "time"
        )
    )
    var maxGap: Duration?

    @Option(hinting: .setting("Frames a second at most.", "rate"))
    var rate: Double?

    @Flag(help: .setting("Begin and return at once.", "detach"))
    var detach: Bool = Setting.flag("detach")

    private var longestGap: Duration? { maxGap ?? Setting.optional("max-gap") }
    private var mostFrames: Double? { rate ?? Setting.optional("rate") }

    func validate() throws {
        if let maxGap = longestGap, maxGap < .zero {
            throw ValidationError("--max-gap is 0 or a time")
        }
        if longestGap != nil, pace == .max {
            throw ValidationError("--max-gap goes with --pace 1 or another number: max has no gaps")
        }
        if let rate = mostFrames, !(rate > 0 && rate.isFinite) {
            throw ValidationError("--rate is a number of frames a second above 0")
        }
    }

    /// What is asked of the archive: frames, and how they are played.
    func request(
        _ selection: Catalog.Selection,
        to group: String,
        words: String
    ) -> ReplayRequest {
        ReplayRequest(
            selection: selection,
            group: group,
            pace: pace.times,
            words: words,
            rate: mostFrames ?? 0,
            maxGap: longestGap.map { UInt64(max(.zero, $0) / .nanoseconds(1)) }
        )
    }

    /// Begins a replay and watches it to its end, or until `stop`.
    func replay(
        _ request: ReplayRequest,
        _ reading: ReadingOptions,
        _ listing: ListingOptions,
        stop: StopSignal
    ) throws {
        try explaining {
            try reading.directory.mustExist()
            var client = try ControlClient(reading.directory, patience: reading.connectTimeout)
            guard let job = try client.ask(.replay(request)).job else {
                throw Failure(.general, "the archive did not say what became of the replay")
            }
            var watch = ReplayWatch(job, json: listing.json)
            watch.begin()
            if detach { return watch.leave() }
            try watch.run(&client, stop: stop)
        }
    }
}

/// Checks the name of a group that is to get frames.
func checkGroup(_ name: String) throws(ValidationError) {
    guard Names.isValidGroup(name) else {
        throw ValidationError("--group is '\(name)'; a name is 1 to 64 of a-z 0-9 . - _")
    }
}

/// How fast a replay goes.
struct Pace: ExpressibleByArgument, Equatable, Hinting {
    /// Times the speed of the recording; 0 is as fast as it goes.
    let times: Double

    static let max = Pace(times: 0)
    static let hint = "max, or a number above 0: 1 is as it was recorded"

    init(times: Double) { self.times = times }

    init?(argument: String) {
        if argument == "max" {
            times = 0
        } else if let number = Double(argument), number > 0, number.isFinite {
            times = number
        } else {
            return nil
        }
    }

    var defaultValueDescription: String { times == 0 ? "max" : "\(times)" }
}
