internal import Routing
internal import Wire

/// What must hold, whatever peers say.
extension RouterProgram {
    /// Performs an effect, if it is one that the router may ask for now.
    mutating func check(_ effect: Effect) {
        switch effect {
        case .welcome(let peer, let welcome): checkWelcome(peer, welcome)
        case .refuse(_, let error): checkReadable(error)
        case .heartbeat(let peer):
            if !sessions.contains(peer) { fail("\(peer) without a session hears a heartbeat") }
        case .forget(let peer): forget(peer)
        case .ack(let peer, let ack):
            checkReadable(ack)
            guard sessions.contains(peer), case .camera? = hellos[peer]?.role else {
                return fail("\(peer) is no camera and hears \(ack)")
            }
        case .deliver(let peer, let deliver, let slot): checkLease(peer, deliver, slot)
        case .store(let peer, let slot):
            if slots[slot.index] == nil { fail("the archive is sent \(slot), which was released") }
            countSent(peer)
        case .record(let peer, let record):
            switch record {
            case .group(let definition): checkReadable(definition)
            case .gap(let gap): checkReadable(gap)
            case .dead(let letter): checkReadable(letter)
            }
            countSent(peer)
        case .fetch(let peer, let fetch):
            checkReadable(fetch)
            if !isArchive(peer) { fail("\(peer) is no archive and hears \(fetch)") }
            if fetches.count >= 64 { fetches.removeFirst(32) }
            fetches.append(fetch)
        case .publish(let slot, _, _):
            if slots[slot.index] == nil { fail("\(slot) is published, and was released") }
        case .release(let slot): takeBack(slot)
        case .note: break
        }
    }

    /// What the router says, its peers must be able to read.
    private mutating func checkReadable<Message: WireMessage>(_ message: Message) {
        let bytes = message.encoded()
        do {
            _ = unsafe try Message(part: bytes.span.bytes)
        } catch {
            fail("nobody can read \(message): \(error)")
        }
    }

    private mutating func checkWelcome(_ peer: PeerID, _ welcome: Welcome) {
        checkReadable(welcome)
        guard let hello = hellos[peer] else { return fail("\(peer) is welcome without a HELLO") }
        sessions.insert(peer)
        switch hello.role {
        case .camera(let wishes):
            let epoch = wishes.epoch == 0 ? min(welcome.lastEpoch + 1, Limits.number) : wishes.epoch
            cameras[peer] = Camera(stream: wishes.stream, next: Place(epoch: epoch, sequence: 0))
        case .archive:
            uncommitted = 0
            committed = 0
            fetches = []
        case .worker, .viewer: break
        }
    }

    private mutating func checkLease(_ peer: PeerID, _ deliver: Deliver, _ slot: Slot) {
        checkReadable(deliver)
        guard sessions.contains(peer), let hello = hellos[peer] else {
            return fail("\(peer) without a session gets a lease")
        }
        switch hello.role {
        case .worker(let wishes):
            if wishes.group.name != deliver.run.group {
                fail("a worker of \(wishes.group.name) gets a frame of \(deliver.run)")
            }
        case .viewer: break
        case .camera, .archive: fail("\(peer) is no worker and gets a lease")
        }
        guard let frame = slots[slot.index]?.frame else {
            return fail("a lease of \(slot), which holds no frame")
        }
        if leases.count >= 128 { leases.removeFirst(64) }
        leases.append(Known(peer: peer, deliver: deliver, frame: frame.id))
    }

    private mutating func countSent(_ peer: PeerID) {
        if !isArchive(peer) { fail("\(peer) is no archive and is sent something to keep") }
        uncommitted += 1
    }

    // MARK: After every event

    /// The router's books balance, and so does each group's ledger.
    mutating func checkBooks() {
        for sentence in router.audit() { fail(sentence) }
        let report = router.report()
        for group in report.groups {
            let parts = [group.completed, group.shed, group.superseded, group.dead, group.pending]
            let sum = parts.reduce(UInt64(0)) { $0.addingReportingOverflow($1).partialValue }
            if sum != group.published { fail("the ledger of \(group.group.name) is off: \(group)") }
        }
        checkMemory(used: Int(clamping: report.broker.payloadBytes))
    }

    /// What listeners are told, they can read.
    mutating func checkStatus() {
        guard failure == nil else { return }
        let report = router.report()
        checkReadable(report.broker)
        for stream in report.streams { checkReadable(stream) }
        for group in report.groups { checkReadable(group) }
        for worker in report.workers { checkReadable(worker) }
    }

    /// Beyond the budget go the last frame of each window and answer, results, what was not asked for, and
    /// what is kept beside each.
    private mutating func checkMemory(used: Int) {
        let beside = settings.slotBytes * slots.count
        let held = slots.values.reduce(beside) { $0 + $1.byteCount }
        if held != used { fail("\(held) bytes are held, and \(used) are counted") }
        let results = slots.values.reduce(0) { $0 + ($1.frame == nil ? $1.byteCount : 0) }
        let last = largestFrame * Self.streams.count
        let most = settings.payloadBudget + last + results + unaskedBytes + beside
        if used > most { fail("\(used) payload bytes are in memory, where \(most) may be") }
    }
}
