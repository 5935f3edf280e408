import Routing
import Testing
import Wire

@Suite struct TroubleTests {
    private let sentence = "the archive's disk is full"

    @Test func camerasAreToldOnceThatTheArchiveTakesNothing() {
        var desk = Desk()
        let archive = desk.archive()
        desk.tell(.ready(archive))
        let camera = desk.camera("a", acks: .archive).peer
        desk.frame(camera, "a", 0)
        let trouble = Committed(count: 1, trouble: sentence)
        let told = desk.tell(.committed(archive, trouble)).refusals
        #expect(told.map(\.sentence) == [sentence])
        #expect(told.map(\.mayGoOn) == [true])
        #expect(desk.router.report().broker.archiveTrouble == sentence)
        #expect(desk.tell(.committed(archive, trouble)).refusals.isEmpty)
        // Whoever comes later hears it too.
        #expect(desk.camera("b", acks: .archive).effects.refusals.map(\.sentence) == [sentence])
    }

    @Test func whenItTakesFramesAgainTheTroubleIsOver() {
        var desk = Desk()
        let archive = desk.archive()
        desk.tell(.ready(archive))
        let camera = desk.camera("a", acks: .archive).peer
        desk.frame(camera, "a", 0)
        desk.tell(.committed(archive, Committed(count: 0, trouble: sentence)))
        #expect(desk.tell(.committed(archive, Committed(count: 1))).refusals.isEmpty)
        #expect(desk.router.report().broker.archiveTrouble.isEmpty)
        #expect(desk.camera("b", acks: .archive).effects.refusals.isEmpty)
    }

    @Test func aNewArchiveBeginsWithoutTrouble() {
        var desk = Desk()
        let first = desk.archive()
        desk.tell(.ready(first))
        desk.tell(.committed(first, Committed(count: 0, trouble: sentence)))
        desk.tell(.goodbye(first))
        desk.tell(.ready(desk.archive()))
        #expect(desk.router.report().broker.archiveTrouble.isEmpty)
    }
}
