internal import Routing
internal import Wire

/// What the archive says, or who takes itself for one.
extension RouterProgram {
    /// The archive commits some of what it was sent.
    mutating func commit() {
        let count = min(uncommitted, UInt64(program.byte()))
        tellCommitted(committed + count)
    }

    /// Somebody says that anything is committed.
    mutating func sayCommitted() {
        tellCommitted(program.number())
    }

    private mutating func tellCommitted(_ count: UInt64) {
        let peer = archive()
        // What was sent only after this was said does not count for it.
        let wasPossible = count >= committed && count - committed <= uncommitted
        if wasPossible, isArchive(peer) {
            uncommitted -= count - committed
            committed = count
        }
        tell(.committed(peer, Committed(count: count)))
    }

    /// The archive answers what it was asked, with the frame that comes next or leaves out a few.
    mutating func sendFetched() {
        guard !fetches.isEmpty else { return }
        let index = fetches.count - 1 - program.below(min(fetches.count, 8))
        let fetch = fetches[index]
        let jump = UInt64(program.byte() & 3)
        let after = fetch.after ?? Place(epoch: 1, sequence: 0)
        let sequence = min(after.sequence + (fetch.after == nil ? 0 : 1) + jump, Limits.number - 1)
        let id = FrameID(stream: fetch.stream, epoch: after.epoch, sequence: sequence)
        fetches[index].after = id.place
        sendFetched(fetch.run, id)
    }

    /// Any frame, for any run.
    mutating func sendAnyFetched() {
        let run = run()
        sendFetched(run, frameID())
    }

    private mutating func sendFetched(_ run: Run, _ id: FrameID) {
        let byteCount = max(1, program.number(UInt64(Limits.payloadByteCount)))
        let frame = Frame(
            id: id,
            capturedAt: Int64(program.number()),
            format: .jpeg,
            width: 1,
            height: 1,
            byteCount: UInt32(byteCount),
            payloadHash: 0
        )
        unaskedBytes += Int(byteCount)
        let peer = archive()
        tell(.fetched(peer, Fetched(run: run), frame, newSlot(frame, byteCount: Int(byteCount))))
    }

    /// The archive ends an answer where it has come to.
    mutating func endFetch() {
        guard !fetches.isEmpty else { return }
        let fetch = fetches.remove(at: fetches.count - 1 - program.below(min(fetches.count, 8)))
        sayEnd(fetch.run, fetch.stream, through: fetch.after)
    }

    mutating func sayAnyEnd() {
        let run = run()
        let stream = stream()
        sayEnd(run, stream, through: program.flag() ? place() : nil)
    }

    private mutating func sayEnd(_ run: Run, _ stream: String, through: Place?) {
        let end = End(
            run: run,
            stream: stream,
            through: through,
            isHead: program.flag(),
            owedFrames: program.number(),
            owedBytes: program.number()
        )
        tell(.end(archive(), end))
    }

    mutating func sayStream() {
        let state = StreamState(stream: stream(), next: place())
        tell(.stream(archive(), state))
    }

    mutating func sayGroup() {
        let definition = definition()
        tell(.group(archive(), definition))
    }

    mutating func sayDebt() {
        var debt = Debt(run: run(), stream: stream(), owedFrames: program.number())
        debt.completedFrames = program.number()
        debt.failedFrames = program.number()
        debt.deadFrames = program.number()
        debt.shedFrames = program.number()
        tell(.debt(archive(), debt))
    }

    /// Whether the peer's session is an archive's.
    func isArchive(_ peer: PeerID) -> Bool {
        guard sessions.contains(peer), case .archive? = hellos[peer]?.role else { return false }
        return true
    }
}
