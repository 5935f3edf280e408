import Foundation
import TestSupport
import Testing
import Wire

/// A camera whose way to the broker is bad.
@Suite(.lastWords)
struct LinkTests {
    @Test func overALinkThatIsCutAndSlowFramesArriveOnceAndInOrder() async throws {
        try await System.run { system in
            let pictures = try Pictures(count: 120, in: system.directory)
            let byteCount = pictures.files.reduce(0) { $0 + $1.count }
            try system.startBroker()
            try system.startArchive()
            try await system.startWorker("look").says("connected")
            try await system.waitFor(1, "SELECT COUNT(*) FROM groups")
            // Every connection dies in the middle of some frame, four or five times in all.
            let proxy = try Proxy(
                to: system.ingest,
                port: 15_560,
                .init(bytesPerSecond: byteCount / 4, cutsAfter: byteCount / 5)
            )
            defer { proxy.close() }
            let camera = try system.startCamera(
                pictures.path,
                ["--fps", "200"],
                broker: proxy.endpoint
            )
            try await system.until("the link was cut twice") { proxy.record.cut >= 2 }
            proxy.change { $0.refuses = true }
            try await system.until("the camera was refused") { proxy.record.refused >= 2 }
            proxy.change { $0.refuses = false }
            #expect(try await camera.ended(within: .seconds(120)).exitCode == 0)
            system.note("\(proxy.record), for \(byteCount) bytes of frames")
            // Some came twice to the broker, as the camera could not know.
            #expect(proxy.record.byteCount > byteCount)
            #expect(try await pictures.exported(from: system) == pictures.files)
            // One that came before an older one would have left a hole for it.
            try await system.expectNoHole()
            try await system.expectOneEndEach("look", of: 120)
        }
    }

    @Test func aLiveCameraOnASlowLinkShedsWhatDoesNotFitAndSaysWhichFrames() async throws {
        try await System.run { system in
            let pictures = try Pictures(count: 20, in: system.directory)
            let live = try LivePictures(
                pictures.files,
                framesPerSecond: 60,
                beside: system.ingest,
                port: 15_570
            )
            defer { live.close() }
            try system.startBroker()
            try system.startArchive()
            try await system.startWorker("look").says("connected")
            try await system.waitFor(1, "SELECT COUNT(*) FROM groups")
            // Half of what the camera takes gets through, at best.
            let rate = pictures.files.reduce(0) { $0 + $1.count } / 20 * 30
            let proxy = try Proxy(
                to: system.ingest,
                port: 15_560,
                .init(bytesPerSecond: rate, cutsAfter: rate * 2)
            )
            defer { proxy.close() }
            let camera = try system.startCamera(
                live.address,
                ["--count", "300", "--window", "32KiB"],
                broker: proxy.endpoint
            )
            #expect(try await camera.ended().exitCode == 0)
            system.note("\(proxy.record)")
            // Each number is a frame or in a gap that the camera announced.
            try await system.waitFor(
                300,
                """
                SELECT (SELECT COUNT(*) FROM frames)
                + (SELECT COALESCE(SUM(frames), 0) FROM gaps WHERE reason = 'shed')
                """
            )
            try await system.waitFor(0, "SELECT COUNT(*) FROM gaps WHERE reason <> 'shed'")
            let frames = try await system.number("SELECT COUNT(*) FROM frames")
            #expect((1..<300).contains(frames))
            let last = """
                SELECT MAX(last) FROM (SELECT MAX(sequence) AS last FROM frames
                UNION ALL SELECT MAX(last_sequence) FROM gaps)
                """
            try await system.waitFor(299, last)
            try await system.expectOneEndEach("look", of: frames)
        }
    }

    @Test func whatACameraHadToShedIsAGapOfItsRangeAlsoAfterACut() async throws {
        try await System.run { system in
            try system.startBroker()
            try system.startArchive()
            try await system.startWorker("look").says("connected")
            try await system.waitFor(1, "SELECT COUNT(*) FROM groups")
            let proxy = try Proxy(to: system.ingest, port: 15_560, .init())
            defer { proxy.close() }
            let epoch: UInt64 = 1_000
            func send(_ sequences: ClosedRange<UInt64>, _ gap: ClosedRange<UInt64>) async throws {
                let camera = try RawPeer(proxy.endpoint)
                try camera.helloCamera("test", epoch: epoch, acks: .archive)
                _ = try await camera.next(Welcome.self)
                try camera.send(
                    Gap(
                        stream: "test",
                        epoch: epoch,
                        first: gap.lowerBound,
                        last: gap.upperBound,
                        reason: .shed
                    )
                )
                for sequence in sequences {
                    try camera.send(
                        frame: FrameID(stream: "test", epoch: epoch, sequence: sequence)
                    )
                }
                while try await camera.next(Ack.self).archivedNext <= sequences.upperBound {}
            }
            try await send(5...9, 0...4)
            // Cut off; then the camera says once more what it cannot know to have arrived.
            proxy.change { $0.refuses = true }
            try await system.until("the broker has lost the camera") {
                try await system.status().streams.allSatisfy { !$0.isLive }
            }
            proxy.change { $0.refuses = false }
            try await send(20...24, 5...19)
            try await system.waitFor(10, "SELECT COUNT(*) FROM frames")
            try await system.waitFor(10, "SELECT COUNT(*) FROM results")
            let gaps = try await system.rows(
                """
                SELECT first_sequence, last_sequence, frames FROM gaps
                WHERE group_name IS NULL AND reason = 'shed' ORDER BY first_sequence
                """
            )
            #expect(
                gaps == [
                    [
                        "first_sequence": .number(0), "last_sequence": .number(4),
                        "frames": .number(5),
                    ],
                    [
                        "first_sequence": .number(10), "last_sequence": .number(19),
                        "frames": .number(10),
                    ],
                ]
            )
        }
    }
}
