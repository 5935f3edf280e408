/// A set of pages, a bit each.
struct PageSet {
    private var words: [UInt64] = []

    /// Adds a page; returns whether it is new.
    mutating func insert(_ page: UInt64) -> Bool {
        let word = Int(page / 64)
        if word >= words.count {
            words += Array(repeating: 0, count: word + 1 - words.count)
        }
        let bit = UInt64(1) << (page % 64)
        guard words[word] & bit == 0 else { return false }
        words[word] |= bit
        return true
    }

    /// A page that both sets have, if there is one.
    func common(with other: PageSet) -> UInt64? {
        for (index, (left, right)) in zip(words, other.words).enumerated()
        where left & right != 0 {
            return UInt64(index * 64 + (left & right).trailingZeroBitCount)
        }
        return nil
    }
}
