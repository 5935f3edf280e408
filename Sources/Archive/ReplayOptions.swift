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

    @Flag(help: .setting("Begin and return at once.", "detach"))
    var detach: Bool = Setting.flag("detach")

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
