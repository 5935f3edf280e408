/// Bounds how many log lines of one kind are written, so that no peer can fill a disk with them.
///
/// Pure: the caller brings the time, which never goes back. Of each ``interval`` the first lines are
/// written and the others are counted; ask ``takeOmitted(at:)`` now and then, and say how many.
package struct LineLimit: Sendable {
    /// Lines written in each interval, at most.
    package let lineCount: Int
    /// How long lines are counted together.
    package let interval: Duration

    /// When the interval began that the lines now count in.
    private var began: Duration?
    private var written = 0
    private var omitted = 0

    /// A limit that has seen no line.
    ///
    /// - Parameters:
    ///   - lineCount: Lines in each interval, at least 1.
    ///   - interval: How long an interval is, more than nothing.
    package init(lineCount: Int = 20, interval: Duration = .seconds(1)) {
        precondition(lineCount >= 1 && interval > .zero, "a limit that no line can pass")
        self.lineCount = lineCount
        self.interval = interval
    }

    /// Whether the line may be written; it is counted either way.
    package mutating func admits(at now: Duration) -> Bool {
        if began.map({ now - $0 >= interval }) ?? true {
            began = now
            written = 0
        }
        guard written < lineCount else {
            omitted += 1
            return false
        }
        written += 1
        return true
    }

    /// How many lines were not written and not reported yet, once their interval is over; else 0.
    package mutating func takeOmitted(at now: Duration) -> Int {
        guard omitted > 0, let began, now - began >= interval else { return 0 }
        defer { omitted = 0 }
        return omitted
    }
}
