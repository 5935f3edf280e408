internal import Routing
internal import Wire

/// A worker or a viewer: it starts its leases in order.
struct SimulatedWorker {
    struct Held {
        let deliver: Deliver
        let frame: Frame
    }

    let peer: PeerID
    let name: String
    /// Its group; empty for a viewer.
    let group: String
    var leases: [Held] = []
    var hangsUntil: Duration = .zero
    /// Whether it never answers any more, though it gives signs of life.
    var isStuck = false
    var answered: [Held] = []
    /// Bytes of frames it was given and has not answered.
    var heldBytes: Int { leases.reduce(0) { $0 + Int($1.frame.byteCount) } }

    init(peer: PeerID, name: String, group: String) {
        self.peer = peer
        self.name = name
        self.group = group
    }

    func result(for lease: Held, failure: String = "") -> Result {
        Result(
            run: lease.deliver.run,
            frame: lease.frame.id,
            token: lease.deliver.token,
            attempt: lease.deliver.attempt,
            worker: name,
            failure: failure,
            model: "none",
            modelHash: 0,
            startedAt: 0
        )
    }

    /// An answer to something that it was never asked.
    func lie(about lease: Held, _ kind: Int) -> Result {
        var result = result(for: lease)
        let epoch = lease.frame.id.epoch
        func id(_ stream: String, _ sequence: UInt64) -> FrameID {
            FrameID(stream: stream, epoch: epoch, sequence: sequence)
        }
        switch kind {
        case 0: result.token = lease.deliver.token ^ 0xffff
        case 1: result.token = lease.deliver.token &+ (1 << 32)
        case 2: result.run = Run(group: result.run.group, number: result.run.number + 7)
        case 3: result.frame = id(result.frame.stream, result.frame.sequence + 1)
        default: result.frame = id("camera/9", result.frame.sequence)
        }
        return result
    }
}
