/// Notices when a camera's frames do not get on, and when they do again.
///
/// Pure: the caller brings the time. Look about once a second; what is to be said is said once.
package struct Standstill: Sendable {
    /// What has changed.
    package enum Change: Sendable, Equatable {
        /// No frame could be forgotten for so long.
        case stands(SendWindow.Obstacle, for: Duration)
        /// Frames are forgotten again, after so long.
        case goesOn(after: Duration)
    }

    /// How long frames may be held before it is said.
    package static let patience: Duration = .seconds(4)

    private var freedCount: UInt64 = 0
    /// Since when nothing was freed though something was held.
    private var since: Duration?
    private var said: SendWindow.Obstacle?

    /// Nothing was seen yet.
    package init() {}

    /// Looks how far a window is.
    ///
    /// - Parameters:
    ///   - window: Of the camera's one window.
    ///   - now: Time since the process started; never goes back.
    /// - Returns: What a person should be told now.
    package mutating func look(at window: SendWindow.Progress, now: Duration) -> Change? {
        defer { freedCount = window.freedCount }
        let stood = since.map { now - $0 } ?? .zero
        guard let obstacle = window.obstacle, window.freedCount == freedCount else {
            let wasSaid = said != nil
            said = nil
            since = window.obstacle == nil ? nil : now
            // At the end of a session nothing goes on; the link says that.
            return wasSaid && window.isInSession ? .goesOn(after: stood) : nil
        }
        if since == nil { since = now }
        guard stood >= Self.patience, said != obstacle else { return nil }
        said = obstacle
        return .stands(obstacle, for: stood)
    }
}
