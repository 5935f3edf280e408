import Recording
import Wire

/// The frames that an export selects, read from the catalog page by page.
struct ExportSelection {
    /// Frames of a page; a page is all that is held in memory.
    static let pageLimit = 500

    private let catalog: CatalogReader
    private let streams: [String]
    private let since: Int64
    private let until: Int64
    /// How many frames there are.
    let count: Int
    private var current = 0
    /// The last frame handed out of the current stream.
    private var last: Place?
    private var handedOut = 0

    /// The frames of the streams that a pattern covers, at most `limit` of them; 0 is all.
    ///
    /// - Throws: ``RecordingError/Kind/invalid`` when no stream is called so.
    init(
        _ catalog: CatalogReader,
        stream: String,
        since: Int64?,
        until: Int64?,
        limit: Int
    ) throws {
        self.catalog = catalog
        self.since = since ?? .min
        self.until = until ?? .max
        streams = try catalog.streams(matching: stream)
        var count = 0
        for stream in streams {
            let sums = try catalog.rows(
                """
                SELECT COUNT(*) FROM frames
                WHERE stream = ? AND captured_ns >= ? AND captured_ns < ?
                """,
                [.text(stream), .integer(self.since), .integer(self.until)]
            )
            if case .integer(let number)? = sums.first?.first { count += Int(number) }
        }
        self.count = limit == 0 ? count : min(limit, count)
    }

    /// The next frames, ordered by stream, epoch and sequence; empty at the end.
    ///
    /// What the archive keeps meanwhile may come too, but no more than ``count`` come in all.
    mutating func nextPage() throws -> [ExportedFrame] {
        while current < streams.count, handedOut < count {
            let limit = min(Self.pageLimit, count - handedOut)
            let rows = try catalog.rows(
                """
                SELECT stream, epoch, sequence, format FROM frames
                WHERE stream = ? AND (epoch, sequence) > (?, ?)
                AND captured_ns >= ? AND captured_ns < ? ORDER BY epoch, sequence LIMIT ?
                """,
                [
                    .text(streams[current]),
                    .integer(last.map { Int64(bitPattern: $0.epoch) } ?? .min),
                    .integer(last.map { Int64(bitPattern: $0.sequence) } ?? .min),
                    .integer(since), .integer(until), .integer(Int64(limit)),
                ]
            )
            let frames = rows.compactMap { ExportedFrame($0) }
            handedOut += frames.count
            last = frames.last?.id.place
            if rows.count < limit || frames.isEmpty {
                current += 1
                last = nil
            }
            if !frames.isEmpty { return frames }
        }
        return []
    }
}

/// One frame on its way into files.
struct ExportedFrame {
    /// Which one.
    let id: FrameID
    /// How it is written.
    let format: Frame.Format

    /// A frame of the catalog: stream, epoch, sequence, format.
    init?(_ row: [SQLValue]) {
        guard row.count == 4, case .text(let stream) = row[0], case .integer(let epoch) = row[1],
            case .integer(let sequence) = row[2], case .text(let format) = row[3],
            let format = Frame.Format.allCases.first(where: { "\($0)" == format })
        else { return nil }
        id = FrameID(
            stream: stream,
            epoch: UInt64(bitPattern: epoch),
            sequence: UInt64(bitPattern: sequence)
        )
        self.format = format
    }
}
