import ArgumentParser
import Foundation
import Recording
import Service

/// `archive info`: how the archive is.
struct InfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Show how much there is, what is not done, and the replays."
    )

    @OptionGroup var reading: ReadingOptions
    @OptionGroup var listing: ListingOptions

    func run() throws {
        try reading.withArchive { archive in
            let facts = try Facts(&archive, reading.directory)
            print(listing.json ? try facts.json() : facts.text())
        }
    }
}

/// What `archive info` says.
private struct Facts: Encodable {
    let directory: String
    let isServed: Bool
    let logBytes: Int
    let catalogBytes: Int
    let streams: Int64
    let frames: Int64
    let results: Int64
    let detections: Int64
    let firstCapturedAt: String?
    let lastCapturedAt: String?
    let status: ArchiveStatus?

    init(_ archive: inout ArchiveReader, _ directory: DataDirectory) throws {
        self.directory = directory.path
        status = try archive.status()
        isServed = status != nil
        logBytes = Self.bytes(under: directory.log)
        catalogBytes =
            Self.bytes(of: directory.catalog) + Self.bytes(of: directory.catalog + "-wal")
        let sums =
            try archive.catalog.rows(
                """
                SELECT COUNT(*), coalesce(SUM(frames), 0), MIN(first_captured_at),
                    MAX(last_captured_at), (SELECT coalesce(SUM(completed), 0) FROM runs),
                    (SELECT coalesce(SUM(detection_count), 0) FROM results)
                FROM streams
                """
            ).first ?? []
        streams = Self.integer(sums, 0)
        frames = Self.integer(sums, 1)
        firstCapturedAt = Self.text(sums, 2)
        lastCapturedAt = Self.text(sums, 3)
        results = Self.integer(sums, 4)
        detections = Self.integer(sums, 5)
    }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    func text() -> String {
        var lines = [
            "directory   \(directory)" + (isServed ? "" : " (not served now)"),
            "log         \(Readable.bytes(logBytes))"
                + (status.map {
                    " in \(Readable.count($0.segments)) segment\($0.segments == 1 ? "" : "s")"
                } ?? ""),
            "catalog     \(Readable.bytes(catalogBytes))",
            "streams     \(Readable.count(streams))",
            "frames      \(Readable.count(frames))" + span,
            "results     \(Readable.count(results)), with \(Readable.count(detections)) detections",
        ]
        if let status, status.cataloged < status.promised {
            lines.append(
                "catching up \(Readable.count(status.promised - status.cataloged)) records"
            )
        }
        for debt in status?.debts ?? [] {
            lines.append(
                "owed        \(Readable.count(debt.owed)) frames by run \(debt.group):\(debt.run)"
            )
        }
        for job in status?.jobs ?? [] {
            let done = Readable.count(job.frames - min(job.owed, job.frames))
            // How many another archive selected is not known here.
            let frames = job.frames == 0 ? "" : ", \(done) of \(Readable.count(job.frames)) frames"
            lines.append(
                "replay \(job.number)    \(job.state)\(frames) by run \(job.group):\(job.run)"
                    + " (\(job.selection))"
            )
        }
        return lines.joined(separator: "\n")
    }

    private var span: String {
        guard let firstCapturedAt, let lastCapturedAt else { return "" }
        return ", captured from \(firstCapturedAt) to \(lastCapturedAt) UTC"
    }

    private static func integer(_ row: [SQLValue], _ index: Int) -> Int64 {
        guard row.indices.contains(index), case .integer(let value) = row[index] else { return 0 }
        return value
    }

    private static func text(_ row: [SQLValue], _ index: Int) -> String? {
        guard row.indices.contains(index), case .text(let value) = row[index] else { return nil }
        return value
    }

    private static func bytes(under directory: String) -> Int {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.reduce(0) { $0 + bytes(of: directory + "/" + $1) }
    }

    private static func bytes(of path: String) -> Int {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return (attributes?[.size] as? NSNumber)?.intValue ?? 0
    }
}
