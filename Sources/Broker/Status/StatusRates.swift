import Service
import Wire

/// What a count has grown by in a second, from one snapshot to the next.
struct StatusRates {
    private let before: StatusSnapshot?
    private let seconds: Double

    /// Rates between two snapshots of the same life of the broker; else there are none.
    init(from before: StatusSnapshot?, to now: StatusSnapshot) {
        let isSame = before?.broker.session == now.broker.session
        self.before = isSame ? before : nil
        seconds = before.map { Double(now.broker.at - $0.broker.at) / 1e9 } ?? 0
    }

    func frames(of stream: StreamStatus) -> String {
        text(stream.frames, before(stream)?.frames) { Readable.threeDigits($0) }
    }

    func bytes(of stream: StreamStatus) -> String {
        text(stream.bytes, before(stream)?.bytes) { Readable.bytes(Int($0)) }
    }

    /// Frames done, those of replays too.
    func done(by group: GroupStatus) -> String {
        let before = before?.groups.first { $0.group.name == group.group.name }
        return text(
            group.completed + group.replayCompleted,
            before.map { $0.completed + $0.replayCompleted }
        ) { Readable.threeDigits($0) }
    }

    private func before(_ stream: StreamStatus) -> StreamStatus? {
        before?.streams.first { $0.stream == stream.stream }
    }

    private func text(_ now: UInt64, _ before: UInt64?, _ write: (Double) -> String) -> String {
        guard let before, now >= before, seconds > 0 else { return "-" }
        return write(Double(now - before) / seconds)
    }
}
