internal import Wire

/// How long an archive keeps what, and how much room it leaves.
package struct RetentionPolicy: Sendable, Equatable {
    /// How long the frames of some streams are kept.
    package struct Age: Sendable, Equatable {
        /// The streams, as a name or a pattern.
        package var pattern: String
        /// Nanoseconds.
        package var nanoseconds: Int64

        /// Puts the parts together.
        package init(pattern: String = "*", nanoseconds: Int64) {
            self.pattern = pattern
            self.nanoseconds = nanoseconds
        }
    }

    /// Room that is left on the disk.
    package enum Room: Sendable, Equatable {
        case bytes(Int)
        case percent(Double)

        /// Bytes of a disk of `total` bytes.
        func byteCount(of total: Int) -> Int {
            switch self {
            case .bytes(let count): min(count, .max / 4)
            case .percent(let share): Int(Double(total) * share / 100)
            }
        }
    }

    /// The ages; the last one that covers a stream counts, and a stream that none covers is kept.
    package var ages: [Age] = []
    /// Bytes of the log at most; `nil` for as many as there is room for.
    package var byteCount: Int?
    /// How long results are kept after they were committed, also without their frames, in
    /// nanoseconds; `nil` lets them go with their frames.
    package var results: Int64?
    /// Room that is left on the disk.
    package var keepFree: Room?

    /// Keeps everything.
    package init() {}

    /// How long frames of `stream` are kept; `nil` for ever.
    package func age(of stream: String) -> Int64? {
        ages.last { Names.matches(pattern: $0.pattern, name: stream) }?.nanoseconds
    }

    /// The shortest time after which something may go; `nil` when nothing goes by its age.
    var shortest: Int64? {
        let results = byteCount == nil && keepFree == nil && ages.isEmpty ? nil : results
        return (ages.map(\.nanoseconds) + [results].compactMap { $0 }).min()
    }

    /// Whether anything ever goes.
    var takesNothing: Bool { ages.isEmpty && byteCount == nil && keepFree == nil }
}
