/// Something that is wrong with an archive.
package struct Finding: Sendable, Equatable, Codable {
    /// What is wrong.
    package enum Kind: String, Sendable, Codable {
        /// A record is not what was written, or positions do not ascend.
        case record
        /// A file's pages, or all of it.
        case file
        /// Frames of a stream out of order, or missing without a gap.
        case order
        /// A checkpoint is not what the records before it add up to.
        case checkpoint
        /// A sealed index does not lead to the frames.
        case index
        /// The catalog is not what the log says.
        case catalog
    }

    /// What is wrong.
    package var kind: Kind
    /// The file's name; `nil` when it is about no file of the log.
    package var file: String?
    /// The position in the log, where there is one.
    package var position: UInt64?
    /// What is wrong, in words.
    package var reason: String

    /// As one line.
    package var line: String {
        var place: [String] = []
        if let position { place.append("position \(position)") }
        if let file { place.append(place.isEmpty ? file : "(\(file))") }
        return "\(place.isEmpty ? kind.rawValue : place.joined(separator: " ")): \(reason)"
    }
}

/// What was found wrong: the first ones, and how many in all.
package struct Findings: Sendable, Equatable {
    /// How many are kept.
    package static let limit = 1_000

    /// The first ones.
    package private(set) var list: [Finding] = []
    /// How many there are.
    package private(set) var count = 0

    /// Nothing found.
    package init() {}

    /// Adds one.
    mutating func add(
        _ kind: Finding.Kind,
        file: String? = nil,
        at position: UInt64? = nil,
        _ reason: String
    ) {
        count += 1
        guard list.count < Self.limit else { return }
        list.append(Finding(kind: kind, file: file, position: position, reason: reason))
    }
}
