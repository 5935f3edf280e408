import Testing
import Wire

@testable import Recording

@Suite struct InboxTests {
    func message(_ session: UInt64) -> Inbox.Item { .message(nil, bytes: nil, session: session) }

    func sessions(_ items: [Inbox.Item]) -> [UInt64] {
        items.map { item in
            if case .message(_, _, let session) = item { session } else { 0 }
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
}
