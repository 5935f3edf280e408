import Foundation
import Service
import Testing
import ZeroMQ

@Suite(.serialized) struct SettingTests {
    @Test func aVariableIsNamedAfterItsOption() {
        #expect(Setting.variable("connect-timeout") == "ZOETROPE_CONNECT_TIMEOUT")
    }

    @Test func anUnsetVariableLeavesTheDefault() {
        #expect(Setting.value("test-unset", default: 7) == 7)
        #expect(Setting.optional("test-unset", as: Int.self) == nil)
        #expect(Setting.list("test-unset", default: ["a"]) == ["a"])
        #expect(Setting.flag("test-unset") == false)
    }

    @Test func aSetVariableIsRead() {
        unsafe setenv("ZOETROPE_TEST_SET", "3", 1)
        #expect(Setting.value("test-set", default: 7) == 3)
        unsafe setenv("ZOETROPE_TEST_LIST", "lobby/*, kiosk", 1)
        #expect(Setting.list("test-list", default: []) == ["lobby/*", "kiosk"])
        unsafe setenv("ZOETROPE_TEST_FLAG", "yes", 1)
        #expect(Setting.flag("test-flag") == true)
    }

    @Test func aBadVariableIsAUsageFailureThatNamesIt() {
        unsafe setenv("ZOETROPE_TEST_BAD", "often", 1)
        #expect(Setting.value("test-bad", default: Duration.seconds(1)) == .seconds(1))
        let failure = Setting.failures.first { $0.sentence.contains("ZOETROPE_TEST_BAD") }
        #expect(failure?.kind == .usage)
        #expect(
            failure?.sentence
                == "ZOETROPE_TEST_BAD is 'often'; it takes a time like 10s or 500ms"
        )
    }
}

@Suite struct ServiceThreadTests {
    private struct Broken: Error {}

    @Test func whatAThreadThrowsComesOutOfJoin() throws {
        let thread = try ServiceThread("test") { throw Broken() }
        #expect(throws: Broken.self) { try thread.join() }
        #expect(throws: Broken.self) { try thread.join() }
        #expect(thread.hasEnded == true)
    }

    @Test func theEndOfAThreadRings() throws {
        let ended = try WakeUp()
        let thread = try ServiceThread("test", ended: ended) {}
        var poller = Poller()
        _ = poller.add(fileDescriptor: ended.fileDescriptor)
        #expect(try poller.wait(for: .seconds(20)) == .ready)
        #expect(thread.hasEnded == true)
        try thread.join()
    }

    @Test func aThreadHasItsName() throws {
        let name = Mailbox()
        let thread = try ServiceThread("a-name-that-is-too-long") {
            name.put(
                try String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)
            )
        }
        try thread.join()
        #expect(name.text == "a-name-that-is-\n")
    }
}

@Suite struct StopSignalTests {
    /// On a thread of its own, which alone gets the signal.
    @Test func aSignalStaysRaised() throws {
        let thread = try ServiceThread("signals") {
            let stop = try StopSignal([SIGUSR1])
            #expect(!stop.isRaised)
            #expect(!stop.wait(for: .milliseconds(1)))
            pthread_kill(pthread_self(), SIGUSR1)
            #expect(stop.isRaised)
            #expect(stop.wait(for: nil))
        }
        try thread.join()
    }
}

/// One text, put in by one thread and read after it was joined.
private final class Mailbox: @unchecked Sendable {
    private let lock = NSLock()
    private var content = ""

    func put(_ text: String) { lock.withLock { content = text } }
    var text: String { lock.withLock { content } }
}
