/// One thing that a detector found in an image.
package struct Detection: Sendable, Equatable {
    /// What it is, such as `face`.
    package var label: String
    /// How sure the detector is, 0 to 1.
    package var score: Float
    /// Where it is.
    package var box: Box
    /// Points in pixels of the image; for YuNet's faces: right eye, left eye, nose, right and left
    /// corner of the mouth, as the person's own right and left.
    package var landmarks: [Point]

    /// Puts the parts together.
    package init(label: String, score: Float, box: Box, landmarks: [Point] = []) {
        self.label = label
        self.score = score
        self.box = box
        self.landmarks = landmarks
    }
}

/// A place in an image, in pixels from the top left.
package struct Point: Sendable, Equatable {
    /// From the left edge.
    package var x: Float
    /// From the top edge.
    package var y: Float

    /// Puts the parts together.
    package init(x: Float, y: Float) {
        self.x = x
        self.y = y
    }
}

/// An upright rectangle in an image, in pixels from the top left.
package struct Box: Sendable, Equatable {
    /// Left edge.
    package var x: Float
    /// Top edge.
    package var y: Float
    /// 0 or more.
    package var width: Float
    /// 0 or more.
    package var height: Float

    /// Puts the parts together.
    package init(x: Float, y: Float, width: Float, height: Float) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }

    /// Width times height.
    package var area: Float { width * height }

    /// What both cover; of no size when they do not meet.
    package func intersection(_ other: Box) -> Box {
        let left = max(x, other.x)
        let top = max(y, other.y)
        let right = min(x + width, other.x + other.width)
        let bottom = min(y + height, other.y + other.height)
        return Box(x: left, y: top, width: max(0, right - left), height: max(0, bottom - top))
    }

    /// The box with every number multiplied, as when the image is resized.
    package func scaled(by factor: Float) -> Box {
        Box(x: x * factor, y: y * factor, width: width * factor, height: height * factor)
    }

    /// The box without a share of its width at the left and right, and of its height at the top
    /// and bottom.
    package func trimmed(sides: Float, ends: Float) -> Box {
        Box(
            x: x + width * sides,
            y: y + height * ends,
            width: width * (1 - 2 * sides),
            height: height * (1 - 2 * ends)
        )
    }
}

extension [Detection] {
    /// Keeps the best of those that cover much the same: non-maximum suppression.
    ///
    /// - Parameters:
    ///   - overlap: The highest intersection over union that two kept ones may have.
    ///   - cover: The highest share of the smaller one that a kept one may cover; it removes a torso
    ///     found within a person.
    /// - Returns: The kept ones, best first.
    package func suppressed(overlap: Float, cover: Float) -> [Detection] {
        var kept: [Detection] = []
        for candidate in sorted(by: { $0.score > $1.score }) {
            let isNew = kept.allSatisfy { better in
                let shared = candidate.box.intersection(better.box).area
                let union = candidate.box.area + better.box.area - shared
                let smaller = Swift.min(candidate.box.area, better.box.area)
                return shared <= overlap * union && shared <= cover * smaller
            }
            if isNew { kept.append(candidate) }
        }
        return kept
    }
}
