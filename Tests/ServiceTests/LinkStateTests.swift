import Service
import Testing
import Wire

@Suite struct LinkStateTests {
    private var state = LinkState(limits: LinkLimits(), now: .zero, seed: 1)
    private var welcome: Welcome {
        var welcome = Welcome()
        welcome.heartbeatMilliseconds = 1_000
        welcome.silenceMilliseconds = 6_000
        return welcome
    }

    private mutating func handle(
        _ event: LinkState.Event,
        at now: Duration
    ) -> [LinkState.Effect] {
        var effects: [LinkState.Effect] = []
        state.handle(event, at: now, into: &effects)
        return effects
    }

    /// Brings a new link to an open session at `now`.
    private mutating func connect(at now: Duration = .zero) {
        _ = handle(.tick, at: now)
        _ = handle(.ready, at: now)
        _ = handle(.welcomed(welcome), at: now)
    }

    @Test mutating func aSessionOpensWithHelloAndWelcome() {
        #expect(handle(.tick, at: .zero) == [.open])
        #expect(handle(.ready, at: .milliseconds(5)) == [.sendHello])
        #expect(state.isConnected == false)
        let effects = handle(.welcomed(welcome), at: .milliseconds(9))
        #expect(effects == [.report(.connected(note: "")), .connected(welcome)])
        #expect(state.isConnected == true)
    }

    @Test mutating func aSilentSideSaysItIsThereExactlyOnTime() {
        connect()
        #expect(handle(.tick, at: .milliseconds(999)) == [])
        #expect(state.nextTick == .seconds(1))
        #expect(handle(.tick, at: .seconds(1)) == [.sendHeartbeat])
        _ = handle(.said, at: .milliseconds(1_500))
        #expect(handle(.tick, at: .milliseconds(2_499)) == [])
    }

    @Test mutating func aSilentBrokerIsLostExactlyAtItsLimit() {
        connect()
        _ = handle(.heard, at: .seconds(1))
        _ = handle(.said, at: .milliseconds(6_500))
        #expect(handle(.tick, at: .milliseconds(6_999)) == [])
        let reason = "it was silent for 6 s"
        let effects = handle(.tick, at: .seconds(7))
        #expect(effects == [.report(.lost(reason)), .close, .lost(reason)])
    }

    @Test mutating func aSessionThatTheOwnerGivesUpIsFollowedByAnother() {
        connect()
        let reason = "it sent too much"
        let effects = handle(.abandoned(reason), at: .seconds(1))
        #expect(effects == [.report(.lost(reason)), .close, .lost(reason)])
        #expect(handle(.abandoned(reason), at: .seconds(1)) == [])
        #expect(handle(.tick, at: state.nextTick) == [.open])
    }

    @Test mutating func anOutageIsReportedOnceHoweverManyTriesItTakes() {
        var reports: [LinkState.Report] = []
        var now = Duration.zero
        for _ in 0..<10 {
            now = state.nextTick
            #expect(handle(.tick, at: now) == [.open])
            for case .report(let report) in handle(.failed, at: now) { reports.append(report) }
        }
        now = state.nextTick
        _ = handle(.tick, at: now)
        _ = handle(.ready, at: now)
        for case .report(let report) in handle(.welcomed(welcome), at: now) {
            reports.append(report)
        }
        #expect(reports == [.cannotReach, .connectedAgain(after: now, note: "")])
    }

    @Test mutating func backOffDoublesUpToItsLimitAndJitters() {
        var waits: [Duration] = []
        var now = Duration.zero
        for _ in 0..<8 {
            now = state.nextTick
            _ = handle(.tick, at: now)
            _ = handle(.failed, at: now)
            waits.append(state.nextTick - now)
        }
        for (index, wait) in waits.enumerated() {
            let nominal = min(Duration.milliseconds(250) * (1 << index), .seconds(8))
            #expect(wait >= nominal * 3 / 4)
            #expect(wait <= nominal * 5 / 4)
        }
        #expect(waits[6] != waits[7])
    }

    @Test mutating func backOffBeginsAnewAfterASession() {
        for _ in 0..<8 {
            let now = state.nextTick
            _ = handle(.tick, at: now)
            _ = handle(.failed, at: now)
        }
        let now = state.nextTick
        connect(at: now)
        _ = handle(.disconnected, at: now)
        #expect(state.nextTick - now < .milliseconds(320))
    }

