/// Finds the largest load that is held, by as few tries as that takes.
///
/// Pure: doubles from the first guess until a load is not held, then halves what is between. A load is
/// taken to be held when a larger one is.
struct LargestHeld: Sendable, Equatable {
    /// The largest load known to be held; 0 for none.
    private(set) var held = 0
    /// The smallest one known not to be held.
    private(set) var broken: Int?
    private let first: Int
    private let most: Int

    /// - Parameters:
    ///   - first: The first guess, 1 or more.
    ///   - most: The largest load worth a try.
    init(first: Int, most: Int) {
        self.first = min(first, most)
        self.most = most
    }

    /// The next load to try; `nil` when the answer is within a twentieth.
    var next: Int? {
        guard let broken else {
            if held == 0 { return first }
            return held < most ? min(2 * held, most) : nil
        }
        guard broken - held > max(1, held / 20) else { return nil }
        return (held + broken) / 2
    }

    /// Notes what came of a try.
    mutating func note(_ load: Int, isHeld: Bool) {
        if isHeld { held = max(held, load) } else { broken = min(broken ?? load, load) }
    }
}
