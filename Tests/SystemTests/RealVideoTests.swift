import Foundation
import Imaging
import TestSupport
import Testing

/// Real videos, and pictures that are none.
@Suite(.lastWords)
struct RealVideoTests {
    @Test(.enabled(if: RealData.debianSamples != nil, Comment(rawValue: RealData.debianAbsent)))
    func peopleAreFoundOnTheCampus() async throws {
        let path = try RealData.debianPath("vtest.avi").required("the video")
        try await expectDetections(of: "person", in: path, 10, stream: "campus", group: "people")
    }

    @Test(.enabled(if: RealData.debianSamples != nil, Comment(rawValue: RealData.debianAbsent)))
    func facesAreFoundAtTheKiosk() async throws {
        let path = try RealData.debianPath("Megamind.avi").required("the video")
        try await expectDetections(of: "face", in: path, 30, stream: "kiosk", group: "faces")
    }

    @Test(
        .enabled(if: RealData.folder != nil, Comment(rawValue: RealData.absent)),
        arguments: [
            ("face-demographics-walking.gif", 35), ("head-pose-face-detection-female.gif", 23),
            ("head-pose-face-detection-male.gif", 30),
        ]
    )
    func aModelFromAFileFindsFaces(file: String, frames: Int) async throws {
        let path = try RealData.path("videos/\(file)").required(file)
        let model = try RealData.path("models/face_detection_yunet_2022mar.onnx").required(
            "a model"
        )
        try await expectDetections(
            of: "face",
            in: path,
            frames,
            stream: "video",
            group: "faces",
            ["--model", model]
        )
    }

    @Test(.enabled(if: RealData.folder != nil, Comment(rawValue: RealData.absent)))
    func aReplayFindsPeopleInAStretchOfAVideo() async throws {
        let path = try RealData.path("videos/one-by-one-person-detection.mp4").required("the video")
        try await System.run(.whole) { system in
            try system.startBroker()
            try system.startArchive()
            let camera = try system.startCamera(path, ["--count", "110", "--fps", "200"])
            #expect(try await camera.ended().exitCode == 0)
            try await system.waitFor(110, "SELECT COUNT(*) FROM frames")
            try system.startWorker("people", detector: "people", policy: "latest")
            let since = try await system.rows("SELECT captured_at FROM frames WHERE sequence = 95")
            guard case .text(let since)? = since.first?["captured_at"] else {
                throw Missing(what: "the time of a frame")
            }
            let replay = try await system.command(
                "archive",
                [
                    "replay", "--data", system.data, "--stream", "test", "--group", "people",
                    "--since", since,
                ]
            )
            #expect(replay.exitCode == 0)
            try await system.waitFor(15, "SELECT COUNT(*) FROM results WHERE run = 1")
            let people = "SELECT COUNT(DISTINCT sequence) FROM detections WHERE label = 'person'"
            #expect(try await system.number(people) > 5)
        }
    }

    /// Checks that some of the first frames of a video have something of `label`.
    private func expectDetections(
        of label: String,
        in path: String,
        _ frames: Int,
        stream: String,
        group: String,
        _ more: [String] = []
    ) async throws {
        try await System.run(.whole) { system in
            try system.startBroker()
            try system.startArchive()
            try await system.startWorker(group, detector: group, more).says("connected")
            let pace = ["--count", "\(frames)", "--fps", "100"]
            let camera = try system.startCamera(path, stream: stream, pace)
            #expect(try await camera.ended().exitCode == 0)
            try await system.waitFor(
                frames,
                "SELECT COUNT(*) FROM results WHERE failure IS NULL"
            )
            let seen = try await system.number(
                """
                SELECT COUNT(DISTINCT sequence) FROM detections
                WHERE stream = '\(stream)' AND label = '\(label)' AND group_name = '\(group)'
                    AND score > 0 AND score <= 1 AND width > 0 AND height > 0
                """
            )
            #expect(seen > 0)
        }
    }

    @Test func aCorruptPictureIsAFailedResultAndTheWorkerLives() async throws {
        try await System.run { system in
            let pictures = try Pictures(count: 3, in: system.directory)
            let good = [UInt8](pictures.files[0])
            // Headers that say what a picture would be, and no picture after them; half a picture.
            let scan = try #require(
                good.indices.dropLast().first { good[$0] == 0xff && good[$0 + 1] == 0xda }
            )
            let bad = [
                "1.jpg": Data(good[..<scan] + [UInt8](repeating: 0x55, count: 400)),
                "2.jpg": Data(good[..<(good.count / 2)]),
            ]
            for (name, data) in bad {
                try data.write(to: URL(filePath: pictures.path).appending(path: name))
            }
            try Data(good).write(to: URL(filePath: pictures.path).appending(path: "3.jpg"))
            try system.startBroker()
            try system.startArchive()
            let worker = try system.startWorker("look", detector: "faces")
            try await worker.says("connected")
            let camera = try system.startCamera(pictures.path)
            #expect(try await camera.ended().exitCode == 0)
            try await system.waitFor(4, "SELECT COUNT(*) FROM frames")
            try await system.waitFor(4, "SELECT COUNT(*) FROM results")
            try await system.waitFor(2, "SELECT COUNT(*) FROM results WHERE failure IS NULL")
            let failed = "SELECT COUNT(*) FROM results WHERE failure <> '' AND sequence IN (1, 2)"
            try await system.waitFor(2, failed)
            #expect(worker.record.end == nil)
            try await worker.stop()
        }
    }
}
