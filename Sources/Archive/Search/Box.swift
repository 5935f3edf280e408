/// A rectangle in pixels of the frame; `x`, `y` is its upper left corner.
struct Box: Equatable, Sendable {
    var x: Double
    var y: Double
    var width: Double
    var height: Double

    /// Square pixels; 0 for a box that is none.
    var area: Double { max(0, width) * max(0, height) }

    /// The part that lies within a frame; of no size when there is none.
    func clipped(toWidth frameWidth: Int, height frameHeight: Int) -> Box {
        let left = min(max(0, x), Double(frameWidth))
        let top = min(max(0, y), Double(frameHeight))
        let right = min(max(left, x + width), Double(frameWidth))
        let bottom = min(max(top, y + height), Double(frameHeight))
        return Box(x: left, y: top, width: right - left, height: bottom - top)
    }

    /// The share of both that is common to both, 0 to 1: intersection over union.
    func overlap(with other: Box) -> Double {
        let width = min(x + self.width, other.x + other.width) - max(x, other.x)
        let height = min(y + self.height, other.y + other.height) - max(y, other.y)
        let isKnown = [x, y, other.x, other.y, width, height].allSatisfy(\.isFinite)
        guard isKnown, width > 0, height > 0 else { return 0 }
        let common = width * height
        let whole = area + other.area - common
        return whole > 0 ? min(1, common / whole) : 0
    }
}
