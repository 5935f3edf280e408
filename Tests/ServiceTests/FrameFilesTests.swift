import Service
import Testing
import Wire

@Suite struct FrameFilesTests {
    @Test(
        arguments: [
            ("kiosk", "kiosk"), ("lobby/east", "lobby%2Feast"), ("..", "%2E."), (".", "%2E"),
            ("/../x", "%2F..%2Fx"), (".hidden", "%2Ehidden"),
        ]
    )
    func aStreamsNameIsOneNameBelowItsDirectory(stream: String, name: String) {
        #expect(FrameFiles.name(of: stream) == name)
    }

    @Test func namesSortAsTheFramesDo() {
        let places = [
            Place(epoch: 1, sequence: 9), Place(epoch: 1, sequence: 10),
            Place(epoch: 1, sequence: 999_999_999), Place(epoch: 2, sequence: 0),
        ]
        let names = places.map(FrameFiles.name(of:))
        #expect(names == names.sorted())
        #expect(names[0] == "1-000000009")
    }
}
