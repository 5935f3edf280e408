internal import LMDB
internal import Wire

/// What can still be read of a segment whose pages are damaged, without asking LMDB for it.
final class Salvage: Sendable {
    /// What is wrong with the pages, a few hundred things at most.
    let damage: [PageDamage]

    private let file: PageFile
    /// Ascending.
    private let records: [(position: UInt64, place: PageFile.Place)]

    /// Reads all pages of a segment.
    ///
    /// - Parameters:
    ///   - file: Its file.
    ///   - damage: What is wrong with it.
    ///   - first: Its first position.
    ///   - next: The first position of a later segment; `nil` when there is none.
    init(_ file: PageFile, _ damage: [PageDamage], first: UInt64, next: UInt64?) {
        self.file = file
        self.damage = damage
        var walked: [(position: UInt64, place: PageFile.Place)] = []
        if let log = file.table(named: Segment.logTable) {
            file.scan(log) { key, place in
                guard let position = key.keyNumber, next.map({ position < $0 }) ?? true else {
                    return
                }
                walked.append((position, place))
            }
        }
        var places: [UInt64: PageFile.Place] = [:]
        for (position, place) in Self.ascending(walked, from: first) { places[position] = place }
        // What no tree leads to any more may still be there, also as an older copy of its page.
        let last = next.map { $0 - 1 } ?? places.keys.max()
        file.scanEveryPage { key, place in
            guard let position = key.keyNumber, position >= first, places[position] == nil,
                last.map({ position <= $0 }) ?? true, Self.isRecord(place, in: file)
            else { return }
            places[position] = place
        }
        records = places.keys.sorted().compactMap { position in
            places[position].map { (position, $0) }
        }
    }

    /// Leaves out what does not fit between its neighbours: a key that is not what was written.
    private static func ascending(
        _ walked: [(position: UInt64, place: PageFile.Place)],
        from first: UInt64
    ) -> [(position: UInt64, place: PageFile.Place)] {
        var kept: [(position: UInt64, place: PageFile.Place)] = []
        for (index, record) in walked.enumerated() {
            let least = kept.last.map { $0.position + 1 } ?? first
            guard record.position >= least else { continue }
            if index + 1 < walked.count {
                let next = walked[index + 1].position
                if record.position >= next, next >= least { continue }
            }
            kept.append(record)
        }
        return kept
    }

    /// Whether a record that is whole, or damaged in its payload only, lies there.
    private static func isRecord(_ place: PageFile.Place, in file: PageFile) -> Bool {
        file.withValue(at: place) { (try? LogRecord(decoding: $0)) != nil }
    }

    /// The positions that can be read, ascending.
    var positions: [UInt64] { records.map(\.position) }

    /// Lends the record at `position` to `body`; `nil` when there is none.
    func withRecord<Result>(at position: UInt64, _ body: (RawSpan) -> Result) -> Result? {
        let index = index(from: position)
        guard index < records.count, records[index].position == position else { return nil }
        return file.withValue(at: records[index].place, body)
    }

    /// Lends the records from `start` on to `body`, ascending, while that says so.
    func scan(
        from start: UInt64,
        _ body: (_ position: UInt64, _ record: RawSpan) -> ReadTransaction.Step
    ) {
        for record in records[index(from: start)...] {
            let step = file.withValue(at: record.place) { body(record.position, $0) }
            guard step == .next else { return }
        }
    }

    private func index(from position: UInt64) -> Int {
        var (low, high) = (0, records.count)
        while low < high {
            let middle = (low + high) / 2
            if records[middle].position < position { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
