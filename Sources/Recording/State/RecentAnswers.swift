package import Wire

/// The newest completions of a run that has no debt, so that one sent again is known again.
///
/// Pure. A broker has at most as many uncommitted messages as the archive grants it, so remembering
/// that many is enough.
package struct RecentAnswers: Sendable, Equatable {
    /// How many are remembered; see ``ArchiveWishes/creditMessages``.
    package static let limit = 8_192

    private var order: [FrameID] = []
    private var oldest = 0
    private var known: Set<FrameID> = []

    /// Nothing remembered.
    package init() {}

    /// Whether `frame` is remembered.
    package func contains(_ frame: FrameID) -> Bool { known.contains(frame) }

    /// Remembers `frame`, forgetting the oldest beyond the limit; returns whether it is new.
    package mutating func insert(_ frame: FrameID) -> Bool {
        guard known.insert(frame).inserted else { return false }
        if order.count < Self.limit {
            order.append(frame)
        } else {
            known.remove(order[oldest])
            order[oldest] = frame
            oldest = (oldest + 1) % Self.limit
        }
        return true
    }
}
