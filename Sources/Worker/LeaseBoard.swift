import Foundation
import Wire

/// The leased frames between the link's thread, which hangs them up, and the model threads, which
/// take them in order; and the answers on their way back.
///
/// Bounded by the worker's credit.
final class LeaseBoard: @unchecked Sendable {  // All state is guarded by the condition's lock.
    private let condition = NSCondition()
    private let order: GroupDefinition.Order
    private var waiting: [LeasedFrame] = []
    private var answers: [LeaseAnswer] = []
    private var busyLanes: Set<LeasedFrame.Lane> = []
    private var running = 0
    private var isClosed = false

    init(order: GroupDefinition.Order) { self.order = order }

    /// Hangs a frame up.
    func post(_ leased: LeasedFrame) {
        condition.withLock {
            guard !isClosed else { return }
            waiting.append(leased)
            condition.signal()
        }
    }

    /// Waits for the next frame that may start.
    ///
    /// Under order `stream`, one whose stream is being worked on waits for the end of that.
    ///
    /// - Returns: `nil` when the board is closed.
    func take() -> LeasedFrame? {
        condition.withLock {
            while true {
                if isClosed { return nil }
                if let index = waiting.firstIndex(where: mayStart) {
                    let leased = waiting.remove(at: index)
                    running += 1
                    if order == .stream { busyLanes.insert(leased.lane) }
                    return leased
                }
                condition.wait()
            }
        }
    }

    /// Takes the answer of a frame that was taken.
    func finish(_ leased: LeasedFrame, with answer: LeaseAnswer) {
        condition.withLock {
            running -= 1
            answers.append(answer)
            guard order == .stream else { return }
            busyLanes.remove(leased.lane)
            condition.broadcast()
        }
    }

    /// The answers so far, which are then no longer here.
    func takeAnswers() -> [LeaseAnswer] {
        condition.withLock {
            defer { answers.removeAll(keepingCapacity: true) }
            return answers
        }
    }

    /// Forgets the frames that have not been taken and the answers.
    func clear() {
        condition.withLock {
            waiting.removeAll()
            answers.removeAll()
        }
    }

    /// Forgets the frames that have not been taken; ``take()`` gives no more.
    func close() {
        condition.withLock {
            isClosed = true
            waiting.removeAll()
            condition.broadcast()
        }
    }

    /// Whether no frame is taken and not answered.
    var isIdle: Bool { condition.withLock { running == 0 } }

    private func mayStart(_ leased: LeasedFrame) -> Bool {
        order == .any || !busyLanes.contains(leased.lane)
    }
}
