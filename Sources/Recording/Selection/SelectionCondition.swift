/// A condition in SQL that a person wrote, to stand between parentheses in a question.
///
/// Pure. The question that it becomes a part of goes through the guarded door like every other; this
/// only keeps it to its place.
enum SelectionCondition {
    /// Why `text` cannot be a condition, in a sentence; `nil` when it may be one.
    static func mistake(in text: String) -> String? {
        var scalars = Array(text.unicodeScalars)[...]
        var depth = 0
        var isEmpty = true
        while let scalar = scalars.popFirst() {
            switch scalar {
            case "'", "\"", "`", "[":
                let end: Unicode.Scalar = scalar == "[" ? "]" : scalar
                guard let close = scalars.firstIndex(of: end) else {
                    return "the condition has a \(scalar) without its end: \(text)"
                }
                scalars = scalars[(close + 1)...]
            case "-" where scalars.first == "-":
                scalars = scalars.drop { $0 != "\n" }
                continue
            case "/" where scalars.first == "*":
                return "a condition has no comments: \(text)"
            case "(": depth += 1
            case ")":
                depth -= 1
                if depth < 0 { return "the condition has a ) too many: \(text)" }
            case ";": return "a condition is a part of a question, and has no ; in it: \(text)"
            default: break
            }
            if !scalar.properties.isWhitespace { isEmpty = false }
        }
        if depth > 0 { return "the condition has a ( without its ): \(text)" }
        if isEmpty { return "the condition is empty" }
        return nil
    }

    /// What went wrong with a question of which `condition` is a part, with what helps.
    static func explained(_ error: RecordingError, _ condition: String?) -> RecordingError {
        guard let condition else { return error }
        if error.description.contains("syntax error") || error.description.contains("incomplete") {
            return RecordingError(error.kind, "the condition is no SQL (\(error)): \(condition)")
        }
        guard error.description.contains("no such column") else { return error }
        return RecordingError(
            error.kind,
            "\(error); a condition is about the columns of frames, and asks what other tables say as"
                + " (stream, epoch, sequence) IN (SELECT stream, epoch, sequence FROM ...)"
        )
    }
}
