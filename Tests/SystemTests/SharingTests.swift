import Foundation
import SharedMemory
import TestSupport
import Testing
import Wire

/// Payloads in shared memory: between whom, and what happens to those who misuse it.
@Suite(.lastWords)
struct SharingTests {
    @Test func processesOfOneHostShareMemoryUntilTheCameraHasGone() async throws {
        try await System.run { system in
            let broker = try system.startBroker()
            let archive = try system.startArchive()
            // A durable group would keep frames in the broker's memory for a while.
            let worker = try system.startWorker("look", policy: "queue")
            try await worker.says("connected")
            let camera = try system.startCamera(frames: 1_000_000, perSecond: 50)
            try await system.until("the archive and the worker read the camera's memory") {
                try Self.mappings(archive) == 2 && Self.mappings(worker) == 2
            }
            #expect(try Self.mappings(broker) == 2)
            try await camera.stop()
            let frames = try await system.acknowledged()
            try await system.waitFor(frames, "SELECT COUNT(*) FROM results")
            try await system.until("the memory is given back") {
                try [broker, archive, worker].allSatisfy { try Self.mappings($0) == 1 }
            }
        }
    }

    /// A reader that does not see the broker's files, as in another container, and a broker that shares
    /// nothing.
    @Test(arguments: [true, false])
    func whoCannotShareGetsTheSameBytes(isApart: Bool) async throws {
        try await System.run { system in
            let pictures = try Pictures(count: 30, in: system.directory)
            let broker = try system.startBroker(isApart ? [] : ["--no-shared-memory"])
            _ = try isApart ? Self.startArchiveApart(system) : system.startArchive()
            try await system.startWorker("look").says("goes on")
            let camera = try system.startCamera(pictures.path, ["--fps", "100"])
            #expect(try await camera.ended().exitCode == 0)
            try await system.expectOneEndEach("look", of: 30, within: .seconds(60))
            #expect(try Self.mappings(broker) <= 1)
            #expect(try await pictures.exported(from: system) == pictures.files)
        }
    }

    @Test func aPlaceThatIsNoneIsAnOffence() async throws {
        try await System.run { system in
            try system.startBroker()
            for kind in 0..<5 {
                let camera = try Camera(system, "camera/\(kind)")
                let arena = try await camera.arena()
                let end = UInt64(arena.memory.byteCount)
                let place = [
                    SharedPayload(key: arena.memory.key ^ 1, offset: 65_536),
                    SharedPayload(key: arena.memory.key, offset: end),
                    SharedPayload(key: arena.memory.key, offset: end - 2_999),
                    SharedPayload(key: arena.memory.key, offset: .max),
                    // Where the numbers are.
                    SharedPayload(key: arena.memory.key, offset: 0),
                ][kind]
                try camera.send(byteCount: 3_000, at: place)
                let error = try await camera.peer.next(ErrorMessage.self)
                #expect(error.code == .malformed)
                #expect(!error.mayGoOn)
            }
        }
    }

    /// As when the place has another frame by now: nobody takes the bytes for this one's.
    @Test func bytesThatAreNotTheFramesOwnAreNeverLookedAt() async throws {
        try await System.run { system in
            try system.startBroker()
            let archive = try system.startArchive()
            try await archive.says("connected")
            let worker = try system.startWorker("look", policy: "queue")
            try await worker.says("connected")
            let camera = try Camera(system, "liar")
            var arena = try await camera.arena()
            let other = [UInt8](repeating: 9, count: 3_000)
            let offset = try #require(unsafe arena.put(other.span.bytes))
            try camera.send(
                byteCount: 3_000,
                at: SharedPayload(key: arena.memory.key, offset: offset)
            )
            try await worker.says("frame liar@5/0")
            try await archive.says("liar")
            // Others never notice.
            let good = try system.startCamera(frames: 20, perSecond: 100)
            #expect(try await good.ended().exitCode == 0)
            try await system.waitFor(20, "SELECT COUNT(*) FROM frames WHERE stream = 'test'")
            try await system.waitFor(0, "SELECT COUNT(*) FROM frames WHERE stream = 'liar'")
        }
    }

    /// A camera that does with its memory what it likes.
    private struct Camera {
        let peer: RawPeer
        let stream: String

        init(_ system: System, _ stream: String) throws {
            peer = try RawPeer(system.ingest)
            self.stream = stream
            try peer.helloCamera(stream, epoch: 5)
        }

        func arena() async throws -> SharedArena {
            _ = try await peer.next(Welcome.self)
            try peer.send(Wire.Memory())
            let offer = try await peer.next(Wire.Memory.self)
            let opened = SharedMemory(opening: offer.path, key: offer.key, mayWrite: true)
            try peer.send(Wire.Memory(key: offer.key))
            let memory = try #require(opened)
            return try #require(SharedArena(memory))
        }

        /// Sends a frame whose bytes are all 7, and says that they lie at `place`.
        func send(byteCount: Int, at place: SharedPayload) throws {
            let payload = [UInt8](repeating: 7, count: byteCount)
            let id = FrameID(stream: stream, epoch: 5, sequence: 0)
            try peer.send(RawPeer.frame(id, payload), [place.encoded()])
        }
    }

    /// How many pieces of shared memory a process has mapped.
    private static func mappings(_ program: RunningProgram) throws -> Int {
        // Such files say that they are empty.
        let file = URL(filePath: "/proc/\(program.processID)/maps")
        let bytes = try FileHandle(forReadingFrom: file).readToEnd() ?? Data()
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        return lines.count { $0.contains("memfd:zoetrope") }
    }

    private static func startArchiveApart(_ system: System) throws -> RunningProgram {
        try system.start(
            "/usr/bin/unshare",
            [
                "--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "--kill-child",
                Shell.programs.appending(path: "archive").path, "serve", "--data", system.data,
                "--broker", system.work,
            ],
            name: "archive"
        )
    }
}
