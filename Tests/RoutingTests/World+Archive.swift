@testable import Routing
import Wire

extension World {
    /// The archive commits a few messages and says so.
    mutating func archiveWorks() {
        guard let peer = archive.peer, archive.isReady else { return }
        let before = archive.inbox.count
        for _ in 0..<Int.random(in: 1...6, using: &random) { archive.commitOne() }
        guard archive.inbox.count < before else { return }
        tell(.committed(peer, Committed(count: archive.committedInSession)))
        tellPaidDebts(peer)
    }

    private mutating func tellPaidDebts(_ peer: PeerID) {
        for key in archive.sortedKeys where archive.owed[key] == [] && key.run.number > 0 {
            archive.owed[key] = nil
            tell(.debt(peer, Debt(run: key.run, stream: key.stream, owedFrames: 0)))
        }
    }

    /// The archive answers one FETCH.
    mutating func archiveAnswers() {
        guard let peer = archive.peer, !archive.fetches.isEmpty else { return }
        let fetch = archive.fetches.removeFirst()
        let key = SimulatedArchive.Key(run: fetch.run, stream: fetch.stream)
        let owed = archive.owed[key] ?? []
        var bytes = 0
        var through = fetch.after
        var isHead = true
        var sent = 0
        for frame in archive.frames[fetch.stream] ?? [] {
            let place = frame.id.place
            if let after = fetch.after, place <= after { continue }
            if owed.contains(place) {
                bytes += Int(frame.byteCount)
                guard sent < Int(fetch.frames), sent == 0 || bytes <= Int(fetch.bytes) else {
                    isHead = false
                    break
                }
                sent += 1
                let slot = newSlot(.frame(frame))
                tell(.fetched(peer, Fetched(run: fetch.run), frame, slot))
                guard archive.peer == peer else { return }
            }
            through = place
        }
        let end = End(
            run: fetch.run,
            stream: fetch.stream,
            through: through,
            isHead: isHead,
            owedFrames: UInt64(owed.count),
            owedBytes: 0
        )
        tell(.end(peer, end))
    }

    /// Peers without a session begin one.
    mutating func reconnect() {
        for index in cameras.indices where cameras[index].peer == nil {
            let peer = newPeer()
            cameras[index].peer = peer
            let wishes = CameraWishes(
                stream: cameras[index].stream,
                epoch: cameras[index].epoch,
                acknowledgement: .archive
            )
            tell(.hello(peer, Hello(name: "camera", role: .camera(wishes))))
        }
        guard archive.peer == nil else { return }
        let peer = newPeer()
        archive.peer = peer
        archive.committedInSession = 0
        let wishes = ArchiveWishes(creditMessages: 16, creditBytes: 9_000)
        tell(.hello(peer, Hello(name: "archive", role: .archive(wishes))))
        guard archive.peer == peer else { return }
        // What READY sets off is a part of this session already.
        archive.isReady = true
        for event in archive.sync(to: peer) { tell(event) }
    }

    mutating func archiveRestarts() {
        guard let peer = archive.peer else { return }
        archive.disconnect()
        tell(.lost(peer))
    }

    mutating func brokerRestarts() {
        brokerSession += 1
        now += .seconds(1)
        router = Router(settings: Self.settings(session: brokerSession))
        router.handle(.tick, at: now, into: &effects)
        slots = [:]
        freeSlots = []
        slotCount = 0
        workers = []
        archive.disconnect()
        for index in cameras.indices { cameras[index].peer = nil }
    }

    mutating func startReplay() {
        guard let peer = archive.peer, archive.isReady,
            let group = groups.randomElement(using: &random),
            let stream = archive.frames.keys.sorted().randomElement(using: &random),
            let frames = archive.frames[stream]
        else { return }
        let number = (archive.lastRun[group.name] ?? 0) + 1
        archive.lastRun[group.name] = number
        let run = Run(group: group.name, number: number)
        let places = Set(frames.suffix(20).map(\.id.place))
        archive.owed[.init(run: run, stream: stream)] = places
        archive.selected[.init(run: run, stream: stream)] = places
        tell(.debt(peer, Debt(run: run, stream: stream, owedFrames: UInt64(places.count))))
    }

    mutating func checkLedger() {
        for group in router.report().groups {
            let sum =
                group.completed + group.shed + group.superseded + group.dead + group.pending
            if group.published != sum { fail("the ledger of \(group.group.name) is off: \(group)") }
        }
    }

    /// At most one live lease for a (run, frame), and none without a worker.
    mutating func checkLeases() {
        struct Key: Hashable {
            let group: Int
            let feed: Int
            let place: Place
        }
        var seen: Set<Key> = []
        for lease in router.leases.all where !lease.isExpired {
            let key = Key(group: lease.group, feed: lease.feed, place: lease.entry.place)
            if !seen.insert(key).inserted { fail("\(lease.entry.place) is leased twice") }
            if router.workers[lease.worker] == nil {
                fail("\(lease.entry.place) is leased to nobody")
            }
        }
        for worker in router.workers.compactMap(\.self)
        where worker.leases.count > worker.creditFrames {
            fail("\(worker.name) holds more than its credit")
        }
    }
}
