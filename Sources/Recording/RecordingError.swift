package import Wire

/// What the archive cannot do, in a sentence for the person who asked.
package struct RecordingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of thing went wrong, for a program.
    package enum Kind: String, Sendable, Equatable, Codable {
        /// The data directory, or something in it, is not there.
        case missing
        /// The data directory, or something in it, cannot be written.
        case unwritable
        /// Another process writes to the data directory.
        case locked
        /// The disk is full; goes by itself when room returns.
        case diskFull
        /// Bytes on disk are not what was written.
        case damaged
        /// A frame that was named is not in the log, or can no longer be told from the damage there.
        case gone
        /// A record that no segment can hold.
        case tooLarge
        /// Something that was asked for by name does not exist, or the question makes no sense.
        case invalid
        /// No archive serves the data directory.
        case notServing
        /// A library or the system failed.
        case failed
    }

    /// What kind of thing went wrong.
    package let kind: Kind
    /// What happened, to what, and what to do next.
    package let description: String

    /// Puts the parts together.
    package init(_ kind: Kind, _ sentence: String) {
        self.kind = kind
        description = sentence
    }
}

extension RecordingError {
    /// A frame of which the log has no record that can be read.
    package static func gone(_ frame: FrameID) -> RecordingError {
        RecordingError(.gone, "the log has no readable record of frame \(frame)")
    }
}
