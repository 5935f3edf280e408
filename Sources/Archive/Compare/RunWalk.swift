import Recording
import Wire

/// A frame's place in the order of capture, as SQLite compares it.
struct FramePlace: Comparable, Hashable {
    let capturedAt: String
    let stream: String
    let epoch: Int64
    let sequence: Int64

    /// The frame.
    var id: FrameID {
        FrameID(
            stream: stream,
            epoch: UInt64(bitPattern: epoch),
            sequence: UInt64(bitPattern: sequence)
        )
    }

    /// A place from the columns captured_at, stream, epoch, sequence.
    init?(_ row: [SQLValue]) {
        guard row.count >= 4, case .text(let capturedAt) = row[0], case .text(let stream) = row[1],
            case .integer(let epoch) = row[2], case .integer(let sequence) = row[3]
        else { return nil }
        self.init(capturedAt: capturedAt, stream: stream, epoch: epoch, sequence: sequence)
    }

    init(capturedAt: String, stream: String, epoch: Int64, sequence: Int64) {
        self.capturedAt = capturedAt
        self.stream = stream
        self.epoch = epoch
        self.sequence = sequence
    }

    static func < (left: FramePlace, right: FramePlace) -> Bool {
        (left.capturedAt, left.stream, left.epoch, left.sequence)
            < (right.capturedAt, right.stream, right.epoch, right.sequence)
    }

    fileprivate var values: [SQLValue] {
        [.text(capturedAt), .text(stream), .integer(epoch), .integer(sequence)]
    }
}

/// What a run has made of a frame, for comparing it with another run's.
struct ComparedResult {
    let place: FramePlace
    /// Whether the run has failed on the frame.
    var hasFailed = false
    var detections: [FoundDetection] = []
}

/// The results of a run in the order of the frames' capture, read page by page along the indexes by
/// run and time.
struct RunWalk {
    /// Results of a page; with their detections, all that is held in memory.
    static let pageLimit = 500

    private let catalog: CatalogReader
    private let patience: CatalogReader.Limit
    /// The conditions that results and detections share, but for the period, and the values for
    /// their `?`.
    private let condition: String
    private let values: [SQLValue]
    private let since: Int64?
    private let until: Int64?
    private let filter: Catalog.ResultFilter
    private var page: [ComparedResult] = []
    private var next = 0
    private var last: FramePlace?
    private var isOver = false

    /// A walk along `filter`'s run, on these streams; `nil` is all of them.
    init(
        _ catalog: CatalogReader,
        _ filter: Catalog.ResultFilter,
        streams: [String]?,
        since: Int64?,
        until: Int64?,
        within patience: CatalogReader.Limit
    ) {
        self.catalog = catalog
        self.filter = filter
        self.patience = patience
        self.since = since
        self.until = until
        var condition = "group_name = ? AND run = ? AND captured_at IS NOT NULL"
        var values: [SQLValue] = [
            .text(filter.group ?? ""), .integer(Int64(filter.run ?? 0)),
        ]
        if let streams {
            condition += " AND +stream IN (\(streams.map { _ in "?" }.joined(separator: ", ")))"
            values += streams.map { .text($0) }
        }
        self.condition = condition
        self.values = values
    }

    /// The next result; `nil` at the end.
    mutating func result() throws -> ComparedResult? {
        if next == page.count, !isOver { try turn() }
        guard next < page.count else { return nil }
        next += 1
        return page[next - 1]
    }

    private static let order = "captured_at, stream, epoch, sequence"

    /// One lower and one upper bound, for SQLite seeks by one only: from the last page, or since when;
    /// and to the end of this page, or until when.
    private func bounds(to end: FramePlace?) -> (condition: String, values: [SQLValue]) {
        var (condition, values) = (condition, values)
        func add(_ more: String, _ value: [SQLValue]) {
            condition += " AND \(more)"
            values += value
        }
        if let last {
            add("(\(Self.order)) > (?, ?, ?, ?)", last.values)
        } else if let since {
            add("captured_at >= ?", [.text(Timestamp.text(since))])
        }
        if let end {
            add("(\(Self.order)) <= (?, ?, ?, ?)", end.values)
        } else if let until {
            add("captured_at < ?", [.text(Timestamp.text(until))])
        }
        return (condition, values)
    }

    private mutating func turn() throws {
        let (condition, values) = bounds(to: nil)
        let rows = try catalog.rows(
            """
            SELECT \(Self.order), failure IS NOT NULL FROM results WHERE \(condition)
            ORDER BY \(Self.order) LIMIT ?
            """,
            values + [.integer(Int64(Self.pageLimit))],
            within: patience
        )
        isOver = rows.count < Self.pageLimit
        next = 0
        page = rows.compactMap { row in
            FramePlace(row).map { ComparedResult(place: $0, hasFailed: row[4] == .integer(1)) }
        }
        guard let end = page.last?.place else { return }
        try addDetections(through: end)
        last = end
    }

    /// Adds the detections of the page; both are in the same order.
    private mutating func addDetections(through end: FramePlace) throws {
        var (condition, values) = bounds(to: end)
        if let label = filter.label {
            condition += " AND +label = ?"
            values.append(.text(label))
        }
        if let score = filter.minScore {
            condition += " AND score >= ?"
            values.append(.real(score))
        }
        var index = 0
        try catalog.query(
            """
            SELECT \(Self.order), label, score, x, y, width, height, track, landmarks
            FROM detections WHERE \(condition) ORDER BY \(Self.order), number
            """,
            values,
            within: patience,
            row: { row in
                guard let place = FramePlace(row), let detection = FoundDetection(row[4...]) else {
                    return true
                }
                while index < page.count, page[index].place < place { index += 1 }
                guard index < page.count else { return false }
                if page[index].place == place { page[index].detections.append(detection) }
                return true
            }
        )
    }
}
