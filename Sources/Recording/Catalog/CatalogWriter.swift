internal import Foundation
internal import GRDB
internal import Wire

/// Writes records into the catalog's tables, within one transaction.
struct CatalogWriter {
    /// What a batch adds to the line of a stream.
    private struct StreamSums {
        var frames = 0
        var bytes = 0
        var firstCapturedAt = ""
        var lastCapturedAt = ""
        var last = Place(epoch: 0, sequence: 0)
        var missing: UInt64 = 0
    }

    /// What a batch adds to the line of a run.
    private struct RunSums {
        var completed = 0
        var failed = 0
        var dead = 0
        /// Results of frames that had one already: there should be none.
        var duplicates = 0
    }

    let database: Database
    private let addFrame: Statement
    private let addResult: Statement
    private let addDetection: Statement
    private let findCaptured: Statement
    private let addToStream: Statement
    private let addToRun: Statement
    /// When the frames of this transaction were captured; those of most results are among them.
    private var captured: [FrameID: String] = [:]
    private var streams: [String: StreamSums] = [:]
    private var runs: [Run: RunSums] = [:]

    init(_ database: Database) throws {
        self.database = database
        addFrame = try database.cachedStatement(
            sql: "INSERT OR IGNORE INTO frames VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"
        )
        addResult = try database.cachedStatement(
            sql: "INSERT OR IGNORE INTO results VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
        )
        addDetection = try database.cachedStatement(
            sql: "INSERT OR IGNORE INTO detections VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
        )
        findCaptured = try database.cachedStatement(
            sql: """
                SELECT captured_at FROM frames WHERE stream = ?1 AND epoch = ?2 AND sequence = ?3
                UNION ALL
                SELECT captured_at FROM stubs WHERE stream = ?1 AND epoch = ?2 AND sequence = ?3
                LIMIT 1
                """
        )
        addToStream = try database.cachedStatement(
            sql: """
                INSERT INTO streams (stream, missing_frames, frames, bytes, first_captured_at,
                    last_captured_at, last_epoch, last_sequence) VALUES (?,?,?,?,?,?,?,?)
                ON CONFLICT (stream) DO UPDATE SET
                missing_frames = missing_frames + excluded.missing_frames,
                frames = frames + excluded.frames, bytes = bytes + excluded.bytes,
                first_captured_at = coalesce(first_captured_at, excluded.first_captured_at),
                last_captured_at = coalesce(excluded.last_captured_at, last_captured_at),
                last_epoch = coalesce(excluded.last_epoch, last_epoch),
                last_sequence = coalesce(excluded.last_sequence, last_sequence)
                """
        )
        addToRun = try database.cachedStatement(
            sql: """
                INSERT INTO runs (group_name, run, state, completed, failed, dead, duplicates)
                VALUES (?, ?, 'live', ?, ?, ?, ?)
                ON CONFLICT (group_name, run) DO UPDATE SET
                completed = completed + excluded.completed, failed = failed + excluded.failed,
                dead = dead + excluded.dead, duplicates = duplicates + excluded.duplicates
                """
        )
    }

    /// Writes one record.
    mutating func write(_ record: LogRecord) throws {
        switch record {
        case .frame(let frame): try write(frame)
        case .result(let result): try write(result)
        case .group(let group): try write(group)
        case .gap(let gap): try write(gap)
        case .dead(let letter): try write(letter)
        case .job(let job): try write(job)
        case .stub(let stub): try write(stub)
        case .stretch(let stretch): try write(stretch)
        case .order(let order): try write(order)
        case .owed, .stream, .debt, .checkpoint, .begun: break
        }
    }

    /// Writes the sums, and that everything before `position` has been read.
    mutating func finish(at position: UInt64) throws {
        try writeSums()
        try database.execute(
            sql: "UPDATE projection SET position = ?",
            arguments: [Int64(bitPattern: position)]
        )
    }

    /// Writes the sums of what was written so far.
    mutating func writeSums() throws {
        for (stream, sums) in streams { try write(sums, of: stream) }
        for (run, sums) in runs { try write(sums, of: run) }
        streams.removeAll()
        runs.removeAll()
    }

    private mutating func write(_ frame: Frame) throws {
        let id = frame.id
        let capturedAt = Timestamp.text(frame.capturedAt)
        try addFrame.execute(arguments: [
            id.stream, Int64(bitPattern: id.epoch), Int64(bitPattern: id.sequence), capturedAt,
            frame.capturedAt, "\(frame.format)", Int64(frame.width), Int64(frame.height),
            Int64(frame.byteCount), frame.parent?.stream,
            frame.parent.map { Int64(bitPattern: $0.epoch) },
            frame.parent.map { Int64(bitPattern: $0.sequence) },
        ])
        guard database.changesCount > 0 else { return }
        captured[id] = capturedAt
        var sums = streams.removeValue(forKey: id.stream) ?? StreamSums()
        sums.frames += 1
        sums.bytes += Int(frame.byteCount)
        if sums.firstCapturedAt.isEmpty { sums.firstCapturedAt = capturedAt }
        sums.lastCapturedAt = capturedAt
        sums.last = id.place
        streams[id.stream] = sums
    }

