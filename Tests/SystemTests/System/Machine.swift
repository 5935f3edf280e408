import Foundation

/// Shares the machine among the tests that start processes, so that they do not starve each other.
actor Machine {
    /// The one machine there is.
    static let shared = Machine()

    /// How much of the machine a test takes.
    enum Share {
        /// It mostly waits.
        case light
        /// Its processes compute all the time.
        case whole
    }

    private let total: Int
    private var free: Int
    private var waiting: [(need: Int, continuation: CheckedContinuation<Void, Never>)] = []

    private init() {
        total = max(2, ProcessInfo.processInfo.activeProcessorCount)
        free = total
    }

    /// Runs `body` once there is room for it, first come, first served.
    nonisolated func use(_ share: Share, _ body: () async throws -> Void) async rethrows {
        let need = await take(share)
        do {
            try await body()
        } catch {
            await give(need)
            throw error
        }
        await give(need)
    }

    private func take(_ share: Share) async -> Int {
        let need = share == .whole ? total : 1
        if waiting.isEmpty && need <= free {
            free -= need
        } else {
            await withCheckedContinuation { waiting.append((need, $0)) }
        }
        return need
    }

    private func give(_ count: Int) {
        free += count
        while let next = waiting.first, next.need <= free {
            free -= next.need
            waiting.removeFirst()
            next.continuation.resume()
        }
    }
}
