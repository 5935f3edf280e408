import Foundation
import Glibc
import TestSupport
import Testing
import Wire

/// `broker view`: the newest frames as files.
@Suite(.lastWords)
struct ViewTests {
    @Test func whatIsSavedIsWhatTheArchiveExportsUnderTheSameName() async throws {
        try await System.run { system in
            let pictures = try Pictures(count: 5, in: system.directory)
            try system.startBroker()
            try system.startArchive()
            let more = ["--loop", "--fps", "40", "--count", "200"]
            let camera = try system.startCamera(pictures.path, stream: "lobby/east", more)
            let view = try await system.command(
                "broker",
                viewing("lobby/*", system, "--count", "4")
            )
            #expect(view.exitCode == 0)
            #expect(view.output.count == 5)
            #expect(view.output.last?.hasPrefix("saved 4 frames") == true, "\(view.output)")
            #expect(try await camera.ended().exitCode == 0)
            try await system.waitFor(200, "SELECT COUNT(*) FROM frames")
            let exported = system.directory.url.appending(path: "exported")
            let export = ["export", "--data", system.data, "--stream", "*", "--out", exported.path]
            #expect(try await system.command("archive", export).exitCode == 0)
            let files = try Self.files(in: out(system))
            #expect(files.count == 4)
            for file in files {
                #expect(file.hasPrefix("lobby%2Feast/") && file.hasSuffix(".jpg"))
                let picture = try Data(contentsOf: out(system).appending(path: file))
                #expect(try picture == Data(contentsOf: exported.appending(path: file)))
                #expect(pictures.files.contains(picture))
            }
        }
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func aSignalEndsItAndItSaysHowManyFramesItHasPassedOver(signal: Int32) async throws {
        try await System.run { system in
            try system.startBroker()
            let camera = try await connectedCamera("a", system)
            let view = try system.start("broker", viewing("a", system, "--json"))
            try await view.says("connected")
            for sequence in 0..<3 as Range<UInt64> {
                try camera.send(frame: FrameID(stream: "a", epoch: 1, sequence: sequence))
                try await view.says("\"sequence\":\(sequence)")
            }
            // Whoever stands still gets what is newest afterwards, and nobody waits for it.
            view.send(SIGSTOP)
            for sequence in 3..<50 as Range<UInt64> {
                try camera.send(frame: FrameID(stream: "a", epoch: 1, sequence: sequence))
            }
            try await system.until("the broker has them all") {
                try await system.status().streams.first?.frames == 50
            }
            view.send(SIGCONT)
            try await view.says("\"sequence\":49")
            try await view.stop(signal)
            let saved = view.record.output.count
            #expect(saved < 50)
            let last = try #require(view.record.log.last)
            #expect(last.hasPrefix("saved \(saved) frames ("), "\(last)")
            #expect(last.hasSuffix("passed over \(50 - saved)"), "\(last)")
            #expect(try Self.files(in: out(system)).count == saved)
            // No result of it is anybody's business.
            #expect(try await system.status().groups.isEmpty)
        }
    }

    @Test func theLatestPictureOfAStreamIsOneFileThatIsReplaced() async throws {
        try await System.run { system in
            try system.startBroker()
            let cameras = try await [connectedCamera("a", system), connectedCamera("b/c", system)]
            let view = try system.start("broker", viewing("*", system, "--latest"))
            try await view.says("connected")
            for sequence in 0..<3 as Range<UInt64> {
                let filling = UInt8(sequence + 1)
                for (camera, stream) in zip(cameras, ["a", "b/c"]) {
                    let frame = FrameID(stream: stream, epoch: 1, sequence: sequence)
                    try camera.send(frame: frame, byteCount: 10, filling: filling)
                }
                try await system.until("picture \(sequence) of both is there") {
                    ["a.jpg", "b%2Fc.jpg"].allSatisfy { name in
                        (try? Data(contentsOf: out(system).appending(path: name)))
                            == Data(repeating: filling, count: 10)
                    }
                }
            }
            try await view.stop()
            #expect(try Self.files(in: out(system)) == ["a.jpg", "b%2Fc.jpg"])
        }
    }

    @Test func aFrameThatComesTooEarlyIsPassedOver() async throws {
        try await System.run { system in
            try system.startBroker()
            let camera = try await connectedCamera("a", system)
            let view = try system.start("broker", viewing("a", system, "--every", "1h"))
            try await view.says("connected")
            for sequence in 0..<5 as Range<UInt64> {
                try camera.send(frame: FrameID(stream: "a", epoch: 1, sequence: sequence))
            }
            try await view.says("a/1-000000000.jpg")
            try await system.until("the broker has them all") {
                try await system.status().streams.first?.frames == 5
            }
            try await view.stop()
            #expect(try Self.files(in: out(system)) == ["a/1-000000000.jpg"])
        }
    }

    @Test func rawFramesBecomePicturesThatPeopleCanOpen() async throws {
        try await System.run { system in
            try system.startBroker()
            let camera = try await connectedCamera("a", system)
            let view = try system.start("broker", viewing("a", system, "--count", "2"))
            try await view.says("connected")
            let colour: [UInt8] = [1, 2, 3, 4, 5, 6]
            try camera.send(frame(0, .bgr8, colour), [colour])
            try await view.says("000000000.ppm")
            let grey: [UInt8] = [7, 8]
            try camera.send(frame(1, .gray8, grey), [grey])
            #expect(try await view.ended().exitCode == 0)
            func bytes(_ name: String) throws -> [UInt8] {
                Array(try Data(contentsOf: out(system).appending(path: "a/\(name)")))
            }
            let size = "2 1\n255\n"
            #expect(
                try bytes("1-000000000.ppm") == Array("P6\n\(size)".utf8) + [3, 2, 1, 6, 5, 4]
            )
            #expect(try bytes("1-000000001.pgm") == Array("P5\n\(size)".utf8) + [7, 8])
        }
    }

