import ArgumentParser
import Recording
import Service
import Wire

/// A run as people write it: `faces:1`, or `1` alone where the group is said elsewhere.
struct RunName: ExpressibleByArgument, Equatable, Hinting {
    /// The group, if it is named.
    let group: String?
    /// 0 is the live run.
    let number: UInt32

    static let hint = "a run's number like 1, with its group as in faces:1"

    init?(argument: String) {
        let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
        guard let last = parts.last, let number = UInt32(last), parts.count <= 2 else { return nil }
        self.number = number
        group = parts.count == 2 ? String(parts[0]) : nil
        if let group, !Names.isValidGroup(group) { return nil }
    }

    /// Reads a run's name; what it looks like is the error.
    static func read(_ text: String) throws -> RunName {
        guard let run = RunName(argument: text) else {
            throw ValidationError("it takes \(hint)")
        }
        return run
    }

    init(group: String?, number: UInt32) {
        self.group = group
        self.number = number
    }
}

extension RunName: CustomStringConvertible {
    var description: String { group.map { "\($0):\(number)" } ?? "\(number)" }
}
