internal import Routing
internal import Wire

/// What cameras and workers say.
extension RouterProgram {
    private mutating func frame(_ id: FrameID) -> Frame {
        let byteCount = max(1, program.number(UInt64(Limits.payloadByteCount)))
        return Frame(
            id: id,
            capturedAt: Int64(program.number()),
            format: .jpeg,
            width: 1,
            height: 1,
            byteCount: UInt32(byteCount),
            payloadHash: 0
        )
    }

    /// A camera that is there sends what comes next, or leaves out a few.
    mutating func sendNextFrame() {
        let senders = peers.filter { cameras[$0] != nil }
        guard !senders.isEmpty else { return }
        let peer = program.choice(senders)
        guard let camera = cameras[peer] else { return }
        let jump = program.byte()
        let sequence = camera.next.sequence + (jump < 0xF0 ? 0 : UInt64(jump & 0xF))
        let id = FrameID(stream: camera.stream, epoch: camera.next.epoch, sequence: sequence)
        cameras[peer]?.next = Place(epoch: id.epoch, sequence: sequence + 1)
        send(peer, frame(id))
    }

    /// Somebody sends any frame.
    mutating func sendFrame() {
        let peer = connection()
        send(peer, frame(frameID()))
    }

    private mutating func send(_ peer: PeerID, _ frame: Frame) {
        tell(.frame(peer, frame, newSlot(frame, byteCount: Int(frame.byteCount))))
    }

    /// Somebody announces a gap, of the own stream or of another.
    mutating func announceGap() {
        let peer = connection()
        let first = program.number(Limits.number - 1)
        let last = min(first + program.number(), Limits.number - 1)
        let gap = Gap(
            stream: program.flag() ? stream() : cameras[peer]?.stream ?? "a",
            epoch: program.number(),
            first: first,
            last: last,
            reason: program.choice(Gap.Reason.allCases),
            group: program.choice(["", "faces"])
        )
        tell(.gap(peer, gap))
    }

    // MARK: Workers

    /// A worker answers a lease that it got, for the first time or once more.
    mutating func answer() {
        guard !leases.isEmpty else { return }
        let known = leases[leases.count - 1 - program.below(min(leases.count, 16))]
        answer(known.peer, known.deliver.run, known.frame, token: known.deliver.token)
    }

    /// Somebody answers what somebody else got, or nobody.
    mutating func answerWrongly() {
        let peer = connection()
        let known =
            leases.isEmpty ? nil : leases[leases.count - 1 - program.below(min(leases.count, 16))]
        let what = program.byte()
        answer(
            what & 1 == 0 ? peer : known?.peer ?? peer,
            what & 2 == 0 ? known?.deliver.run ?? run() : run(),
            what & 4 == 0 ? known?.frame ?? frameID() : frameID(),
            token: what & 8 == 0 ? known?.deliver.token ?? 0 : program.number(.max)
        )
    }

    private mutating func answer(_ peer: PeerID, _ run: Run, _ frame: FrameID, token: UInt64) {
        let way = program.byte()
        let result = Wire.Result(
            run: run,
            frame: frame,
            token: token,
            attempt: 1,
            worker: hellos[peer]?.name ?? "one",
            failure: way & 1 == 0 ? "" : "broken",
            model: "none",
            modelHash: 0,
            startedAt: 0
        )
        // As many bytes as a header can have.
        let byteCount = way & 0xF0 == 0xF0 ? Limits.headerByteCount : 200
        let slot = newSlot(nil, byteCount: byteCount)
        tell(.answer(peer, Answer(result), slot, byteCount: byteCount))
    }
}
