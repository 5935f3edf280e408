/// Something long that an archive does for a command, one at a time.
package enum WorkRequest: Codable, Sendable, Equatable {
    /// Write the catalog anew from the log.
    case reindex
    /// Keep what is selected, under a name.
    case pin(name: String, selection: Catalog.Selection, words: String)
    /// Release a pin.
    case unpin(name: String)
    /// Forget a group.
    case forget(group: String)
    /// Take what is selected out for good.
    case erase(selection: Catalog.Selection, words: String)
    /// End the erasures that a stop has left half done.
    case finishErasures
}

/// A pin, as it is listed.
package struct PinStatus: Codable, Sendable, Equatable {
    /// Its name.
    package var name: String
    /// Frames that it keeps.
    package var frames: UInt64
    /// When it was made, UTC.
    package var createdAt: String
    /// What was selected, in words.
    package var selection: String
}

/// A group, as the archive knows it.
package struct RecordedGroup: Codable, Sendable, Equatable {
    /// Its name.
    package var group: String
    /// `latest`, `queue` or `durable`.
    package var policy: String
    /// The streams it sees, between blanks.
    package var patterns: String
    /// Frames with a result, of a durable group.
    package var completed: UInt64
    /// Those of them whose result is a failure.
    package var failed: UInt64
    /// Frames given up.
    package var dead: UInt64
    /// Frames that were owed and are gone.
    package var shed: UInt64
    /// Frames that are not done.
    package var owed: UInt64
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
