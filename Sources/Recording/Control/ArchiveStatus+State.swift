internal import Wire

extension ArchiveStatus {
    /// What a state says.
    init(_ state: borrowing LogState, segments: Int, promised: UInt64, cataloged: UInt64) {
        let (jobs, debts, groups) = (state.jobs, state.debts, state.groups)
        self.segments = segments
        self.promised = promised
        self.cataloged = cataloged
        self.jobs = jobs.keys.sorted().compactMap { number in
            jobs[number].map { JobProgress($0, owed: debts.count(of: $0.run)) }
        }
        self.debts = debts.owing.map {
            .init(group: $0.group, run: $0.number, owed: debts.count(of: $0))
        }
        let pins = state.holdings.pins
        self.pins = pins.keys.sorted().compactMap { pins[$0]?.listed }
        let accounts = state.accounts
        self.groups = groups.keys.sorted().compactMap { name in
            groups[name].map { RecordedGroup($0, accounts.filter { $0.run.group == name }) }
        }
    }
}

extension RecordedGroup {
    /// A group with its accounts, one a stream.
    init(_ group: GroupDefinition, _ accounts: [Debt]) {
        self.init(
            group: group.name,
            policy: "\(group.policy)",
            patterns: group.patterns.joined(separator: " "),
            completed: accounts.reduce(0) { $0 + $1.completedFrames },
            failed: accounts.reduce(0) { $0 + $1.failedFrames },
            dead: accounts.reduce(0) { $0 + $1.deadFrames },
            shed: accounts.reduce(0) { $0 + $1.shedFrames },
            owed: accounts.reduce(0) { $0 + $1.owedFrames }
        )
    }
}
