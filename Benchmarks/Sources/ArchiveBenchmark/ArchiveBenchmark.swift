internal import ArgumentParser
internal import CPlain
internal import Foundation

/// What the archive's log takes and gives, beside the least that must be done for it in plain C.
@main
struct ArchiveBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Measure the archive's log beside plain C: writing frames durably, reading them for a replay.",
        discussion: """
            Both write frames to LMDB under ascending positions, so many bytes a transaction, each transaction on disk \
            before the next. Both read each frame into memory of its own and check it with XXH3; plain C reads from \
            memory, and for what is cold `dd` reads the same files. All take turns in one run, and the medians count. \
            Exit code 1 with --check: a ratio is below its aim.
            """
    )

    @Option(help: "Turns of each row; five at least for a median that means something.")
    var turns = 5
    @Option(help: "Megabytes written in a turn.")
    var megabytes = 400
    @Option(help: "Where to write; the disk under measurement.")
    var directory = "/var/tmp"
    @Option(help: "Only rows with this in their names, for example 1,000.")
    var row = ""
    @Flag(help: "Compare with the aims.")
    var check = false

    func run() throws {
        let work = URL(filePath: directory).appending(path: "zoetrope-bench-\(getpid())")
        try FileManager.default.createDirectory(at: work, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: work) }
        let large = Stretch(frames: megabytes * 20, frameBytes: 50_000, batch: 64)
        let small = Stretch(frames: megabytes * 100, frameBytes: 1_000, batch: 1_000)
        var rows = [
            Ratio("durable ingest, 50,000 B", aim: 0.85, of: .writing(large)),
            Ratio("durable ingest, 1,000 B", aim: 0.5, of: .writing(small)),
            Ratio("read for a replay, warm, 50,000 B", aim: 0.7, of: .readingWarm(large)),
            Ratio("read for a replay, cold, 50,000 B", aim: 0.8, of: .readingCold(large)),
        ].filter { row.isEmpty || $0.name.contains(row) }
        guard !rows.isEmpty else { throw ValidationError("no row has '\(row)' in its name") }
        for turn in 0..<turns {
            for index in rows.indices {
                try rows[index].measure(oursFirst: turn.isMultiple(of: 2), in: work)
            }
        }
        print(Ratio.header)
        for row in rows { print(row.line) }
        if check, rows.contains(where: { !$0.isReached }) { throw ExitCode(1) }
    }
}

/// One row: ours beside plain C, in turns.
struct Ratio {
    /// What is done, by ours and by the other.
    enum Work {
        case writing(Stretch)
        case readingWarm(Stretch)
        case readingCold(Stretch)
    }

    let name: String
    let aim: Double
    private let work: Work
    private var ours: [Double] = []
    private var plain: [Double] = []

    init(_ name: String, aim: Double, of work: Work) {
        self.name = name
        self.aim = aim
        self.work = work
    }

    /// Measures both once, in the directory `place`.
    mutating func measure(oursFirst: Bool, in place: URL) throws {
        switch work {
        case .writing(let stretch):
            // Whoever writes first would pay for memory that a virtual machine has given back to its host.
            _ = try stretch.writePlainly(in: place)
            try add(
                oursFirst,
                { try stretch.write(in: place) },
                { try stretch.writePlainly(in: place) }
            )
        case .readingWarm(let stretch):
            let reading = try Reading(stretch, in: place)
            try add(oursFirst, { try reading.warm() }, { reading.plainly() })
            try reading.remove()
        case .readingCold(let stretch):
            let reading = try Reading(stretch, in: place)
            try add(oursFirst, { try reading.cold() }, { try reading.dd() })
            try reading.remove()
        }
    }

    /// Each closure returns what it did a second.
    private mutating func add(
        _ oursFirst: Bool,
        _ our: () throws -> Double,
        _ other: () throws -> Double
    ) rethrows {
        if oursFirst { ours.append(try our()) }
        plain.append(try other())
        if !oursFirst { ours.append(try our()) }
    }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
    }

    private static func spread(_ values: [Double]) -> Double {
        ((values.max() ?? 0) - (values.min() ?? 0)) / median(values) * 100
    }

    private var ratio: Double { Self.median(zip(ours, plain).map { $0 / $1 }) }
    var isReached: Bool { ratio >= aim }

    static let header =
        "ROW                                      OURS      SPREAD   PLAIN     SPREAD   RATIO   AIM"

    var line: String {
        name.padding(toLength: 38, withPad: " ", startingAt: 0)
            + String(
                format: " %8.0f    %4.0f %%  %8.0f   %4.0f %%   %5.2f  %4.2f  frames/s",
                Self.median(ours),
                Self.spread(ours),
                Self.median(plain),
                Self.spread(plain),
                ratio,
                aim
            )
    }
}
