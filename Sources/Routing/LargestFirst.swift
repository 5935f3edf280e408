/// Small numbers, such as feeds' indices, with the one of the largest size first: a binary heap that
/// knows where each is.
///
/// Reading the largest costs nothing, changing a size some steps for each doubling of their number.
struct LargestFirst {
    private var heap: [(item: Int, size: Int)] = []
    /// Where each item is in the heap; -1 when it is not there.
    private var places: [Int] = []

    /// The item of the largest size, `nil` when all are 0.
    var largest: Int? { heap.first?.item }

    /// Sets the size of an item; of size 0 it is not here.
    mutating func set(_ item: Int, to size: Int) {
        while places.count <= item { places.append(-1) }
        let place = places[item]
        if place < 0 {
            guard size > 0 else { return }
            heap.append((item, size))
            places[item] = heap.count - 1
            rise(from: heap.count - 1)
        } else if size > 0 {
            let before = heap[place].size
            heap[place].size = size
            if size > before { rise(from: place) } else { sink(from: place) }
        } else {
            remove(at: place)
        }
    }

    private mutating func remove(at place: Int) {
        let item = heap[place].item
        let last = heap.count - 1
        if place < last { swap(place, last) }
        heap.removeLast()
        places[item] = -1
        guard place < last else { return }
        rise(from: place)
        sink(from: place)
    }

    private mutating func swap(_ left: Int, _ right: Int) {
        heap.swapAt(left, right)
        places[heap[left].item] = left
        places[heap[right].item] = right
    }

    private mutating func rise(from start: Int) {
        var place = start
        while place > 0 {
            let parent = (place - 1) / 2
            guard heap[place].size > heap[parent].size else { return }
            swap(place, parent)
            place = parent
        }
    }

    private mutating func sink(from start: Int) {
        var place = start
        while true {
            var largest = place
            for child in (2 * place + 1)...(2 * place + 2)
            where child < heap.count && heap[child].size > heap[largest].size {
                largest = child
            }
            guard largest != place else { return }
            swap(place, largest)
            place = largest
        }
    }
}
