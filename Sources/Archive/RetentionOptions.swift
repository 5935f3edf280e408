import ArgumentParser
import Recording
import Service
import Wire

/// How long frames are kept: `30d`, or `lobby/*=7d` for some streams.
struct RetainAge: ExpressibleByArgument, Hinting {
    let age: RetentionPolicy.Age

    static let hint = "an age like 30d, or 'lobby/*=7d' for the streams that a pattern covers"

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let last = parts.last, let time = Duration(argument: String(last)),
            time > .zero
        else { return nil }
        let pattern = parts.count == 2 ? String(parts[0]) : "*"
        guard Names.isValidPattern(pattern) else { return nil }
        age = RetentionPolicy.Age(pattern: pattern, nanoseconds: Int64(time / .nanoseconds(1)))
    }
}

/// Room on a disk: `10G`, or `5%` of it.
struct DiskRoom: ExpressibleByArgument, Hinting {
    let room: RetentionPolicy.Room

    static let hint = "a size like 10G, or a share of the disk like 5%"

    init?(argument: String) {
        if argument.hasSuffix("%") {
            guard let share = Double(argument.dropLast()), (0..<100).contains(share) else {
                return nil
            }
            room = .percent(share)
        } else {
            guard let size = ByteCount(argument: argument) else { return nil }
            room = .bytes(size.bytes)
        }
    }
}

/// The options that say how long an archive keeps what.
struct RetentionOptions: ParsableArguments {
    @Option(
        name: .customLong("retain-age"),
        help: .setting(
            "How long frames are kept: 30d, or 'lobby/*=7d' for some streams; may be given several"
                + " times, and the last one that covers a stream counts.",
            "retain-age",
            valueName: "age"
        )
    )
    var ageOptions: [RetainAge] = []

    @Option(
        name: .customLong("retain-bytes"),
        hinting: .setting(
            "Bytes of the log at most; the oldest frames go.",
            "retain-bytes",
            valueName: "size"
        )
    )
    var byteOption: ByteCount?

    @Option(
        name: .customLong("retain-results"),
        hinting: .setting(
            "How long results are kept, also without their frames; without this they go with them.",
            "retain-results",
            valueName: "age"
        )
    )
    var resultsOption: Duration?

    @Option(
        name: .customLong("keep-free"),
        hinting: .setting(
            "Room left on the disk: 10G, or 5%; the oldest frames go, at last also those that a group"
                + " still has to see.",
            "keep-free",
            valueName: "room"
        )
    )
    var roomOption: DiskRoom?

    /// What they come to.
    var policy: RetentionPolicy {
        var policy = RetentionPolicy()
        let ages = ageOptions.isEmpty ? Setting.list("retain-age") : ageOptions
        policy.ages = ages.map { (option: RetainAge) in option.age }
        policy.byteCount = (byteOption ?? Setting.optional("retain-bytes"))?.bytes
        policy.results = (resultsOption ?? Setting.optional("retain-results")).map {
            Int64($0 / .nanoseconds(1))
        }
        policy.keepFree = (roomOption ?? Setting.optional("keep-free", as: DiskRoom.self))?.room
        return policy
    }
}
