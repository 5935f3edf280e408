internal import Routing
internal import Wire

extension World {
    mutating func connect(camera index: Int) {
        let peer = newPeer()
        cameras[index].peer = peer
        let wishes = CameraWishes(
            stream: cameras[index].stream,
            epoch: cameras[index].epoch,
            acknowledgement: cameras[index].acknowledgement
        )
        let hello = Hello(name: cameras[index].stream, role: .camera(wishes))
        network.send(.event(.hello(peer, hello)), from: peer)
    }

    mutating func loseSession(camera index: Int) {
        cameras[index].peer = nil
        cameras[index].isWelcome = false
    }

    /// A new process takes the camera's place, with a clock that may be older.
    mutating func restartCamera() {
        let index = Int.random(in: 0..<cameras.count, using: &random)
        if let peer = cameras[index].peer {
            network.cut(peer)
            tell(.lost(peer))
        }
        // Clocks go back, but never show the same nanosecond twice.
        let clock = UInt64.random(in: 1...50, using: &random) * 100_000 + UInt64(steps)
        cameras[index].restart(clock: clock)
    }

    mutating func sendFrame(_ index: Int) {
        guard let peer = cameras[index].peer else { return }
        if cameras[index].made < 400, random.once(in: 30), let gap = cameras[index].shed() {
            return network.send(.event(.gap(peer, gap)), from: peer)
        }
        let byteCount = Int.random(in: 1...plan.largestFrame, using: &random)
        guard let frame = cameras[index].nextFrame(byteCount: byteCount) else { return }
        if plan.hasPoison, random.once(in: 60) { poison.insert(frame.id) }
        network.send(.frame(peer, frame), from: peer)
    }

    mutating func receive(_ message: Downstream, camera index: Int) {
        switch message {
        case .welcome(let welcome): cameras[index].welcome(welcome)
        case .refuse(let error):
            if let peer = cameras[index].peer { network.cut(peer) }
            loseSession(camera: index)
            if error.code == .staleEpoch { cameras[index].chooseNewEpoch() }
        case .ack(let ack):
            if ack.epoch == cameras[index].epoch, ack.archivedNext < cameras[index].archivedNext {
                fail("what is archived of \(ack.stream) goes back to \(ack.archivedNext)")
            }
            let archived = cameras[index].acknowledge(ack)
            // Of others a frame may be in a gap instead, as they do not wait for the archive.
            guard cameras[index].acknowledgement == .archive else { return }
            for id in archived { checkIsArchived(id) }
        default: fail("a camera is sent \(message)")
        }
    }

    /// Whatever was acknowledged as archived is in the log, once.
    private mutating func checkIsArchived(_ id: FrameID) {
        let copies = archive.frames[id.stream, default: []].count { $0.id == id }
        if copies != 1 { fail("\(id) was acknowledged as archived and is there \(copies) times") }
    }
}
