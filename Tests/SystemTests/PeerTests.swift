import Foundation
import Glibc
import TestSupport
import Testing
import Wire

/// Peers that the broker must not let in, or not trust.
@Suite(.lastWords)
struct PeerTests {
    @Test func aSecondCameraOfAStreamIsRefusedAndTheFirstGoesOn() async throws {
        try await System.run { system in
            try system.startBroker()
            try system.startArchive()
            // It lives as long as the test wants it to.
            let first = try system.startCamera(frames: 100_000, perSecond: 50)
            try await first.says("connected")
            let second = try system.startCamera(frames: 150, perSecond: 50)
            try await second.says("refuses")
            #expect(second.record.log.contains { $0.contains("refuses") && $0.contains("test") })
            second.send(SIGTERM)
            let before = try await system.status().streams.first?.frames ?? 0
            try await system.until("the first goes on") {
                try await system.status().streams.first?.frames ?? 0 > before
            }
            try await first.stop()
            try await system.waitFor(1, "SELECT COUNT(DISTINCT epoch) FROM frames")
        }
    }

    @Test func aSecondArchiveIsRefusedAndTheFirstGoesOn() async throws {
        try await System.run { system in
            try system.startBroker()
            try await system.startArchive().says("connected")
            let other = system.directory.url.appending(path: "other").path
            let second = try system.start(
                "archive",
                ["serve", "--data", other, "--broker", system.work],
                name: "other"
            )
            try await second.says("refuses")
            let camera = try system.startCamera(frames: 50, perSecond: 100)
            #expect(try await camera.ended().exitCode == 0)
            try await system.waitFor(50, "SELECT COUNT(*) FROM frames")
            try await second.stop()
        }
    }

    @Test func noiseOnThePortsHurtsNobody() async throws {
        try await System.run { system in
            let broker = try system.startBroker()
            try system.startArchive()
            try await system.startWorker("look").says("connected")
            let camera = try system.startCamera(frames: 100, perSecond: 50)
            for endpoint in [system.ingest, system.work, system.events] {
                let address = endpoint.replacing("tcp://", with: "/dev/tcp/").replacing(
                    ":",
                    with: "/"
                )
                let script = """
                    for i in 1 2 3; do
                        (head -c 200000 /dev/urandom >\(address)) 2>/dev/null || true
                        (printf 'GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n' >\(address)) || true
                        (exec 3<>\(address)) || true
                    done
                    """
                let noise = try await system.command("/usr/bin/bash", ["-c", script])
                #expect(noise.exitCode == 0)
            }
            #expect(try await camera.ended().exitCode == 0)
            try await system.waitFor(100, "SELECT COUNT(*) FROM results")
            #expect(broker.record.end == nil)
        }
    }

    @Test func aCameraBesideIdleOnesThatHaveAllTheRoomIsNotStarved() async throws {
        try await System.run { system in
            try system.startBroker(["--payload-budget", "16MiB"])
            try system.startArchive()
            // Each is granted a first window, until there is no more to grant.
            let idle = try (0..<20).map { number in
                let peer = try RawPeer(system.ingest)
                try peer.helloCamera("idle-\(number)", acks: .archive)
                return peer
            }
            for peer in idle { _ = try await peer.next(Welcome.self) }
            let camera = try system.startCamera(frames: 50, perSecond: 50)
            #expect(try await camera.ended().exitCode == 0)
            try await system.waitFor(50, "SELECT COUNT(*) FROM frames")
            withExtendedLifetime(idle) {}
        }
    }
}
