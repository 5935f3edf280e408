/// Something long that an archive does for a command, one at a time.
package enum WorkRequest: Codable, Sendable, Equatable {
    /// Write the catalog anew from the log.
    case reindex
}

/// How far such work is.
package struct WorkStatus: Codable, Sendable {
    /// Counts the works of this archive since it began to serve.
    package var number: UInt64
    /// Done so far.
    package var done: UInt64 = 0
    /// Of how much.
    package var total: UInt64 = 0
    /// What was done, in a sentence, once it is.
    package var outcome: String?
    /// Why it could not be done.
    package var failure: ControlReply.Refusal?

    /// Whether nothing more will happen.
    package var isOver: Bool { outcome != nil || failure != nil }
}
