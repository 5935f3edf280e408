/// A detector could not be made.
package enum VisionError: Error, Equatable, CustomStringConvertible {
    /// A file that is needed is not there or cannot be read; the sentence says which.
    case missing(String)
    /// What is there cannot be used; the sentence says why and what to do.
    case unusable(String)

    package var description: String {
        switch self {
        case .missing(let sentence), .unusable(let sentence): sentence
        }
    }
}
