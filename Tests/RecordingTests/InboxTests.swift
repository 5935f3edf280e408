import Testing
import Wire

@testable import Recording

@Suite struct InboxTests {
    func message(_ session: UInt64) -> Inbox.Item { .message(nil, session: session) }

    func sessions(_ items: [Inbox.Item]) -> [UInt64] {
        items.map { item in
            if case .message(_, let session) = item { session } else { 0 }
        }
    }

    @Test func whatEarlierSessionsLeftIsForgottenAndTheRestKept() {
        let inbox = Inbox(limit: 4)
        #expect(inbox.offer(message(1)) == true)
        #expect(inbox.offer(.own([], nil)) == true)
        #expect(inbox.offer(message(2)) == true)
        #expect(inbox.offer(message(3)) == true)
        #expect(inbox.offer(message(3)) == false)
        inbox.forget(before: 2)
        #expect(inbox.offer(message(3)) == true)
        var items: [Inbox.Item] = []
        #expect(inbox.take(into: &items, byteLimit: .max) == true)
        #expect(sessions(items) == [0, 2, 3, 3])
    }

    /// Bytes that know whether they are still in memory.
    private final class Traced: RecordBytes {
        let headerByteCount = 8
        let payloadByteCount = 0
        func withParts(_ body: (RawSpan, RawSpan) -> Void) {}
    }

    private static func entry(_ bytes: Traced) -> LogEntry {
        LogEntry(.begun(Begun(at: 1)), bytes: bytes)
    }

    @Test func whatWasGivenOutIsNotKeptWhileMoreIsWaiting() {
        let inbox = Inbox(limit: 100)
        weak var first: Traced?
        do {
            let traced = Traced()
            first = traced
            #expect(inbox.offer(.message(Self.entry(traced), session: 1)))
        }
        #expect(inbox.offer(.message(Self.entry(Traced()), session: 2)))
        var items: [Inbox.Item] = []
        #expect(inbox.take(into: &items, byteLimit: 8))
        #expect(sessions(items) == [1])
        #expect(first != nil)
        items.removeAll()
        #expect(first == nil)
        #expect(inbox.take(into: &items, byteLimit: 8))
        #expect(sessions(items) == [2])
    }
}
