import Testing
import Wire

@Suite struct FrameIDTests {
    @Test(
        arguments: [
            FrameID(stream: "kiosk", epoch: 1_764_000_000_000_000_000, sequence: 42),
            FrameID(stream: "lobby/east.2", epoch: 0, sequence: 0),
            FrameID(stream: "a", epoch: Limits.number, sequence: Limits.number - 1),
        ]
    )
    func whatIsWrittenOfAFrameNamesIt(frame: FrameID) {
        #expect(FrameID(frame.description) == frame)
    }

    @Test(
        arguments: [
            "", "kiosk", "kiosk@", "kiosk@1", "kiosk@1/", "kiosk@/1", "@1/2", "kiosk@1/2/3",
            "kiosk@1@2/3", "Kiosk@1/2", "kiosk@-1/2", "kiosk@1/x", "kiosk 1 2",
            "kiosk@9223372036854775808/0", "kiosk@0/9223372036854775807",
        ]
    )
    func whatNamesNoFrameIsRefused(text: String) {
        #expect(FrameID(text) == nil)
    }
}
