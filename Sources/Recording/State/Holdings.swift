package import Wire

/// What people have ordered of the archive and is in force: pins, and erasures that are not done.
///
/// Pure.
package struct Holdings: Sendable, Equatable {
    /// An order in force, with its frames.
    package struct Entry: Sendable, Equatable {
        /// What was ordered, and when.
        package var order: Order
        /// The frames that it is about.
        package var frames = FrameSet()
    }

    /// The pins, by name.
    package private(set) var pins: [String: Entry] = [:]
    /// The erasures that are under way, by number.
    package private(set) var erasures: [String: Entry] = [:]

    /// Nothing ordered.
    package init() {}

    /// Everything that a pin keeps.
    package var pinned: FrameSet {
        pins.values.reduce(into: FrameSet()) { $0.formUnion($1.frames) }
    }

    /// Everything that is to be erased.
    package var erasing: FrameSet {
        erasures.values.reduce(into: FrameSet()) { $0.formUnion($1.frames) }
    }

    /// Whether `frame` is to be erased.
    func isErasing(_ frame: FrameID) -> Bool {
        erasures.values.contains { $0.frames.contains(frame) }
    }

    /// Takes in an order.
    mutating func apply(_ order: Order) {
        switch order.kind {
        case .pin: pins[order.name] = Entry(order: order)
        case .unpin: pins[order.name] = nil
        case .erase: erasures[order.name] = Entry(order: order)
        case .erased: erasures[order.name] = nil
        case .forget: break
        }
    }

    /// Takes in what an order is about.
    mutating func apply(_ stretch: Stretch) {
        for range in stretch.ranges {
            switch stretch.kind {
            case .pinned:
                pins[stretch.name]?.frames
                    .insert(range, epoch: stretch.epoch, stream: stretch.stream)
            case .erasing:
                erasures[stretch.name]?.frames
                    .insert(range, epoch: stretch.epoch, stream: stretch.stream)
            case .taken, .pictures, .results: break
            }
        }
    }

    /// Everything that ``apply(_:)`` needs to get here.
    func records() -> [LogRecord] {
        func records(_ entries: [String: Entry], _ kind: Stretch.Kind) -> [LogRecord] {
            entries.sorted { $0.key < $1.key }.flatMap { name, entry in
                [.order(entry.order)] + entry.frames.stretches(kind, name: name)
            }
        }
        return records(pins, .pinned) + records(erasures, .erasing)
    }
}
