import Foundation
import Glibc
import TestSupport
import Testing
import Wire

/// Peers that send what they should not: each is told so and cut off, and the others never notice.
@Suite(.lastWords)
struct BadPeerTests {
    @Test func eachOffenderIsToldWhatIsWrongAndTheOthersNeverNotice() async throws {
        try await System.run { system in
            let whole = try await Whole(system)
            for offence in Offence.strangers {
                for door in offence.doors {
                    for isBundled in [false, true] where !isBundled || offence.mayBeBundled {
                        let peer = try RawPeer(door == .ingest ? system.ingest : system.work)
                        try await expect(offence, from: peer, bundled: isBundled)
                    }
                }
            }
            for offence in Offence.workers {
                for isBundled in [false, true] where !isBundled || offence.mayBeBundled {
                    let peer = try RawPeer(system.work)
                    try peer.helloWorker("look")
                    _ = try await peer.next(Welcome.self)
                    try await expect(offence, from: peer, bundled: isBundled)
                }
            }
            for offence in Offence.cameras {
                for isBundled in [false, true] where !isBundled || offence.mayBeBundled {
                    let peer = try RawPeer(system.ingest)
                    try peer.helloCamera("bad")
                    _ = try await peer.next(Welcome.self)
                    try await expect(offence, from: peer, bundled: isBundled)
                }
            }
            let cuts = try system.running("broker").record.log.filter { $0.contains("was cut off") }
            #expect(!cuts.isEmpty)
            #expect(cuts.allSatisfy { $0.hasSuffix("from=127.0.0.1") }, "\(cuts)")
            try await whole.expectUnharmed()
        }
    }

    private func expect(
        _ offence: Offence,
        from peer: RawPeer,
        bundled isBundled: Bool = false
    ) async throws {
        let parts = offence.parts()
        // What is behind it would be one more error.
        let more = [Fetched(run: Run(group: "look", number: 0)).encoded()]
        try peer.send(parts: isBundled ? Offence.bundled(parts, before: more) : parts)
        let error = try await peer.next(ErrorMessage.self)
        #expect(error.code == offence.code, "\(offence.name): \(error)")
        #expect(error.sentence.contains(offence.words), "\(offence.name): \(error)")
        #expect(!error.mayGoOn, "\(offence.name)")
        // It was cut off: what it says next belongs to no session.
        try peer.send(Heartbeat())
        let next = try await peer.next(ErrorMessage.self)
        #expect(next.code == .noSession, "\(offence.name): \(next)")
    }

    @Test func madeUpTokensCompleteNothing() async throws {
        try await System.run { system in
            let whole = try await Whole(system)
            let liar = try RawPeer(system.work)
            try liar.helloWorker("look", name: "liar", frames: 2, slots: 1)
            _ = try await liar.next(Welcome.self)
            let lease = try await liar.nextLease()
            for number in UInt64(0)..<2_000 {
                var lie = lease
                lie.token = number % 2 == 0 ? .random(in: 0 ... .max) : number << 32 | number
                if lie.token == lease.token { continue }
                try liar.send(lie.result(of: "liar"))
            }
            // Neither is the lease itself worth anything once it was answered.
            for _ in 0..<100 { try liar.send(lease.result(of: "liar")) }
            try liar.send(Goodbye(reason: ""))
            try await whole.expectUnharmed()
        }
    }

    @Test func aFloodOfSessionsLeavesMemoryAndTheLogFlat() async throws {
        try await System.run { system in
            let whole = try await Whole(system)
            let before = try Memory(of: whole.broker)
            // Many peers at once, each of which begins again and again, well-behaved or not.
            for round in 0..<4 {
                let peers = try (0..<100).map { number in
                    try RawPeer(number % 2 == 0 ? system.ingest : system.work)
                }
                for (number, peer) in peers.enumerated() {
                    for _ in 0..<10 {
                        if number % 2 == 0 {
                            try peer.helloCamera("flood-\(number)")
                        } else {
                            try peer.helloWorker("flood-\(number)", policy: .queue)
                        }
                        try peer.send(parts: [[UInt8(round), 1, 2, 3]])
                    }
                    try peer.send(Heartbeat())
                }
                for peer in peers {
                    while try await peer.next(ErrorMessage.self).code != .noSession {}
                }
            }
            try await system.until("the flood's sessions are over") {
                let status = try await system.status()
                return status.workers.allSatisfy { $0.group == "look" }
                    && status.streams.allSatisfy { !$0.isLive || $0.stream == "test" }
            }
            try await whole.expectUnharmed()
            let after = try Memory(of: whole.broker)
            system.note("before \(before), after \(after)")
            #expect(after.resident - before.resident < 64 << 20, "\(before), then \(after)")
            let log = whole.broker.record.log
            system.note("\(log.count) lines in the broker's log for 8,000 messages")
            #expect(log.count < 4_000)
            #expect(log.contains { $0.contains("more lines about peers") })
        }
    }

    @Test func whoNeverReadsWhatItIsToldCostsNoMemory() async throws {
        try await System.run { system in
            let whole = try await Whole(system)
            let before = try Memory(of: whole.broker)
            let peers = try [system.ingest, system.work].map {
                try RawPeer($0, receiveHighWater: 1)
            }
            // Each message is answered by a sentence, until the broker has too many of them waiting.
            for _ in 0..<40_000 {
                for peer in peers { try peer.send(parts: [[0]]) }
            }
            try await whole.expectUnharmed()
            let after = try Memory(of: whole.broker)
            system.note("before \(before), after \(after)")
            #expect(after.resident - before.resident < 64 << 20, "\(before), then \(after)")
            withExtendedLifetime(peers) {}
        }
    }

