package import Wire

/// A set of frames, as the stretches of sequences of each epoch of each stream.
///
/// Pure.
package struct FrameSet: Sendable, Equatable {
    /// The stretches, by stream and epoch; none of them empty.
    package private(set) var streams: [String: [UInt64: IntervalSet]] = [:]

    /// No frame.
    package init() {}

    /// The frames of `streams`.
    package init(_ streams: [String: [UInt64: IntervalSet]]) {
        for (stream, epochs) in streams {
            let some = epochs.filter { !$0.value.isEmpty }
            if !some.isEmpty { self.streams[stream] = some }
        }
    }

    /// Whether there is none.
    package var isEmpty: Bool { streams.isEmpty }

    /// How many there are.
    package var count: UInt64 {
        streams.values.reduce(0) { $0 + $1.values.reduce(0) { $0 + $1.count } }
    }

    /// Whether `frame` is one of them.
    package func contains(_ frame: FrameID) -> Bool {
        streams[frame.stream]?[frame.epoch]?.contains(frame.sequence) ?? false
    }

    /// Adds one.
    package mutating func insert(_ frame: FrameID) {
        insert(frame.sequence...frame.sequence, epoch: frame.epoch, stream: frame.stream)
    }

    /// Adds a stretch.
    package mutating func insert(_ range: ClosedRange<UInt64>, epoch: UInt64, stream: String) {
        streams[stream, default: [:]][epoch, default: IntervalSet()].insert(range)
    }

    /// Adds all of `other`.
    package mutating func formUnion(_ other: FrameSet) {
        other.forEach { stream, epoch, range in insert(range, epoch: epoch, stream: stream) }
    }

    /// Takes all of `other` out.
    package mutating func subtract(_ other: FrameSet) {
        for (stream, epochs) in other.streams {
            for (epoch, set) in epochs where streams[stream]?[epoch] != nil {
                for range in set.ranges { _ = streams[stream]?[epoch]?.remove(range) }
                if streams[stream]?[epoch]?.isEmpty == true { streams[stream]?[epoch] = nil }
            }
            if streams[stream]?.isEmpty == true { streams[stream] = nil }
        }
    }

    /// Those that `other` has too.
    package func intersection(_ other: FrameSet) -> FrameSet {
        var outside = self
        outside.subtract(other)
        var both = self
        both.subtract(outside)
        return both
    }

    /// Those of one stream.
    package func only(_ stream: String) -> FrameSet {
        streams[stream].map { FrameSet([stream: $0]) } ?? FrameSet()
    }

    /// Hands out each stretch, in order.
    package func forEach(
        _ body: (_ stream: String, _ epoch: UInt64, _ range: ClosedRange<UInt64>) -> Void
    ) {
        for (stream, epochs) in streams.sorted(by: { $0.key < $1.key }) {
            for (epoch, set) in epochs.sorted(by: { $0.key < $1.key }) {
                for range in set.ranges { body(stream, epoch, range) }
            }
        }
    }

    /// The records that say what becomes of them.
    package func stretches(
        _ kind: Stretch.Kind,
        name: String = "",
        run: UInt32 = 0
    ) -> [LogRecord] {
        streams.sorted { $0.key < $1.key }.flatMap { stream, epochs in
            epochs.sorted { $0.key < $1.key }.flatMap { epoch, set in
                stride(from: 0, to: set.ranges.count, by: Stretch.rangeLimit).map { start in
                    let end = min(start + Stretch.rangeLimit, set.ranges.count)
                    return .stretch(
                        Stretch(
                            kind,
                            name: name,
                            run: run,
                            stream: stream,
                            epoch: epoch,
                            ranges: Array(set.ranges[start..<end])
                        )
                    )
                }
            }
        }
    }
}
