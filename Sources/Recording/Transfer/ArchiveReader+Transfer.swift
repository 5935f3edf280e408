internal import Foundation
package import Wire

extension ArchiveReader {
    /// A record of the log that a transfer is to have, or cannot have.
    package enum Transferred: Sendable, Equatable {
        /// A frame that was selected.
        case frame
        /// Something about such frames.
        case other
        /// A frame that was selected, and why it cannot be read.
        case damagedFrame(FrameID, RecordingError)
        /// Something that cannot be told what it was.
        case damaged(RecordingError)
    }

    /// Hands out the records of some frames and the results about them, in the order of the log.
    ///
    /// The archive must have been opened for ``Extent/frames``.
    ///
    /// - Parameters:
    ///   - selected: The frames.
    ///   - directory: Where the archive is.
    ///   - body: Told each record, as it is in the log.
    /// - Returns: The frames that were not found, or not readable.
    /// - Throws: ``RecordingError`` for what may pass, and what `body` throws.
    package mutating func transfer(
        _ selected: FrameSet,
        of directory: DataDirectory,
        _ body: (Transferred, RawSpan) throws -> Void
    ) throws -> FrameSet {
        let end = try client?.ask(.status).status?.promised ?? log?.promised ?? 0
        var next = try start(of: selected)
        var filter = TransferFilter(selected)
        while next < end {
            do {
                try RecordStretch.walk(&next, to: end, &client, log) { record, position in
                    if let kind = filter.look(at: record, position) { try body(kind, record) }
                }
            } catch let error as RecordingError where error.kind == .damaged {
                try body(.damaged(error), RawSpan())
                next = Self.segment(after: next, in: directory.log) ?? end
            }
        }
        return filter.rest
    }

    /// The first position that has one of the frames, or an earlier one.
    private mutating func start(of selected: FrameSet) throws(RecordingError) -> UInt64 {
        var start = UInt64.max
        for (stream, epochs) in selected.streams {
            for (epoch, set) in epochs {
                guard let sequence = set.first else { continue }
                let id = FrameID(stream: stream, epoch: epoch, sequence: sequence)
                do throws(RecordingError) {
                    guard let position = try position(of: id) else { return 0 }
                    start = min(start, position)
                } catch {
                    guard error.kind == .damaged else { throw error }
                    return 0
                }
            }
        }
        return start
    }

    private mutating func position(of id: FrameID) throws(RecordingError) -> UInt64? {
        if let log { return try log.position(of: id) }
        return try client?
            .ask(.position(stream: id.stream, epoch: id.epoch, sequence: id.sequence)).position
    }

    private static func segment(after position: UInt64, in path: String) -> UInt64? {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.compactMap { Segment.first(ofFile: $0) }.filter { $0 > position }.min()
    }
}

/// Which records of a log belong to a transfer of some frames.
///
/// Pure.
struct TransferFilter {
    private let selected: FrameSet
    private var written = FrameSet()

    init(_ selected: FrameSet) { self.selected = selected }

    /// The frames that have not come.
    var rest: FrameSet {
        var rest = selected
        rest.subtract(written)
        return rest
    }

    /// What the record is to the transfer; `nil` when it does not belong to it.
    mutating func look(at bytes: RawSpan, _ position: UInt64) -> ArchiveReader.Transferred? {
        switch CheckedRecord(bytes) {
        case .good(.frame(let frame), _):
            guard selected.contains(frame.id) else { return nil }
            written.insert(frame.id)
            return .frame
        case .good(.result(let result), _): return written.contains(result.frame) ? .other : nil
        case .good(.gap(let gap), _): return isBetween(gap) ? .other : nil
        case .good: return nil
        case .damaged(let reason):
            let error = RecordingError(
                .damaged,
                "the record at position \(position) is damaged: \(reason)"
            )
            guard let record = try? LogRecord(decoding: bytes) else { return .damaged(error) }
            guard case .frame(let frame) = record, selected.contains(frame.id) else { return nil }
            return .damagedFrame(frame.id, error)
        }
    }

    /// Whether the frames that the gap is about would lie between selected ones.
    private func isBetween(_ gap: Gap) -> Bool {
        guard gap.group.isEmpty, let set = selected.streams[gap.stream]?[gap.epoch],
            let first = set.first, let last = set.last
        else { return false }
        return first < gap.first && gap.last < last
    }
}
