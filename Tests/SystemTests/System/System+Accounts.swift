import Foundation
import TestSupport
import Testing

extension System {
    /// Checks the account of all archived frames, which are so many, for a durable group that was
    /// recorded before the first of them: exactly one end each, a result or a dead letter.
    func expectOneEndEach(
        _ group: String,
        of frames: Int,
        within limit: Duration = System.patience,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let ends = """
            (SELECT stream, epoch, sequence FROM results WHERE run = 0 AND group_name = '\(group)'
            UNION ALL
            SELECT stream, epoch, sequence FROM dead_letters WHERE run = 0 AND group_name = '\(group)')
            """
        try await waitFor(
            frames,
            "SELECT COUNT(*) FROM \(ends)",
            within: limit,
            sourceLocation: sourceLocation
        )
        // As many ends as frames, and no frame without one: so each has one.
        let unfinished = try await rows(
            """
            SELECT stream, epoch, sequence FROM frames
            EXCEPT SELECT stream, epoch, sequence FROM \(ends)
            """,
            sourceLocation: sourceLocation
        )
        #expect(unfinished == [], "frames without an end", sourceLocation: sourceLocation)
        try await expectNoResultTwice(sourceLocation: sourceLocation)
    }

    /// Checks that no run of any group has two results of one frame, nor ever sent two to the log.
    func expectNoResultTwice(
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let twice = try await rows(
            """
            SELECT group_name, run, stream, epoch, sequence FROM results
            GROUP BY group_name, run, stream, epoch, sequence HAVING COUNT(*) > 1
            """,
            sourceLocation: sourceLocation
        )
        #expect(twice == [], "frames with two results", sourceLocation: sourceLocation)
        let duplicates = try await number(
            "SELECT COALESCE(SUM(duplicates), 0) FROM runs",
            sourceLocation: sourceLocation
        )
        #expect(duplicates == 0, sourceLocation: sourceLocation)
    }

    /// Checks that the archive has every frame of every epoch, from 0 on, without a hole.
    func expectNoHole(
        of stream: String = "%",
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let holes = try await rows(
            """
            SELECT stream, epoch, COUNT(*) AS frames, MAX(sequence) AS newest FROM frames
            WHERE stream LIKE '\(stream)' GROUP BY stream, epoch HAVING COUNT(*) <> MAX(sequence) + 1
            """,
            sourceLocation: sourceLocation
        )
        #expect(holes == [], "epochs with holes", sourceLocation: sourceLocation)
        let gaps = try await rows(
            "SELECT * FROM gaps WHERE stream LIKE '\(stream)'",
            sourceLocation: sourceLocation
        )
        #expect(gaps == [], "gaps that nobody announced", sourceLocation: sourceLocation)
    }
}

/// What the kernel says of a process's memory.
struct Memory: CustomStringConvertible {
    /// Bytes now in memory, and the most there ever were.
    var resident: Int
    var peak: Int

    init(of process: RunningProgram) throws {
        let path = "/proc/\(process.processID)/status"
        let text = try String(contentsOf: URL(filePath: path), encoding: .utf8)
        func bytes(_ field: String) -> Int {
            let line = text.split(separator: "\n").first { $0.hasPrefix("\(field):") }
            let digits = line?.filter(\.isNumber) ?? ""
            return (Int(digits) ?? 0) << 10
        }
        resident = bytes("VmRSS")
        peak = bytes("VmHWM")
    }

    var description: String { "\(resident >> 20) MiB, \(peak >> 20) MiB at most" }
}
