/// Workers in the order of a small number, such as the share of their credit that is out.
///
/// Putting one on a rung and finding the first of the lowest rung cost the same however many there
/// are. On each rung they stand in the order they came there, so equals take turns.
struct Ladder {
    private struct Node {
        let value: Int
        var rung: Int?
        var next: Int?
        var previous: Int?
    }

    private struct Rung {
        var first: Int?
        var last: Int?
    }

    private var nodes: [Node] = []
    private var free: [Int] = []
    private var rungs: [Rung] = []
    /// No rung below this one has anybody.
    private var lowest = 0

    /// Takes somebody up, on no rung yet.
    ///
    /// - Parameter value: What the subscript gives back.
    /// - Returns: The number that stands for it here.
    mutating func add(_ value: Int) -> Int {
        let node = Node(value: value)
        guard let index = free.popLast() else {
            nodes.append(node)
            return nodes.count - 1
        }
        nodes[index] = node
        return index
    }

    /// Forgets somebody.
    mutating func remove(_ index: Int) {
        leave(index)
        free.append(index)
    }

    /// Moves somebody to the end of a rung, 0 or more; on `nil` nobody finds it.
    mutating func put(_ index: Int, on rung: Int?) {
        leave(index)
        guard let rung else { return }
        while rungs.count <= rung { rungs.append(Rung()) }
        nodes[index].rung = rung
        nodes[index].previous = rungs[rung].last
        if let last = rungs[rung].last {
            nodes[last].next = index
        } else {
            rungs[rung].first = index
        }
        rungs[rung].last = index
        lowest = min(lowest, rung)
    }

    private mutating func leave(_ index: Int) {
        guard let rung = nodes[index].rung else { return }
        let (next, previous) = (nodes[index].next, nodes[index].previous)
        if let previous { nodes[previous].next = next } else { rungs[rung].first = next }
        if let next { nodes[next].previous = previous } else { rungs[rung].last = previous }
        nodes[index].rung = nil
        nodes[index].next = nil
        nodes[index].previous = nil
    }

    /// The number of the first on the lowest rung that has anybody.
    mutating func first() -> Int? {
        while lowest < rungs.count {
            if let first = rungs[lowest].first { return first }
            lowest += 1
        }
        return nil
    }

    /// The number of the one behind `index`, on the same rung or a higher one.
    func next(after index: Int) -> Int? {
        if let next = nodes[index].next { return next }
        guard let rung = nodes[index].rung else { return nil }
        for higher in rung + 1..<max(rung + 1, rungs.count) {
            if let first = rungs[higher].first { return first }
        }
        return nil
    }

    /// What was taken up under that number.
    subscript(index: Int) -> Int { nodes[index].value }
}
