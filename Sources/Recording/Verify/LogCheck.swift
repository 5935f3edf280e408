internal import LMDB
internal import Wire

/// Checks the records of a log, given one by one in the order of their files.
///
/// Pure. What a file lacks on purpose (rewritten without what has expired) is told by holes between
/// its positions: behind one, what the records add up to is not known until the next checkpoint.
struct LogCheck {
    /// What is wrong.
    var findings = Findings()
    /// Records seen.
    private(set) var recordCount: UInt64 = 0
    /// Whether something cannot be read, so that the catalog may have more than the log.
    private(set) var hasDamage = false
    /// Whether some file lacks records on purpose, or may.
    private(set) var hasHoles = false

    private var file = ""
    private var first: UInt64 = 0
    /// The least position that may come next.
    private var next: UInt64?
    private var state = LogState()
    /// Whether ``state`` is what all records add up to.
    private var isStateKnown = true
    /// What the checkpoint at the start of the file says, while it is read.
    private var checkpoint: LogState? = LogState()
    private var isAtStart = false
    private var frames: [UInt64: FrameID] = [:]
    private var unreadable: Set<UInt64> = []

    /// A file begins.
    mutating func begin(file: String, first: UInt64) {
        self.file = file
        self.first = first
        isAtStart = true
        checkpoint = LogState()
        frames.removeAll()
        unreadable.removeAll()
        if let next, first < next {
            findings.add(.file, file: file, "begins before the file before it ends")
        }
        // Only a log that begins at its beginning is known to be whole.
        if first != next ?? 0 { miss() }
        next = first
    }

    private mutating func miss() {
        isStateKnown = false
        hasHoles = true
    }

    /// A file that cannot be read at all.
    mutating func lose(file: String, _ reason: String) {
        findings.add(.file, file: file, reason)
        hasDamage = true
        isStateKnown = false
    }

    /// A page of the current file is damaged.
    mutating func damage(_ page: PageDamage) {
        findings.add(.file, file: file, page.description)
        hasDamage = true
        isStateKnown = false
    }

    /// The next record.
    mutating func take(_ bytes: RawSpan, at position: UInt64) {
        recordCount += 1
        if let next, position < next {
            findings.add(.record, file: file, at: position, "follows position \(next - 1)")
        } else if position != next {
            if isAtStart { endCheckpoint() }
            miss()
        }
        next = position + 1
        switch CheckedRecord(bytes) {
        case .damaged(let reason): takeDamaged(bytes, at: position, reason)
        case .good(.checkpoint(let header), let byteCount):
            guard isAtStart else {
                return findings.add(.record, file: file, at: position, "is a checkpoint too late")
            }
            if header.position != first {
                findings.add(.checkpoint, file: file, at: position, "belongs to another file")
            }
            take(checkpoint: bytes, byteCount, at: position)
        case .good(.stub, _):
            endCheckpoint()
            miss()
        case .good(let record, _):
            endCheckpoint()
            if case .frame(let frame) = record { take(frame, at: position) }
            state.apply(record)
        }
    }

    private mutating func takeDamaged(_ bytes: RawSpan, at position: UInt64, _ reason: String) {
        findings.add(.record, file: file, at: position, "is damaged: \(reason)")
        hasDamage = true
        if let frame = try? Frame(decoding: bytes) {
            // Which frame it is is known, as its header has a checksum of its own.
            endCheckpoint()
            take(frame, at: position)
            return state.apply(.frame(frame))
        }
        unreadable.insert(position)
        if isAtStart { checkpoint = nil }
        isStateKnown = false
    }

    private mutating func take(checkpoint bytes: RawSpan, _ header: Int, at position: UInt64) {
        guard var read = checkpoint else { return }
        checkpoint = nil
        do throws(WireError) {
            try Checkpoints.apply(bytes, headerByteCount: header, to: &read)
            checkpoint = read
        } catch {
            findings.add(.checkpoint, file: file, at: position, "cannot be read: \(error)")
            hasDamage = true
        }
    }

    /// Compares what the file's checkpoint says with what the records before it add up to, and goes
    /// on from there.
    private mutating func endCheckpoint() {
        guard isAtStart else { return }
        isAtStart = false
        guard let checkpoint else { return isStateKnown = false }
        if isStateKnown, checkpoint != state {
            let what = state.difference(from: checkpoint)
            findings.add(.checkpoint, file: file, at: first, "does not say what \(what) add up to")
        }
        state = checkpoint
        isStateKnown = true
    }

    private mutating func take(_ frame: Frame, at position: UInt64) {
        let id = frame.id
        frames[position] = id
        guard isStateKnown else { return }
        let expected = state.streams[id.stream]
        if let expected, id.place < expected {
            findings.add(.order, file: file, at: position, "frame \(id) comes too late, or again")
            return
        }
        let first = expected?.epoch == id.epoch ? (expected?.sequence ?? 0) : 0
        if id.sequence > first {
            let range = first + 1 == id.sequence ? "\(first)" : "\(first) to \(id.sequence - 1)"
            findings.add(.order, file: file, at: position, "before frame \(id) \(range) is missing")
        }
    }

    /// The current file ends, which is sealed when it has an index.
    mutating func end(index: [(frame: FrameID, position: UInt64)]?) {
        endCheckpoint()
        guard let index else { return }
        for entry in index where unreadable.contains(entry.position) == false {
            guard frames.removeValue(forKey: entry.position) != entry.frame else { continue }
            findings.add(
                .index,
                file: file,
                at: entry.position,
                "is not frame \(entry.frame), as the index says"
            )
        }
        for (position, frame) in frames.sorted(by: { $0.key < $1.key }) {
            findings.add(.index, file: file, at: position, "frame \(frame) is not in the index")
        }
    }
}

extension LogState {
    /// Which parts of two states are not the same, in words.
    fileprivate func difference(from other: LogState) -> String {
        let parts = [
            (streams != other.streams, "streams"), (groups != other.groups, "groups"),
            (jobs != other.jobs, "replays"), (debts != other.debts, "debts"),
            (ledgers != other.ledgers, "ledgers"),
        ]
        return parts.filter(\.0).map(\.1).joined(separator: ", ")
    }
}
