import Routing
import Testing
import Wire

@Suite struct CameraCountTests {
    private func openRouter() -> (Router, PeerID) {
        var router = Router(settings: Settings())
        var effects: [Effect] = []
        let wishes = CameraWishes(stream: "lobby", epoch: 0, acknowledgement: .none)
        let hello = Hello(name: "camera", role: .camera(wishes))
        let camera = PeerID(1)
        router.handle(.hello(camera, hello), at: .zero, into: &effects)
        return (router, camera)
    }

    @Test func aCameraThatAnnouncesHugeGapsOverflowsNothing() throws {
        var (router, camera) = openRouter()
        var effects: [Effect] = []
        for epoch in 1...5 as ClosedRange<UInt64> {
            let last = Limits.number - 1
            let gap = Gap(stream: "lobby", epoch: epoch, first: 0, last: last, reason: .shed)
            router.handle(.gap(camera, gap), at: .zero, into: &effects)
        }
        let status = try #require(router.report().streams.first)
        #expect(status.shed == Limits.number)
    }

    @Test func aCameraThatJumpsFarOverflowsNothing() throws {
        var (router, camera) = openRouter()
        var effects: [Effect] = []
        var slot = 0
        for epoch in 1...5 as ClosedRange<UInt64> {
            for sequence in [0, Limits.number - 1] {
                let frame = Frame(
                    id: FrameID(stream: "lobby", epoch: epoch, sequence: sequence),
                    capturedAt: 0,
                    format: .jpeg,
                    width: 1,
                    height: 1,
                    byteCount: 1,
                    payloadHash: 0
                )
                router.handle(.frame(camera, frame, Slot(slot)), at: .zero, into: &effects)
                slot += 1
            }
        }
        let status = try #require(router.report().streams.first)
        #expect(status.lost == Limits.number)
        #expect(status.frames == 10)
    }
}
