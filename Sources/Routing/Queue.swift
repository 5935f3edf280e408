/// A first-in-first-out queue in a ring of storage that is used again.
///
/// Adding and taking at either end costs the same however long the queue is.
struct Queue<Element> {
    private var storage: [Element?] = []
    private var head = 0
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    var first: Element? { count == 0 ? nil : storage[head] }

    private func index(_ offset: Int) -> Int {
        let index = head + offset
        return index < storage.count ? index : index - storage.count
    }

    /// The element `offset` places behind the first; `offset` must be under `count`.
    subscript(offset: Int) -> Element {
        get {
            precondition(offset >= 0 && offset < count)
            guard let element = storage[index(offset)] else {
                preconditionFailure("a queue has no element at one of its places")
            }
            return element
        }
        set {
            precondition(offset >= 0 && offset < count)
            storage[index(offset)] = newValue
        }
    }

    private mutating func grow() {
        guard count == storage.count else { return }
        var larger: [Element?] = []
        let capacity = Swift.max(8, count * 2)
        larger.reserveCapacity(capacity)
        for offset in 0..<count { larger.append(storage[index(offset)]) }
        while larger.count < capacity { larger.append(nil) }
        storage = larger
        head = 0
    }

    mutating func append(_ element: Element) {
        grow()
        storage[index(count)] = element
        count += 1
    }

    mutating func prepend(_ element: Element) {
        grow()
        head = head == 0 ? storage.count - 1 : head - 1
        storage[head] = element
        count += 1
    }

    @discardableResult
    mutating func popFirst() -> Element? {
        guard count > 0 else { return nil }
        let element = storage[head]
        storage[head] = nil
        head = index(1)
        count -= 1
        return element
    }

    @discardableResult
    mutating func popLast() -> Element? {
        guard count > 0 else { return nil }
        let last = index(count - 1)
        let element = storage[last]
        storage[last] = nil
        count -= 1
        return element
    }

    /// Puts the first element behind the last.
    mutating func moveFirstToEnd() {
        guard count > 1, let element = popFirst() else { return }
        append(element)
    }

    /// Takes out the element at `offset`; what is before it moves up one place.
    @discardableResult
    mutating func remove(at offset: Int) -> Element {
        let element = self[offset]
        var place = offset
        while place > 0 {
            self[place] = self[place - 1]
            place -= 1
        }
        popFirst()
        return element
    }

    /// Puts `element` before the one at `offset`; what is before that moves down one place.
    mutating func insert(_ element: Element, at offset: Int) {
        precondition(offset >= 0 && offset <= count)
        prepend(element)
        var place = 0
        while place < offset {
            self[place] = self[place + 1]
            place += 1
        }
        self[offset] = element
    }
}

extension Queue: RandomAccessCollection {
    var startIndex: Int { 0 }
    var endIndex: Int { count }
}

extension Queue: Sendable where Element: Sendable {}
