/// Why a program ends: one sentence for a person, and the exit code for a script.
package struct Failure: Error, Equatable, CustomStringConvertible {
    /// What kind of failure it is, which decides the exit code.
    package enum Kind: Int32, Sendable {
        case general = 1
        /// The command line, or the environment, asks for what cannot be (`EX_USAGE`).
        case usage = 64
        /// A file, device or directory that was named is not there or of no use (`EX_NOINPUT`).
        case missingInput = 66
        /// A peer did not answer in time (`EX_UNAVAILABLE`).
        case unreachable = 69
    }

    /// What kind it is.
    package let kind: Kind
    /// What happened, to what, and what to do next; no full stop at the end.
    package let sentence: String

    /// Puts the parts together.
    package init(_ kind: Kind = .general, _ sentence: String) {
        self.kind = kind
        self.sentence = sentence
    }

    package var description: String { sentence }
}
