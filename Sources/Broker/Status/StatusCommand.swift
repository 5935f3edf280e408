import ArgumentParser
import Service
import Wire
import ZeroMQ

#if canImport(Glibc)
import Glibc
#endif

/// `broker status`: what a running broker is doing.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the streams, groups and workers of a running broker.",
        discussion: """
            Rates need two looks, a second apart. With --watch it goes on, as a live table on a \
            terminal and as lines elsewhere.

            Of each group every frame is somewhere, at any moment:
            PUBLISHED = COMPLETED + SHED + SUPERSEDED + DEAD + PENDING. LAG is what is pending: \
            frames, their bytes, and how long the oldest has waited. FAILED are of the completed.
            """
    )

    @Option(
        help: .setting("Where the broker publishes.", "status-events", valueName: "endpoint")
    )
    var events: String = Setting.value("status-events", default: "tcp://127.0.0.1:5552")

    @Flag(help: "Go on until SIGINT or SIGTERM.")
    var watch = false

    @Flag(help: "Print JSON: one object, or one a second with --watch.")
    var json = false

    @Option(
        hinting: .setting("How long to wait for the broker.", "connect-timeout", valueName: "time")
    )
    var connectTimeout: Duration = Setting.value("connect-timeout", default: .seconds(10))

    /// The broker publishes once a second.
    private static let silence = Duration.seconds(3)

    func run() throws {
        let stop = try StopSignal()
        let reader = try StatusReader(events: events, withResults: watch && !json)
        let isTerminal = isatty(STDOUT_FILENO) == 1
        var table = StatusTable(isLive: watch && isTerminal)
        defer { table.end() }
        var isFirst = true
        while true {
            let timeout = isFirst ? connectTimeout : Self.silence
            switch try reader.next(timeout: timeout, stop: stop) {
            case .snapshot(let snapshot):
                if json {
                    print(try snapshot.json())
                } else if watch && !isTerminal {
                    for line in table.lines(snapshot) { print(line) }
                } else if watch || !isFirst {
                    table.show(snapshot)
                } else {
                    table.remember(snapshot)
                }
                if !watch && (json || !isFirst) { return }
                isFirst = false
            case .result(let result): table.add(result)
            case .stopped: return
            case .timedOut:
                guard !isFirst else {
                    throw Failure(
                        .unreachable,
                        "no broker has published on \(events) within "
                            + "\(Readable.duration(connectTimeout)): is it running?"
                    )
                }
                guard watch else {
                    throw Failure(.unreachable, "the broker on \(events) has fallen silent")
                }
                if !json { table.showSilence(of: events) }
            }
        }
    }
}
