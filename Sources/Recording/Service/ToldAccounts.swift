internal import Wire

/// What the broker was told of the accounts of durable groups, so that only changes are told again.
///
/// Pure.
struct ToldAccounts {
    private struct Key: Hashable {
        let group: String
        let stream: String
    }

    /// How long changes are gathered before they are told.
    static let interval: Duration = .seconds(1)

    private var told: [Key: Debt] = [:]
    /// When to look for changes; `nil` while there cannot be any.
    private(set) var due: ContinuousClock.Instant?
    private var lastTold: ContinuousClock.Instant?

    /// The broker was told these.
    init(_ accounts: [Debt] = []) {
        for account in accounts { told[Self.key(account)] = account }
    }

    /// More was committed: look for changes soon.
    mutating func mayHaveChanged(at now: ContinuousClock.Instant = .now) {
        guard due == nil else { return }
        due = lastTold.map { max(now, $0 + Self.interval) } ?? now
    }

    /// Whether it is time to look.
    func isDue(at now: ContinuousClock.Instant) -> Bool { due.map { $0 <= now } ?? false }

    /// The accounts that differ from what was told; they count as told now.
    mutating func changes(_ accounts: [Debt], at now: ContinuousClock.Instant) -> [Debt] {
        due = nil
        lastTold = now
        return accounts.filter { told.updateValue($0, forKey: Self.key($0)) != $0 }
    }

    private static func key(_ account: Debt) -> Key {
        Key(group: account.run.group, stream: account.stream)
    }
}
