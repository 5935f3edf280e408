import Testing
import Wire

@Suite struct NamesTests {
    @Test(arguments: [
        ("*", "lobby/1", true), ("lobby/*", "lobby/1", true), ("lobby/*", "lobby/a/b", true),
        ("lobby/*", "lobby", false), ("*-door", "front-door", true),
        ("*-door", "front-doors", false), ("a*b*c", "axxbyyc", true), ("a*b*c", "axxcyyb", false),
        ("kiosk", "kiosk", true),
        ("kiosk", "kiosk2", false), ("**", "x", true),
    ])
    func aStarStandsForAnyRunOfCharacters(pattern: String, name: String, matches: Bool) {
        #expect(Names.matches(pattern: pattern, name: name) == matches)
    }

    @Test func aStreamNameHasOneTo64OfTheAllowedBytes() {
        #expect(Names.isValidStream(String(repeating: "a", count: 64)))
        #expect(!Names.isValidStream(String(repeating: "a", count: 65)))
        #expect(!Names.isValidStream(""))
        #expect(Names.isValidStream("az09-_./"))
        #expect(!Names.isValidStream("Lobby"))
        #expect(!Names.isValidStream("café"))
    }
}
