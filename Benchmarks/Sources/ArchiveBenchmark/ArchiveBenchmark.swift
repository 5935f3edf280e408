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
    @Flag(help: "Compare with the aims.")
    var check = false

    func run() throws {
        let work = URL(filePath: directory).appending(path: "zoetrope-bench-\(getpid())")
        try FileManager.default.createDirectory(at: work, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: work) }
        var rows = [
            Ratio("durable ingest, 50,000 B", unit: "frames/s", aim: 0.85),
            Ratio("durable ingest, 1,000 B", unit: "frames/s", aim: 0.5),
            Ratio("read for a replay, warm, 50,000 B", unit: "frames/s", aim: 0.7),
            Ratio("read for a replay, cold, 50,000 B", unit: "frames/s", aim: 0.8),
        ]
        for turn in 0..<turns {
            let ours = turn.isMultiple(of: 2)
            let large = Stretch(frames: megabytes * 20, frameBytes: 50_000, batch: 64)
            let small = Stretch(frames: megabytes * 100, frameBytes: 1_000, batch: 1_000)
            try rows[0].add(
                oursFirst: ours,
                { try large.write(in: work) },
                { try large.writePlainly(in: work) }
            )
            try rows[1].add(
                oursFirst: ours,
                { try small.write(in: work) },
                { try small.writePlainly(in: work) }
            )
            let reading = try Reading(large, in: work)
            try rows[2].add(oursFirst: ours, { try reading.warm() }, { reading.plainly() })
            try rows[3].add(oursFirst: ours, { try reading.cold() }, { try reading.dd() })
            try reading.remove()
        }
        print(Ratio.header)
        for row in rows { print(row.line) }
        if check, rows.contains(where: { !$0.isReached }) { throw ExitCode(1) }
    }
}

/// One row: ours beside plain C, in turns.
struct Ratio {
    let name: String
    let unit: String
    let aim: Double
    private var ours: [Double] = []
    private var plain: [Double] = []

    init(_ name: String, unit: String, aim: Double) {
        self.name = name
        self.unit = unit
        self.aim = aim
    }

    /// Measures both once; each closure returns what it did a second.
    mutating func add(oursFirst: Bool, _ our: () throws -> Double, _ other: () throws -> Double)
        rethrows
    {
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
                format: " %8.0f    %4.0f %%  %8.0f   %4.0f %%   %5.2f  %4.2f  %@",
                Self.median(ours),
                Self.spread(ours),
                Self.median(plain),
                Self.spread(plain),
                ratio,
                aim,
                unit
            )
    }
}
