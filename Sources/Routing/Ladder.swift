/// Workers in the order of a small number, such as the share of their credit that is out.
///
/// Putting one on a rung and finding the first of the lowest rung cost the same however many there
/// are. On each rung they stand in the order they came there, so equals take turns.
struct Ladder {
    private struct Node {
        let value: Int32
        var rung = Ladder.none
        var next = Ladder.none
        var previous = Ladder.none
    }

    private struct Rung {
        var first = Ladder.none
        var last = Ladder.none
    }

    /// In place of a number, where there is none: this is on the way of every frame.
    private static let none: Int32 = -1

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
        let node = Node(value: Int32(value))
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
        let last = rungs[rung].last
        nodes[index].rung = Int32(rung)
        nodes[index].previous = last
        if last >= 0 {
            nodes[Int(last)].next = Int32(index)
        } else {
            rungs[rung].first = Int32(index)
        }
        rungs[rung].last = Int32(index)
        lowest = min(lowest, rung)
    }

    private mutating func leave(_ index: Int) {
        let node = nodes[index]
        guard node.rung >= 0 else { return }
        if node.previous >= 0 {
            nodes[Int(node.previous)].next = node.next
        } else {
            rungs[Int(node.rung)].first = node.next
        }
        if node.next >= 0 {
            nodes[Int(node.next)].previous = node.previous
        } else {
            rungs[Int(node.rung)].last = node.previous
        }
        nodes[index] = Node(value: node.value)
    }

    /// The number of the first on the lowest rung that has anybody.
    mutating func first() -> Int? {
        while lowest < rungs.count {
            if rungs[lowest].first >= 0 { return Int(rungs[lowest].first) }
            lowest += 1
        }
        return nil
    }

    /// The number of the one behind `index`, on the same rung or a higher one.
    func next(after index: Int) -> Int? {
        let node = nodes[index]
        if node.next >= 0 { return Int(node.next) }
        for higher in Int(node.rung) + 1..<max(Int(node.rung) + 1, rungs.count)
        where rungs[higher].first >= 0 {
            return Int(rungs[higher].first)
        }
        return nil
    }

    /// The rung that somebody is on; `nil` when nobody finds it.
    func rung(of index: Int) -> Int? {
        let rung = Int(nodes[index].rung)
        return rung >= 0 ? rung : nil
    }

    /// What was taken up under that number.
    subscript(index: Int) -> Int { Int(nodes[index].value) }
}