    @Test func whoIsNotZeroMQAtAllIsClosedAndHoldsNothing() async throws {
        try await System.run { system in
            let whole = try await Whole(system)
            let before = try Memory(of: whole.broker)
            // A frame of ZMTP: flags, 8 bytes of length, and not all that it announces.
            func long(_ length: UInt64, _ count: Int) -> [UInt8] {
                [2] + (0..<8).reversed().map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
                    + Array(repeating: 0, count: count)
            }
            let tooLong: [[UInt8]] = [
                TCPPeer.handshake + long(65 << 20, 100), TCPPeer.handshake + long(1 << 62, 100),
                TCPPeer.handshake + long(.max, 100),
            ]
            let unfinished: [[UInt8]] = [
                [], [0xff], Array(TCPPeer.handshake.prefix(40)), TCPPeer.handshake,
                TCPPeer.handshake + long(60 << 20, 1_000), TCPPeer.handshake + [1, 200, 90, 87],
                Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8),
            ]
            for endpoint in [system.ingest, system.work] {
                for bytes in tooLong {
                    let peer = try TCPPeer(endpoint).required("a connection to \(endpoint)")
                    peer.write(bytes)
                    try await system.until("the peer is cut off: \(bytes.prefix(4))") {
                        peer.isCutOff()
                    }
                }
                // They may stay, but cost nothing and hold nobody up; then they go in mid-message.
                let peers = try (0..<120).map { number in
                    let peer = try TCPPeer(endpoint).required("a connection to \(endpoint)")
                    peer.write(unfinished[number % unfinished.count])
                    return peer
                }
                try await whole.expectProgress()
                withExtendedLifetime(peers) {}
            }
            try await whole.expectUnharmed()
            let after = try Memory(of: whole.broker)
            system.note("before \(before), after \(after)")
            // 34 of them have announced 60 MiB each.
            #expect(after.resident - before.resident < 256 << 20, "\(before), then \(after)")
        }
    }

    @Test func moreConnectionsThanAShellAllowsShutNobodyOut() async throws {
        try await System.run { system in
            // As in a shell that allows few files at first and more to who asks.
            let broker = Shell.programs.appending(path: "broker").path
            try system.start(
                "/usr/bin/prlimit",
                ["--nofile=128:8192", broker] + system.brokerArguments
            )
            try await system.startArchive().says("connected")
            let idle = try (0..<200).map { number in
                let peer = try TCPPeer(system.ingest).required("connection \(number)")
                peer.write(TCPPeer.handshake)
                return peer
            }
            let camera = try system.startCamera(frames: 20, perSecond: 50)
            #expect(try await camera.ended().exitCode == 0)
            withExtendedLifetime(idle) {}
        }
    }

    @Test func aFrameOverTheLargestMessageIsCutOff() async throws {
        try await System.run { system in
            let whole = try await Whole(system)
            let peer = try RawPeer(system.ingest)
            try peer.helloCamera("bad")
            _ = try await peer.next(Welcome.self)
            let payload = [UInt8](repeating: 1, count: Limits.payloadByteCount + 1)
            try peer.send(RawPeer.frame(Offence.id, [1]), [payload])
            try await system.until("its session is over") {
                try await system.status().streams.allSatisfy { $0.stream != "bad" || !$0.isLive }
            }
            try await whole.expectUnharmed()
            try await system.waitFor(0, "SELECT COUNT(*) FROM frames WHERE stream = 'bad'")
        }
    }
}

/// A whole system at work, beside which somebody misbehaves.
private struct Whole {
    let system: System
    let broker: RunningProgram
    let worker: RunningProgram
    let camera: RunningProgram

    init(_ system: System) async throws {
        self.system = system
        broker = try system.startBroker()
        try system.startArchive()
        worker = try system.startWorker("look")
        try await worker.says("connected")
        try await system.waitFor(1, "SELECT COUNT(*) FROM groups")
        camera = try system.startCamera(frames: 1_000_000, perSecond: 25)
        try await expectProgress()
    }

    /// Waits until more frames have been looked at.
    func expectProgress() async throws {
        let before = try await completed()
        try await system.until("frames flow") { try await completed() > before }
    }

    private func completed() async throws -> Int {
        try await system.status().groups.first { $0.group == "look" }?.completed ?? 0
    }

    /// Checks that nobody lost the broker, and that every frame has exactly one result.
    func expectUnharmed() async throws {
        try await expectProgress()
        try await camera.stop()
        let delivered = try await system.number("SELECT COUNT(*) FROM frames WHERE stream = 'test'")
        #expect(delivered > 0)
        try await system.expectNoHole(of: "test")
        try await system.until("every frame has its result") {
            let frames = try await system.number("SELECT COUNT(*) FROM frames")
            return try await system.number("SELECT COUNT(*) FROM results") == frames
        }
        try await system.expectOneEndEach(
            "look",
            of: try await system.number("SELECT COUNT(*) FROM frames")
        )
        let group = try #require(
            try await system.status().groups.first { $0.group == "look" }
        )
        #expect(group.isBalanced && group.dead == 0 && group.failed == 0, "\(group)")
        #expect(broker.record.end == nil)
        for program in [worker, camera] {
            #expect(!program.record.log.contains { $0.contains("lost") || $0.contains("refuse") })
        }
    }
}