    @Test func itGoesOnAfterTheBrokerWasKilled() async throws {
        try await System.run { system in
            let broker = try system.startBroker()
            let view = try system.start("broker", viewing("test", system, "--json"))
            try system.startCamera(frames: 100_000, perSecond: 50, ["--acks", "none"])
            #expect(await view.wait(for: System.patience) { $0.output.count > 3 })
            try await broker.kill()
            try await view.says("lost the broker")
            try system.startBroker()
            let before = view.record.output.count
            #expect(await view.wait(for: System.patience) { $0.output.count > before + 3 })
            try await view.stop()
        }
    }

    @Test func withoutABrokerItGivesUp() async throws {
        try await System.run { system in
            let view = viewing("a", system, "--connect-timeout", "300ms")
            try await system.command("broker", view).expectComplaint(69, [system.work, "300 ms"])
        }
    }

    @Test func whereNothingCanBeWrittenIsNamedBeforeAnythingIsAsked() async throws {
        try await System.run { system in
            let file = system.directory.url.appending(path: "file")
            try Data().write(to: file)
            for path in [file.path, file.path + "/below", "/proc/view"] {
                let view = ["view", "a", "--broker", system.work, "--out", path]
                try await system.command("broker", view).expectComplaint(
                    1,
                    [path, "another place"]
                )
            }
        }
    }

    @Test func aViewerAtTheCamerasDoorIsToldWhereToGo() async throws {
        try await System.run { system in
            try await system.startBroker().says("cameras:")
            let view = ["view", "a", "--broker", system.ingest, "--out", out(system).path]
            try await system.command("broker", view).expectComplaint(1, ["--work"])
        }
    }

    // MARK: Parts

    private func out(_ system: System) -> URL { system.directory.url.appending(path: "seen") }

    private func viewing(_ stream: String, _ system: System, _ more: String...) -> [String] {
        ["view", stream, "--broker", system.work, "--out", out(system).path] + more
    }

    /// A camera that sends what it is told to.
    private func connectedCamera(_ stream: String, _ system: System) async throws -> RawPeer {
        let camera = try RawPeer(system.ingest)
        try camera.helloCamera(stream, epoch: 1)
        _ = try await camera.next(Welcome.self)
        return camera
    }

    /// A frame of 2 pixels of the stream `a`.
    private func frame(_ sequence: UInt64, _ format: Frame.Format, _ payload: [UInt8]) -> Frame {
        var frame = RawPeer.frame(FrameID(stream: "a", epoch: 1, sequence: sequence), payload)
        (frame.format, frame.width, frame.height) = (format, 2, 1)
        return frame
    }

    /// The files below a directory, in order.
    private static func files(in directory: URL) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: directory.path)
            .filter { $0.contains(".") }.sorted()
    }
}
