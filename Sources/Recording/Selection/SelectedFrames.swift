package import Wire

/// A frame of a selection, as the catalog knows it.
package struct SelectedFrame: Sendable, Equatable {
    /// Which one.
    package let id: FrameID
    /// When it was taken, as the catalog spells it.
    package let capturedAt: String
    /// The same in nanoseconds since 1970.
    package let capturedNanoseconds: Int64
    /// How it is written.
    package let format: Frame.Format
    /// Pixels from left to right.
    package let width: Int
    /// Pixels from top to bottom.
    package let height: Int
    /// Bytes of the image.
    package let byteCount: Int

    static let columns = [
        "stream", "epoch", "sequence", "captured_at", "captured_ns", "format", "width", "height",
        "byte_count",
    ]

    /// Puts the parts together.
    package init(
        id: FrameID,
        capturedAt: String,
        capturedNanoseconds: Int64,
        format: Frame.Format,
        width: Int,
        height: Int,
        byteCount: Int
    ) {
        self.id = id
        self.capturedAt = capturedAt
        self.capturedNanoseconds = capturedNanoseconds
        self.format = format
        self.width = width
        self.height = height
        self.byteCount = byteCount
    }

    init?(_ row: [SQLValue]) {
        guard row.count == Self.columns.count, let id = FrameID(row), case .text(let at) = row[3],
            case .integer(let nanoseconds) = row[4], case .text(let format) = row[5],
            let format = Frame.Format.allCases.first(where: { "\($0)" == format }),
            case .integer(let width) = row[6], case .integer(let height) = row[7],
            case .integer(let bytes) = row[8]
        else { return nil }
        self.init(
            id: id,
            capturedAt: at,
            capturedNanoseconds: nanoseconds,
            format: format,
            width: Int(width),
            height: Int(height),
            byteCount: Int(bytes)
        )
    }

    /// The frame of that name; `nil` when the catalog has none.
    package static func named(_ id: FrameID, _ catalog: CatalogReader) throws -> SelectedFrame? {
        let sql = """
            SELECT \(columns.joined(separator: ", ")) FROM frames
            WHERE stream = ? AND epoch = ? AND sequence = ?
            """
        let key: [SQLValue] = [
            .text(id.stream), .integer(Int64(bitPattern: id.epoch)),
            .integer(Int64(bitPattern: id.sequence)),
        ]
        return try catalog.rows(sql, key).first.flatMap { SelectedFrame($0) }
    }

    var position: SelectionQuery.Position {
        SelectionQuery.Position(
            capturedAt: capturedAt,
            stream: id.stream,
            epoch: Int64(bitPattern: id.epoch),
            sequence: Int64(bitPattern: id.sequence)
        )
    }
}

/// The frames of a selection in the order of their capture, up to the newest there is in the
/// beginning, read from the catalog page by page.
package struct SelectedFrames {
    /// Frames of a page; a page is all that is held in memory, and no read lasts longer.
    package static let pageLimit = 500

    private let catalog: CatalogReader
    private let query: SelectionQuery
    private let patience: CatalogReader.Limit?
    private let condition: String?
    private var start = SelectionQuery.Start.beginning
    private var rest: Int
    private var isOver = false
    /// Whether there are older frames than the newest that were asked for.
    private var hasOlder = false

    /// Frames of `catalog`.
    ///
    /// - Parameters:
    ///   - catalog: Where they are looked up.
    ///   - selection: Which ones.
    ///   - limit: How many at most, 0 for all: the newest, or, when the selection says since when,
    ///     the first from then on.
    ///   - patience: How long each question to the catalog may take.
    /// - Throws: ``RecordingError/Kind/invalid`` when no stream is called so, and for a condition
    ///   that is none.
    package init(
        _ catalog: CatalogReader,
        _ selection: Catalog.Selection,
        limit: Int,
        within patience: CatalogReader.Limit? = nil
    ) throws {
        self.catalog = catalog
        self.patience = patience
        condition = selection.condition
        var selection = selection
        if selection.until == nil {
            // What comes in while this is read is not waited for, or it might never end.
            let newest = try catalog.rows(
                "SELECT captured_ns FROM frames ORDER BY captured_at DESC LIMIT 1"
            )
            if case .integer(let time)? = newest.first?.first, time < .max - 1_000_000 {
                // To the end of its millisecond, which is what they are ordered by.
                selection.until = (time / 1_000_000 + 1) * 1_000_000
            }
        }
        query = try SelectionQuery(selection, catalog)
        rest = limit == 0 ? .max : limit
        if limit > 0, selection.since == nil { try goBack(limit) }
    }

    /// How many frames there are in all, as far as the catalog knows now.
    package func countInAll() throws -> Int {
        let rows = try rows(query.count)
        guard case .integer(let count)? = rows.first?.first else { return 0 }
        return Int(count)
    }

    /// The next frames; empty at the end.
    package mutating func nextPage() throws -> [SelectedFrame] {
        guard !isOver, rest > 0 else { return [] }
        let (frames, isLast) = try page(start, limit: min(Self.pageLimit, rest))
        isOver = isLast
        if let last = frames.last { start = .after(last.position) }
        rest -= frames.count
        return frames
    }

    /// Whether the selection has frames that the limit has kept back; asked at the end.
    package func hasMore() throws -> Bool {
        if hasOlder { return true }
        return try !isOver && !page(start, limit: 1).frames.isEmpty
    }

    /// Begins with the frame behind which there are `limit`, itself included.
    private mutating func goBack(_ limit: Int) throws {
        var count = 0
        var back = SelectionQuery.Start.end
        while true {
            let (frames, isLast) = try page(back, limit: Self.pageLimit)
            for frame in frames {
                if count == limit {
                    hasOlder = true
                    return
                }
                count += 1
                start = .from(frame.position)
                back = .before(frame.position)
            }
            if isLast { return }
        }
    }

    /// Some frames, and whether there are no more behind them.
    private func page(
        _ start: SelectionQuery.Start,
        limit: Int
    ) throws -> (frames: [SelectedFrame], isLast: Bool) {
        let columns = SelectedFrame.columns.map { "f.\($0)" }
        let rows = try rows(query.page(columns, start, limit: limit))
        var frames: [SelectedFrame] = []
        // Once for each run that has found what is wanted, one behind the other.
        for frame in rows.compactMap({ SelectedFrame($0) }) where frame.id != frames.last?.id {
            frames.append(frame)
        }
        return (frames, rows.count < limit || frames.isEmpty)
    }

    private func rows(_ question: (sql: String, arguments: [SQLValue])) throws -> [[SQLValue]] {
        do {
            return try catalog.rows(question.sql, question.arguments, within: patience)
        } catch let error as RecordingError {
            throw SelectionCondition.explained(error, condition)
        }
    }
}
