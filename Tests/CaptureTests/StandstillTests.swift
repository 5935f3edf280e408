import Capture
import Testing

@Suite struct StandstillTests {
    private var standstill = Standstill()

    private mutating func look(
        at seconds: Int,
        freed: UInt64,
        _ obstacle: SendWindow.Obstacle?,
        isInSession: Bool = true
    ) -> Standstill.Change? {
        let progress = SendWindow.Progress(
            freedCount: freed,
            obstacle: obstacle,
            isInSession: isInSession
        )
        return standstill.look(at: progress, now: .seconds(seconds))
    }

    @Test mutating func framesThatGetOnAreNoStandstill() {
        for second in 0..<20 {
            #expect(look(at: second, freed: UInt64(second), .archive) == nil)
        }
        #expect(look(at: 20, freed: 20, nil) == nil)
    }

    @Test mutating func aStandstillIsSaidOnceAndSoIsItsEnd() {
        #expect(look(at: 0, freed: 7, .broker) == nil)
        for second in 1..<4 { #expect(look(at: second, freed: 7, .archive) == nil) }
        #expect(look(at: 4, freed: 7, .archive) == .stands(.archive, for: .seconds(4)))
        for second in 5..<60 { #expect(look(at: second, freed: 7, .archive) == nil) }
        #expect(look(at: 60, freed: 8, .archive) == .goesOn(after: .seconds(60)))
        #expect(look(at: 61, freed: 9, nil) == nil)
    }

    @Test mutating func anotherReasonIsSaidToo() {
        for second in 0..<4 { #expect(look(at: second, freed: 0, .archive) == nil) }
        #expect(look(at: 4, freed: 0, .archive) == .stands(.archive, for: .seconds(4)))
        #expect(look(at: 5, freed: 0, .room) == .stands(.room, for: .seconds(5)))
    }

    @Test mutating func theEndOfTheSessionEndsItWithoutAWord() {
        for second in 0..<5 { _ = look(at: second, freed: 0, .archive) }
        #expect(look(at: 5, freed: 0, nil, isInSession: false) == nil)
        // With the next session the time begins anew.
        for second in 6..<10 { #expect(look(at: second, freed: 0, .archive) == nil) }
        #expect(look(at: 10, freed: 0, .archive) == .stands(.archive, for: .seconds(4)))
    }
}
