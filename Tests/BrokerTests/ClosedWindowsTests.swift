import Testing
import Wire

@testable import Broker

@Suite struct ClosedWindowsTests {
    private var windows = ClosedWindows()

    private mutating func look(
        at seconds: Int,
        _ names: [String],
        _ obstacle: StreamStatus.Obstacle,
        isLive: Bool = true
    ) -> [String] {
        let streams = names.map { name in
            var stream = StreamStatus(stream: name)
            (stream.obstacle, stream.isLive) = (obstacle, isLive)
            return stream
        }
        return windows.look(at: streams, now: .seconds(seconds))
    }

    @Test mutating func aWindowThatStaysClosedIsSaidOnceAndThatItOpens() throws {
        for second in 0..<4 { #expect(look(at: second, ["door"], .archive) == []) }
        let lines = look(at: 4, ["door"], .archive)
        #expect(lines.count == 1)
        for word in ["stream door ", "no archive", "start one", "--acks broker"] {
            #expect(try #require(lines.first).contains(word), "\(lines)")
        }
        for second in 5..<100 { #expect(look(at: second, ["door"], .archive) == []) }
        #expect(look(at: 100, ["door"], .none) == ["stream door may send again"])
        #expect(look(at: 101, ["door"], .none) == [])
    }

    @Test mutating func aWindowThatOpensNowAndThenIsNotWorthALine() {
        for second in 0..<40 {
            #expect(look(at: second, ["door"], second % 4 == 3 ? .none : .commit) == [])
        }
    }

    @Test mutating func manyStreamsAreOneLineAReason() throws {
        let names = ["a", "b", "c", "d", "e"]
        _ = look(at: 0, names, .memory)
        let lines = look(at: 4, names, .memory)
        #expect(lines.count == 1)
        #expect(try #require(lines.first).hasPrefix("streams a, b, c and 2 more "), "\(lines)")
        // Another reason is another line.
        #expect(look(at: 5, names, .commit).count == 1)
    }

    @Test mutating func aCameraThatLeavesDoesNotGoOn() {
        _ = look(at: 0, ["door"], .archive)
        #expect(look(at: 4, ["door"], .archive).count == 1)
        #expect(look(at: 5, ["door"], .none, isLive: false) == [])
    }
}
