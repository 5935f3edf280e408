internal import ArgumentParser
internal import CAllocations
internal import Foundation
internal import Wire

/// How many events a second the broker's decisions take on one core, and what that depends on.
@main
struct RoutingBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure Routing alone: events a second on one core, and what they depend on.",
        discussion: """
            A frame, a result and a commit are an event each. A frame is leased once for each group, so \
            that rows of more groups are compared by the lease. Each row changes one number of the \
            first; all take turns in one run, and the fastest turn of each counts, as whatever else \
            the machine does can only make it slower. SPREAD is what the median turn took more. Exit \
            code 1 with --check: a row is not flat, or something was allocated for each event.
            """
    )

    @Option(help: "Turns of each row.")
    var turns = 25
    @Option(help: "Events in a turn, about.")
    var events = 100_000
    @Option(help: "Measure only rows whose name contains this.")
    var only: String?
    @Flag(help: "Compare with the thresholds of this program.")
    var check = false

    func run() throws {
        let shapes = Row.shapes.filter { only == nil || $0.name.contains(only ?? "") }
        var rows = shapes.map { Row($0.name, $0.shape) }
        for index in rows.indices { rows[index].prepare(events: events) }
        for turn in 0..<turns {
            // Backwards every other time, so that none is always behind the same one.
            let order = turn.isMultiple(of: 2) ? Array(rows.indices) : rows.indices.reversed()
            for index in order { rows[index].measure(events: events) }
        }
        print(Row.header)
        for row in rows { print(row.line(beside: rows[0])) }
        guard check else { return }
        let broken = rows.flatMap { $0.broken(beside: rows[0]) }
        for sentence in broken { print(sentence) }
        if !broken.isEmpty { throw ExitCode(1) }
    }
}

/// One shape of traffic, and what was measured of it.
struct Row {
    let name: String
    private let hasMoreGroups: Bool
    private var traffic: Traffic
    private var nanoseconds: [Double] = []
    private var leases = 0
    private var allocations: UInt = 0
    private var events = 0

    init(_ name: String, _ shape: Shape) {
        self.name = name
        hasMoreGroups = shape.groups > 1
        traffic = Traffic(shape)
    }

    /// The rows of the table; the first is what the others are compared with.
    static var shapes: [(name: String, shape: Shape)] {
        var shapes: [(name: String, shape: Shape)] = []
        func add(_ name: String, _ change: (inout Shape) -> Void = { _ in }) {
            var shape = Shape()
            change(&shape)
            shapes.append((name, shape))
        }
        add("16 streams, 1 group, 4 workers")
        for count in [1, 100, 1_000] { add("\(count) streams") { $0.streams = count } }
        for count in [4, 16] { add("\(count) groups") { $0.groups = count } }
        for count in [1, 16, 64, 256] { add("\(count) workers") { $0.workers = count } }
        for count in [64, 1_024, 16_384] { add("\(count) queued") { $0.queued = count } }
        add("order stream") { $0.order = .stream }
        add("order stream, 1,000 streams, 256 workers") {
            $0.order = .stream
            $0.streams = 1_000
            $0.workers = 256
        }
        add("latest") { $0.policy = .latest }
        add("durable") { $0.policy = .durable }
        return shapes
    }

    /// Until everything that grows has grown.
    mutating func prepare(events: Int) {
        let end = traffic.events + events
        while traffic.events < end { traffic.step() }
    }

    mutating func measure(events: Int) {
        let before = (events: traffic.events, allocations: zoetrope_allocations())
        let leasedBefore = traffic.leased
        let start = cpuNanoseconds()
        while traffic.events < before.events + events { traffic.step() }
        let took = cpuNanoseconds() - start
        let handled = traffic.events - before.events
        nanoseconds.append(took / Double(handled))
        allocations += zoetrope_allocations() - before.allocations
        self.events += handled
        leases += traffic.leased - leasedBefore
    }

    /// Time that this thread has had a core: what else the machine does counts less that way.
    private func cpuNanoseconds() -> Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }

    private var fastest: Double { nanoseconds.min() ?? 0 }
    private var median: Double { nanoseconds.sorted()[nanoseconds.count / 2] }
    private var fastestLease: Double { fastest * Double(events) / Double(max(1, leases)) }
    private var allocationsPerEvent: Double { Double(allocations) / Double(events) }

    static let header =
        "ROW                                        EVENTS/S  NS/EVENT  SPREAD  NS/LEASE  RATIO  ALLOCATIONS/EVENT"

    func line(beside first: Row) -> String {
        let spread = (median - fastest) / fastest * 100
        return name.padding(toLength: 42, withPad: " ", startingAt: 0)
            + String(
                format: " %9.0f  %8.0f  %4.0f %%  %8.0f  %5.2f  %17.4f",
                1e9 / fastest,
                fastest,
                spread,
                fastestLease,
                ratio(beside: first),
                allocationsPerEvent
            )
    }

    /// How many times as long as the first row it takes: an event, or a lease where frames have more.
    private func ratio(beside first: Row) -> Double {
        hasMoreGroups ? fastestLease / first.fastestLease : fastest / first.fastest
    }

    /// What is worse than it may be.
    func broken(beside first: Row) -> [String] {
        var broken: [String] = []
        // A row that is faster is no fault.
        let ratio = ratio(beside: first)
        if ratio > 1.2 {
            broken.append("\(name): \(ratio) times the first row, may be 1.2")
        }
        if allocationsPerEvent > 0.001 {
            broken.append("\(name): \(allocationsPerEvent) allocations an event, should be none")
        }
        return broken
    }
}
