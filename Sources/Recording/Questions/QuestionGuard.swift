internal import GRDBSQLite

/// What SQLite calls back to while it compiles and runs a question: says what is allowed, and when
/// the time is up.
///
/// Used by the one thread that uses the connection.
final class QuestionGuard {
    /// Why the statement that is being compiled is refused: the first reason.
    var refusal: String?
    /// How long SQLite may work for one question.
    var timeLimit: Duration?
    /// How long it has; the time in which the rows are printed does not count.
    var spent: Duration = .zero
    /// Asked now and then whether the question is to end at once.
    var isStopped: (@Sendable () -> Bool)?
    private var stepBegan = ContinuousClock.now

    /// SQLite begins to work.
    func begin() { stepBegan = .now }

    /// SQLite has handed out a row, or is done.
    func pause() { spent += .now - stepBegan }

    /// Whether the time is up.
    var isOver: Bool {
        isStopped?() == true || timeLimit.map { spent + (.now - stepBegan) > $0 } ?? false
    }

    /// Instructions of SQLite's machine between two looks at the clock: well under a millisecond of
    /// most, a second of those that each make a value of ``QuestionConnection/valueLimit`` bytes.
    private static let instructionsPerLook: Int32 = 1_000

    /// Has SQLite call back; the guard must live as long as the connection.
    func watch(_ connection: OpaquePointer) {
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        _ = unsafe sqlite3_set_authorizer(
            connection,
            { context, action, first, second, _, _ in
                guard let context = unsafe context else { return SQLITE_DENY }
                let guardian = unsafe Unmanaged<QuestionGuard>.fromOpaque(context)
                    .takeUnretainedValue()
                let refusal = unsafe QuestionRules.refusal(
                    of: action,
                    first.map { unsafe String(cString: $0) },
                    second.map { unsafe String(cString: $0) }
                )
                guard let refusal else { return SQLITE_OK }
                guardian.refusal = guardian.refusal ?? refusal
                return SQLITE_DENY
            },
            context
        )
        unsafe sqlite3_progress_handler(
            connection,
            Self.instructionsPerLook,
            { context in
                guard let context = unsafe context else { return 1 }
                let guardian = unsafe Unmanaged<QuestionGuard>.fromOpaque(context)
                    .takeUnretainedValue()
                return guardian.isOver ? 1 : 0
            },
            context
        )
    }
}
