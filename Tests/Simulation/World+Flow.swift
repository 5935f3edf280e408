internal import Recording
internal import Routing
internal import Wire

/// While frames flow and nobody can keep up, everybody gets something.
extension World {
    /// A stream in the eyes of a group, or of one of its replays.
    struct Share: Hashable, CustomStringConvertible {
        let run: Run
        let stream: String

        var description: String { "\(stream) for \(run)" }
    }

    /// Twentieths of a second that a share may wait for a frame: a few deadlines of workers that are stuck,
    /// as a stream may be in such hands more than once.
    static let patience = 200

    /// Runs without faults, with cameras that send more than the workers look at, and checks that no
    /// stream of a group or replay is left out.
    mutating func flow() {
        leasedAt = [:]
        leaseCounts = [:]
        var begun: [Share: Int] = [:]
        for round in 0..<(2 * Self.patience) {
            self.round = round
            turn(round) { world in
                for camera in world.cameras.indices { world.sendFrame(camera) }
                for worker in world.workers.indices.reversed()
                where Bool.random(using: &world.random) {
                    world.work(worker, faultless: true)
                }
            }
            guard failures.isEmpty else { return }
            let shares = shares()
            begun = begun.filter { shares.contains($0.key) }
            for share in shares {
                let since = max(begun[share] ?? round, leasedAt[share] ?? 0)
                begun[share] = since
                if round - since > Self.patience {
                    let served = leaseCounts.map { "\($0.key) \($0.value)" }.sorted()
                    return fail("\(share) is left out while others are served: \(served)")
                }
            }
        }
    }

    mutating func countLease(_ share: Share) {
        leasedAt[share] = round
        leaseCounts[share, default: 0] += 1
    }

    /// Who must get frames: every stream that a group covers, as its camera never ends, and what replays
    /// owe.
    private func shares() -> Set<Share> {
        var shares: Set<Share> = []
        for group in plan.groups {
            for camera in cameras where group.covers(stream: camera.stream) {
                shares.insert(Share(run: Run(group: group.name, number: 0), stream: camera.stream))
            }
        }
        for run in archive.state.runsOfJobs {
            for stream in archive.state.debts.streams(of: run)
            where archive.state.debts.count(of: run, stream: stream) > 0 {
                shares.insert(Share(run: run, stream: stream))
            }
        }
        return shares
    }
}