    private mutating func write(_ result: Wire.Result) throws {
        let id = result.frame
        let key = (id.stream, Int64(bitPattern: id.epoch), Int64(bitPattern: id.sequence))
        let run = Int64(result.run.number)
        let captured =
            try captured[id]
            ?? String.fetchOne(findCaptured, arguments: [key.0, key.1, key.2])
        let failure: String? = result.failure.isEmpty ? nil : result.failure
        let attributes = result.attributes.isEmpty ? nil : JSONText.object(result.attributes)
        let hash = String(result.modelHash, radix: 16)
        try addResult.execute(arguments: [
            key.0, key.1, key.2, result.run.group, run, captured, result.model, hash,
            result.worker, Int64(result.attempt), failure, Int64(result.detections.count),
            attributes, Timestamp.text(result.startedAt), Double(result.decodeNanoseconds) / 1e6,
            Double(result.inferNanoseconds) / 1e6,
        ])
        guard database.changesCount > 0 else {
            runs[result.run, default: RunSums()].duplicates += 1
            return
        }
        var sums = runs.removeValue(forKey: result.run) ?? RunSums()
        sums.completed += 1
        sums.failed += result.failure.isEmpty ? 0 : 1
        runs[result.run] = sums
        for (number, detection) in result.detections.enumerated() {
            let track: Int64? = detection.track == 0 ? nil : Int64(bitPattern: detection.track)
            let points = detection.landmarks
            let landmarks = points.isEmpty ? nil : JSONText.array(points)
            let values = detection.embedding
            let embedding: Data? = values.isEmpty ? nil : JSONText.bytes(values)
            try addDetection.execute(arguments: [
                key.0, key.1, key.2, result.run.group, run, Int64(number), captured,
                detection.label, Double(detection.score), Double(detection.x),
                Double(detection.y), Double(detection.width), Double(detection.height), track,
                landmarks, embedding,
            ])
        }
    }

    private func write(_ group: GroupDefinition) throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO groups VALUES (?,?,?,?,?)",
            arguments: [
                group.name, group.patterns.joined(separator: " "), "\(group.policy)",
                "\(group.order)", "\(group.start)",
            ]
        )
        try database.execute(
            sql: "INSERT OR IGNORE INTO runs (group_name, run, state) VALUES (?, 0, 'live')",
            arguments: [group.name]
        )
    }

    private mutating func write(_ gap: Gap) throws {
        let count = gap.last - gap.first + 1
        let group: String? = gap.group.isEmpty ? nil : gap.group
        try database.execute(
            sql: "INSERT INTO gaps VALUES (?,?,?,?,?,?,?)",
            arguments: [
                gap.stream, Int64(bitPattern: gap.epoch), Int64(bitPattern: gap.first),
                Int64(bitPattern: gap.last), Int64(bitPattern: count), gap.reason.words,
                group,
            ]
        )
        if gap.group.isEmpty { streams[gap.stream, default: StreamSums()].missing += count }
    }

    private mutating func write(_ letter: DeadLetter) throws {
        let id = letter.frame
        try database.execute(
            sql: "INSERT OR IGNORE INTO dead_letters VALUES (?,?,?,?,?,?,?,?,?)",
            arguments: [
                id.stream, Int64(bitPattern: id.epoch), Int64(bitPattern: id.sequence),
                letter.run.group, Int64(letter.run.number), Int64(letter.attempts), letter.reason,
                letter.worker, Timestamp.text(letter.at),
            ]
        )
        if database.changesCount > 0 { runs[letter.run, default: RunSums()].dead += 1 }
    }

    private func write(_ job: Job) throws {
        try database.execute(
            sql: """
                INSERT INTO runs (group_name, run, job, state, pace, selection, created_at, frames)
                VALUES (?,?,?,?,?,?,?,?)
                ON CONFLICT (group_name, run) DO UPDATE SET job = excluded.job,
                state = excluded.state, pace = excluded.pace, selection = excluded.selection,
                created_at = excluded.created_at, frames = excluded.frames
                """,
            arguments: [
                job.run.group, Int64(job.run.number), Int64(bitPattern: job.number),
                "\(job.state)", job.pace, job.selection, Timestamp.text(job.createdAt),
                // How many another archive selected is not known here.
                job.frames == 0 ? nil : Int64(bitPattern: job.frames),
            ]
        )
    }

    private func write(_ sums: StreamSums, of stream: String) throws {
        let isSeen = sums.frames > 0
        try addToStream.execute(arguments: [
            stream, Int64(bitPattern: sums.missing), sums.frames, sums.bytes,
            isSeen ? sums.firstCapturedAt : nil, isSeen ? sums.lastCapturedAt : nil,
            isSeen ? Int64(bitPattern: sums.last.epoch) : nil,
            isSeen ? Int64(bitPattern: sums.last.sequence) : nil,
        ])
    }

    private func write(_ sums: RunSums, of run: Run) throws {
        try addToRun.execute(arguments: [
            run.group, Int64(run.number), sums.completed, sums.failed, sums.dead, sums.duplicates,
        ])
    }
}

extension Gap.Reason {
    /// As the catalog and the command line spell it.
    package var words: String {
        switch self {
        case .shed: "shed"
        case .lost: "lost"
        case .archiveAway: "archive away"
        case .retention: "retention"
        case .transfer: "transfer"
        }
    }
}

/// The few shapes of JSON, and of bytes, that the catalog stores in a column.
enum JSONText {
    /// `{"key":"value",...}`, in the order given.
    static func object(_ attributes: [Attribute]) -> String {
        let pairs = attributes.map { "\(quoted($0.key)):\(quoted($0.value))" }
        return "{\(pairs.joined(separator: ","))}"
    }

    /// `[1.5,2]`.
    static func array(_ values: [Float]) -> String {
        "[\(values.map { "\($0)" }.joined(separator: ","))]"
    }

    /// 32-bit floats, little-endian.
    static func bytes(_ values: [Float]) -> Data {
        var data = Data(capacity: values.count * 4)
        for value in values {
            for shift in stride(from: 0 as UInt32, to: 32, by: 8) {
                data.append(UInt8(truncatingIfNeeded: value.bitPattern >> shift))
            }
        }
        return data
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
