/// A set of sequence numbers, kept as the stretches they form.
///
/// Takes memory by the stretch, not by the number. Finding is a binary search; inserting and
/// removing in the middle move the stretches behind, in one block copy.
package struct IntervalSet: Sendable, Equatable {
    /// The stretches, ascending; no two touch.
    package private(set) var ranges: [ClosedRange<UInt64>]
    /// How many numbers the set has.
    package private(set) var count: UInt64

    /// The empty set.
    package init() {
        ranges = []
        count = 0
    }

    /// The union of `ranges`, which may overlap and come in any order.
    package init(_ ranges: some Sequence<ClosedRange<UInt64>>) {
        self.init()
        for range in ranges { insert(range) }
    }

    /// Whether the set has no number.
    package var isEmpty: Bool { ranges.isEmpty }

    /// The smallest number.
    package var first: UInt64? { ranges.first?.lowerBound }

    /// The largest number.
    package var last: UInt64? { ranges.last?.upperBound }

    /// Whether `value` is in the set.
    package func contains(_ value: UInt64) -> Bool {
        let index = firstEnding(atOrAfter: value)
        return index < ranges.count && ranges[index].lowerBound <= value
    }

    /// The smallest number that is `value` or more.
    package func first(from value: UInt64) -> UInt64? {
        let index = firstEnding(atOrAfter: value)
        return index < ranges.count ? max(value, ranges[index].lowerBound) : nil
    }

    /// Adds one number; returns whether it is new.
    @discardableResult
    package mutating func insert(_ value: UInt64) -> Bool {
        if contains(value) { return false }
        insert(value...value)
        return true
    }

    /// Adds every number of `range`; no number may be `UInt64.max`.
    package mutating func insert(_ range: ClosedRange<UInt64>) {
        precondition(range.upperBound < .max)
        // Every stretch that overlaps or touches `range` melts into one with it.
        let touch = range.lowerBound == 0 ? 0 : range.lowerBound - 1
        let start = firstEnding(atOrAfter: touch)
        var end = start
        var merged = range
        while end < ranges.count, ranges[end].lowerBound <= range.upperBound + 1 {
            let other = ranges[end]
            merged =
                min(merged.lowerBound, other.lowerBound)...max(merged.upperBound, other.upperBound)
            count -= size(other)
            end += 1
        }
        count += size(merged)
        if end == start + 1 {
            ranges[start] = merged  // The usual case, growing at the end, moves nothing.
        } else {
            ranges.replaceSubrange(start..<end, with: CollectionOfOne(merged))
        }
    }

    /// Takes one number out; returns whether it was there.
    @discardableResult
    package mutating func remove(_ value: UInt64) -> Bool {
        let index = firstEnding(atOrAfter: value)
        guard index < ranges.count, ranges[index].lowerBound <= value else { return false }
        let range = ranges[index]
        count -= 1
        switch (range.lowerBound == value, range.upperBound == value) {
        case (true, true): ranges.remove(at: index)
        case (true, false): ranges[index] = value + 1...range.upperBound
        case (false, true): ranges[index] = range.lowerBound...value - 1
        case (false, false):
            ranges[index] = range.lowerBound...value - 1
            ranges.insert(value + 1...range.upperBound, at: index + 1)
        }
        return true
    }

    /// Takes every number of `range` out; returns how many were there.
    @discardableResult
    package mutating func remove(_ range: ClosedRange<UInt64>) -> UInt64 {
        let start = firstEnding(atOrAfter: range.lowerBound)
        var end = start
        var rest: [ClosedRange<UInt64>] = []
        var removed: UInt64 = 0
        while end < ranges.count, ranges[end].lowerBound <= range.upperBound {
            let other = ranges[end]
            let both = other.clamped(to: range)
            removed += size(both)
            if other.lowerBound < both.lowerBound {
                rest.append(other.lowerBound...both.lowerBound - 1)
            }
            if other.upperBound > both.upperBound {
                rest.append(both.upperBound + 1...other.upperBound)
            }
            end += 1
        }
        ranges.replaceSubrange(start..<end, with: rest)
        count -= removed
        return removed
    }

    /// The index of the first stretch whose last number is `value` or more.
    private func firstEnding(atOrAfter value: UInt64) -> Int {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < value { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func size(_ range: ClosedRange<UInt64>) -> UInt64 {
        range.upperBound - range.lowerBound + 1
    }
}
