import Testing

@testable import Bench

@Suite struct LargestHeldTests {
    /// What is found when loads up to `limit` are held, and after how many tries.
    private func find(_ limit: Int, first: Int = 100, most: Int = 2_000) -> (held: Int, tries: Int)
    {
        var search = LargestHeld(first: first, most: most)
        var tries = 0
        while let load = search.next {
            tries += 1
            search.note(load, isHeld: load <= limit)
        }
        return (search.held, tries)
    }

    @Test(arguments: [0, 1, 7, 99, 100, 101, 315, 1_999, 2_000, 100_000])
    func theLargestLoadIsFoundWithinATwentieth(limit: Int) {
        let (held, tries) = find(limit)
        #expect(held <= limit)
        #expect(held >= min(limit, 2_000) * 19 / 20 - 1)
        #expect(tries <= 14)
    }

    @Test func nothingIsTriedBeyondTheMost() {
        #expect(find(10_000, first: 300, most: 200).held == 200)
    }
}