    @Test mutating func whoIsThrownOutAsSoonAsItIsLetInWaitsLongerEachTime() {
        let error = ErrorMessage(code: .unexpected, mayGoOn: false, sentence: "never")
        var wait = Duration.zero
        for _ in 0..<8 {
            let now = state.nextTick
            connect(at: now)
            _ = handle(.errored(error), at: now)
            wait = state.nextTick - now
        }
        #expect(wait >= .seconds(6))
        let now = state.nextTick
        connect(at: now)
        _ = handle(.errored(error), at: now + .seconds(8))
        #expect(state.nextTick - now - .seconds(8) < .milliseconds(320))
    }

    @Test mutating func anUnansweredHelloIsGivenUpAfterItsLimit() {
        _ = handle(.tick, at: .zero)
        _ = handle(.ready, at: .seconds(1))
        #expect(handle(.tick, at: .milliseconds(10_999)) == [])
        #expect(handle(.tick, at: .seconds(11)) == [.report(.cannotReach), .close])
    }

    @Test mutating func aRefusalIsReportedOnceAndTriedAgain() {
        let error = ErrorMessage(code: .nameTaken, mayGoOn: false, sentence: "taken")
        _ = handle(.tick, at: .zero)
        _ = handle(.ready, at: .zero)
        #expect(
            handle(.errored(error), at: .zero) == [
                .report(.refused(error)), .close, .refused(error),
            ]
        )
        let again = state.nextTick
        #expect(handle(.tick, at: again) == [.open])
        _ = handle(.ready, at: again)
        #expect(handle(.errored(error), at: again) == [.close, .refused(error)])
    }

    @Test mutating func aWarningLeavesTheSessionOpen() {
        connect()
        let error = ErrorMessage(code: .unexpected, mayGoOn: true, sentence: "odd")
        #expect(handle(.errored(error), at: .zero) == [.warned(error)])
        #expect(state.isConnected == true)
    }

    @Test(arguments: [
        LinkState.Event.disconnected, .parted("stopping"), .garbled("the checksum"),
        .errored(ErrorMessage(code: .noSession, mayGoOn: false, sentence: "who?")),
    ])
    mutating func theEndOfASessionIsToldToItsOwner(event: LinkState.Event) {
        connect()
        let effects = handle(event, at: .seconds(1))
        #expect(effects.contains(.close))
        #expect(effects.contains { if case .lost = $0 { true } else { false } })
        #expect(state.isConnected == false)
    }

    @Test mutating func newSettingsOfAnOpenSessionAreToldToItsOwner() {
        connect()
        var other = welcome
        other.creditFrames = 7
        #expect(handle(.welcomed(other), at: .seconds(1)) == [.connected(other)])
    }

    @Test func aCommandGivesUpExactlyAtItsLimit() {
        var state = LinkState(limits: LinkLimits(giveUp: .seconds(3)), now: .zero, seed: 1)
        var effects: [LinkState.Effect] = []
        state.handle(.tick, at: .zero, into: &effects)
        #expect(state.nextTick == .seconds(3))
        state.handle(.tick, at: .milliseconds(2_999), into: &effects)
        #expect(effects == [.open])
        state.handle(.tick, at: .seconds(3), into: &effects)
        #expect(effects == [.open, .giveUp])
    }

    @Test(arguments: 0..<64 as Range<UInt64>)
    func whateverHappensAtMostOneSocketIsOpen(seed: UInt64) {
        var random = Xorshift(state: seed &+ 1)
        var state = LinkState(limits: LinkLimits(), now: .zero, seed: seed)
        var now = Duration.zero
        var isOpen = false
        let refusal = ErrorMessage(code: .refused, mayGoOn: false, sentence: "no")
        let events: [LinkState.Event] = [
            .ready, .failed, .disconnected, .welcomed(welcome), .errored(refusal), .parted(""),
            .heard, .garbled("x"), .said, .tick, .tick, .tick,
        ]
        for _ in 0..<1_000 {
            now += .milliseconds(Int64.random(in: 0...2_000, using: &random))
            var effects: [LinkState.Effect] = []
            guard let event = events.randomElement(using: &random) else { return }
            state.handle(event, at: now, into: &effects)
            for effect in effects {
                switch effect {
                case .open:
                    #expect(!isOpen)
                    isOpen = true
                case .close:
                    #expect(isOpen)
                    isOpen = false
                case .sendHello, .sendHeartbeat, .connected: #expect(isOpen)
                default: break
                }
            }
            #expect(isOpen || !state.isConnected)
        }
    }
}

private struct Xorshift: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
