internal import Wire

/// The recent frames of one stream, in the order received.
///
/// Durable groups that are *live* read along here, each with an index of its own. An index names the
/// same frame for ever, also after earlier frames have left.
struct Ring {
    struct Entry {
        let place: Place
        let slot: Slot
        let byteCount: Int
        let arrivedAt: Duration
        /// Whether the archive was, or will be, given the frame.
        let isKept: Bool
    }

    private var entries = Queue<Entry>()
    /// The index of the oldest frame still here.
    private(set) var firstIndex = 0
    /// The place of the newest frame that has left; everything received since is here.
    private(set) var evictedThrough: Place?

    /// The index that the next frame will get.
    var endIndex: Int { firstIndex + entries.count }

    var first: Entry? { entries.first }

    /// The frame at `index`, `nil` when it has not come yet.
    ///
    /// - Precondition: The frame has not left.
    func entry(at index: Int) -> Entry? {
        precondition(index >= firstIndex, "a frame was wanted that has left the ring")
        return index < endIndex ? entries[index - firstIndex] : nil
    }

    mutating func append(_ entry: Entry) { entries.append(entry) }

    /// Notes that a frame came which was not put here, as nobody reads along.
    ///
    /// - Precondition: The ring is empty.
    mutating func pass(_ place: Place) {
        precondition(entries.isEmpty, "a frame may not pass those in the ring")
        evictedThrough = place
    }

    mutating func evictFirst() -> Entry? {
        guard let entry = entries.popFirst() else { return nil }
        firstIndex += 1
        evictedThrough = entry.place
        return entry
    }

    /// The index of the first frame behind `place`, or `nil` when one of those has left already.
    ///
    /// All frames that were received behind `place` are here exactly when none of them was evicted,
    /// so this alone decides whether a group may go from behind to live: gaps need no look.
    func index(after place: Place?) -> Int? {
        if let evictedThrough {
            guard let place, place >= evictedThrough else { return nil }
        }
        guard let place else { return firstIndex }
        // The frames are in order: find the border by halving.
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].place <= place { low = middle + 1 } else { high = middle }
        }
        return firstIndex + low
    }
}
