/// How patient a ``Link`` is.
package struct LinkLimits: Sendable, Equatable {
    /// How long a connection may take to be there, and then HELLO to be answered.
    package var answer: Duration = .seconds(10)
    /// Wait before the first new try.
    package var firstBackOff: Duration = .milliseconds(250)
    /// Longest wait between tries.
    package var longestBackOff: Duration = .seconds(8)
    /// Give up after so long without a session; nil never, as services do.
    package var giveUp: Duration?

    /// The defaults of a service.
    package init() {}

    /// The defaults of a command, which gives up.
    package init(giveUp: Duration) { self.giveUp = giveUp }
}
