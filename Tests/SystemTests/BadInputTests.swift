import Foundation
import TestSupport
import Testing

/// What people get wrong: one clear sentence, and an exit code that says what kind of mistake it is.
@Suite(.lastWords)
struct BadInputTests {
    /// A command line, its exit code, and what its sentence has in it.
    struct Mistake: Sendable, CustomTestStringConvertible {
        var program: String
        var arguments: [String]
        var environment: [String: String] = [:]
        var exitCode: Int32
        var words: [String]

        init(
            _ commandLine: String,
            _ environment: [String: String] = [:],
            exitCode: Int32,
            _ words: String...
        ) {
            let parts = commandLine.split(separator: " ").map(String.init)
            program = parts[0]
            arguments = Array(parts.dropFirst())
            self.environment = environment
            self.exitCode = exitCode
            self.words = words
        }

        var testDescription: String {
            let variables = environment.map { "\($0.key)=\($0.value)" }
            return (variables + [program] + arguments).joined(separator: " ")
        }
    }

    static let usage = [
        Mistake("broker serve --nonsense", exitCode: 64, "--nonsense", "see broker serve --help"),
        Mistake("broker serve --ingest nonsense", exitCode: 64, "nonsense", "--ingest"),
        Mistake("broker serve --ingest udp://*:15559", exitCode: 64, "udp://*:15559", "--ingest"),
        Mistake("broker serve --ingest tcp://127.0.0.1:65536", exitCode: 64, "65536", "65535"),
        Mistake("broker status --events tcp://127.0.0.1:71088", exitCode: 64, "71088", "65535"),
        Mistake(
            "worker --group a --detector none --broker tcp://127.0.0.1:71087",
            exitCode: 64,
            "71087",
            "65535"
        ),
        Mistake("broker serve --payload-budget many", exitCode: 64, "many", "64MiB"),
        Mistake("broker serve --lease-deadline 0", exitCode: 64, "--lease-deadline", "1s"),
        Mistake("broker serve --queue-frames 0", exitCode: 64, "--queue-frames", "1,000,000"),
        Mistake("broker serve --queue-bytes 1", exitCode: 64, "--queue-bytes", "1MiB"),
        Mistake("broker serve --log-level loud", exitCode: 64, "loud", "warning"),
        Mistake(
            "broker",
            ["ZOETROPE_LOG_LEVEL": "loud"],
            exitCode: 64,
            "ZOETROPE_LOG_LEVEL",
            "loud"
        ),
        Mistake("broker status --events nonsense", exitCode: 64, "nonsense"),
        Mistake("broker view", exitCode: 64, "stream"),
        Mistake("broker view a", exitCode: 64, "--out"),
        Mistake("broker view A --out seen", exitCode: 64, "'A'", "lobby"),
        Mistake("broker view a --out seen --count -1", exitCode: 64, "--count", "0 or more"),
        Mistake("broker view a --out seen --every often", exitCode: 64, "often", "500ms"),
        Mistake("broker view a --out seen --broker nonsense", exitCode: 64, "nonsense"),
        Mistake("camera --stream test", exitCode: 64, "--source"),
        Mistake("camera --source synthetic", exitCode: 64, "--stream"),
        Mistake("camera --source synthetic --stream Hall", exitCode: 64, "Hall", "a-z"),
        Mistake("camera --source synthetic --stream a --fps fast", exitCode: 64, "fast"),
        Mistake("camera --source synthetic --stream a --size 10", exitCode: 64, "10", "1280x720"),
        Mistake("camera --source synthetic --stream a --fps -3", exitCode: 64, "-3", "1000"),
        Mistake("camera --source synthetic --stream a --fps", exitCode: 64, "--fps"),
        Mistake("camera --source synthetic --stream a --quality 0", exitCode: 64, "1 to 100"),
        Mistake("camera --source synthetic --stream a --acks all", exitCode: 64, "all", "archive"),
        Mistake("camera", ["ZOETROPE_FPS": "fast"], exitCode: 64, "ZOETROPE_FPS", "fast"),
        Mistake("worker --detector none", exitCode: 64, "--group"),
        Mistake("worker --group Faces", exitCode: 64, "Faces", "a-z"),
        Mistake("worker --group a --detector cats", exitCode: 64, "cats", "faces", "people"),
        Mistake("worker --group a --policy fair", exitCode: 64, "fair", "durable"),
        Mistake("worker --group a --detector people --model x", exitCode: 64, "people", "--model"),
        Mistake("worker --group a --threads 0", exitCode: 64, "1 to 256"),
        Mistake("worker --group a", ["ZOETROPE_POLICY": "fair"], exitCode: 64, "ZOETROPE_POLICY"),
        Mistake("archive serve --segment-size 1KiB", exitCode: 64, "128MiB"),
        Mistake("archive serve --sync some", exitCode: 64, "some", "full"),
        Mistake("archive serve --broker nonsense", exitCode: 64, "nonsense", "127.0.0.1:5551"),
        Mistake("archive replay --group a", exitCode: 64, "--stream", "see archive replay --help"),
        Mistake("archive replay --stream a --group B", exitCode: 64, "'B'", "a-z"),
        Mistake("archive replay --stream a --group b --pace slow", exitCode: 64, "slow"),
        Mistake("archive replay --stream a --group b --pace 0", exitCode: 64, "'0'", "above 0"),
        Mistake("archive frames --since yesterday", exitCode: 64, "yesterday", "2h", "2026-11-23"),
        Mistake("archive frames --limit -1", exitCode: 64, "--limit", "above 0"),
        Mistake("archive dead-letters list --nonsense", exitCode: 64, "dead-letters list --help"),
        Mistake("archive sql", exitCode: 64, "query"),
        Mistake("archive dead-letters show kiosk 5", exitCode: 64, "kiosk 5", "SEQUENCE"),
        Mistake("archive dead-letters show kiosk@5/x", exitCode: 64, "kiosk@5/x"),
        Mistake("archive dead-letters retry", exitCode: 64, "--group"),
        Mistake("archive dead-letters retry --group B", exitCode: 64, "'B'", "a-z"),
    ]

    static let missing = [
        Mistake("camera --source nowhere.avi --stream a", exitCode: 66, "nowhere.avi"),
        Mistake("camera --source text.avi --stream a", exitCode: 66, "text.avi"),
        Mistake("camera --source text.jpg --stream a", exitCode: 66, "text.jpg"),
        Mistake("camera --source broken --stream a", exitCode: 66, "broken", "text.jpg"),
        Mistake("camera --source empty --stream a", exitCode: 66, "empty", "no images"),
        Mistake("camera --source /dev/video97 --stream a", exitCode: 66, "no device /dev/video97"),
        Mistake("worker --group a --model nowhere.onnx", exitCode: 66, "nowhere.onnx", "--model"),
        Mistake("worker --group a --model text.onnx", exitCode: 1, "text.onnx"),
        Mistake("worker --group a --model text.xml", exitCode: 1, "text.xml"),
        Mistake("worker --group a --model empty", exitCode: 66, "empty"),
        Mistake("archive serve --data text.avi/data", exitCode: 1, "text.avi/data"),
        Mistake("archive serve --data text.avi", exitCode: 1, "text.avi", "file"),
        Mistake("archive serve --data /proc/data", exitCode: 1, "/proc/data", "created"),
        Mistake("archive serve --data /proc", exitCode: 1, "/proc", "written"),
        Mistake("archive streams --data nowhere", exitCode: 66, "nowhere", "--data"),
        Mistake("archive sql --data nowhere SELECT", exitCode: 66, "nowhere", "--data"),
        Mistake("archive info --data nowhere", exitCode: 66, "nowhere"),
    ]

    @Test(arguments: usage + missing)
    func aMistakeGetsOneSentenceAndItsExitCode(_ mistake: Mistake) async throws {
        try await System.run { system in
            let directory = system.directory.url
            for name in ["empty", "broken"] {
                try FileManager.default.createDirectory(
                    at: directory.appending(path: name),
                    withIntermediateDirectories: false
                )
            }
            for name in ["text.avi", "text.jpg", "text.onnx", "text.xml", "broken/text.jpg"] {
                try Data("This is no picture.".utf8).write(to: directory.appending(path: name))
            }
            let result = try await system.command(
                mistake.program,
                mistake.arguments,
                environment: mistake.environment
            )
            result.expectComplaint(mistake.exitCode, mistake.words)
        }
    }

    @Test(
        arguments: [
            "broker", "broker serve", "broker status", "broker view", "camera", "worker", "archive",
            "archive serve", "archive streams", "archive frames", "archive sql", "archive export",
            "archive replay", "archive info", "archive dead-letters", "archive dead-letters list",
            "archive dead-letters show", "archive dead-letters retry",
        ]
    )
    func helpExplainsEveryCommand(command: String) async throws {
        try await System.run { system in
            let words = command.split(separator: " ").map(String.init)
            let help = try await system.command(words[0], words.dropFirst() + ["--help"])
            #expect(help.exitCode == 0)
            #expect(help.log == [])
            let text = help.output.joined(separator: "\n")
            #expect(text.contains("OVERVIEW: "))
            // Every option with a value says which variable stands for it.
            for line in text.matches(of: /(?m)^  --([a-z-]+) <(?:[^\n]|\n  {10,})+/) {
                let variable = "ZOETROPE_" + line.1.uppercased().replacing("-", with: "_")
                let flat = line.0.replacing(/\s+/, with: " ")
                #expect(flat.contains("[ZOETROPE_"), "\(flat) should name \(variable)")
            }
        }
    }

    @Test(arguments: ["broker", "camera", "worker", "archive"])
    func theVersionIsPrinted(program: String) async throws {
        try await System.run { system in
            let result = try await system.command(program, ["--version"])
            #expect(result.exitCode == 0)
            #expect(result.output.count == 1)
        }
    }

    @Test(.enabled(if: RealData.folder != nil, Comment(rawValue: RealData.absent)))
    func theModelForAnotherOpenCVSaysWhichFits() async throws {
        try await System.run { system in
            let model = try RealData.path("models/face_detection_yunet_2023mar.onnx")
                .required("the model")
            let worker = try await system.command("worker", ["--group", "a", "--model", model])
            worker.expectComplaint(1, [model, "2022mar", "4.6"])
        }
    }

    @Test func aStreamThatIsNotThereIsNamed() async throws {
        try await System.run { system in
            try await system.startArchive().says("serving")
            try await system.waitFor(0, "SELECT COUNT(*) FROM frames")
            let out = system.directory.url.appending(path: "out").path
            for arguments in [
                ["frames"], ["export", "--out", out], ["replay", "--group", "look"],
            ] {
                let result = try await system.command(
                    "archive",
                    arguments + ["--data", system.data, "--stream", "nowhere"]
                )
                result.expectComplaint(1, ["nowhere"])
            }
        }
    }

    @Test func aReplayWithoutAServingArchiveGivesUp() async throws {
        try await System.run { system in
            let archive = try system.startArchive()
            try await system.waitFor(0, "SELECT COUNT(*) FROM frames")
            try await archive.stop()
            let replay = try await system.command(
                "archive",
                [
                    "replay", "--data", system.data, "--stream", "test", "--group", "look",
                    "--connect-timeout", "300ms",
                ]
            )
            replay.expectComplaint(69, [system.data, "archive serve"])
        }
    }

    @Test func aSecondArchiveOnTheSameDataIsRefused() async throws {
        try await System.run { system in
            let first = try system.startArchive()
            try await system.waitFor(0, "SELECT COUNT(*) FROM frames")
            let second = try await system.command("archive", ["serve", "--data", system.data])
            second.expectComplaint(1, ["\(first.processID)", system.data])
            #expect(!second.log.contains { $0.contains("serving") })
        }
    }

    @Test func anEndpointThatIsNoneCreatesNoArchive() async throws {
        try await System.run { system in
            let serve = try await system.command(
                "archive",
                ["serve", "--data", system.data, "--broker", "foo"]
            )
            serve.expectComplaint(64, ["foo", "tcp://"])
            #expect(!FileManager.default.fileExists(atPath: system.data))
        }
    }

    @Test func aWorkerThatWantsAnotherGroupThanThereIsIsRefused() async throws {
        try await System.run { system in
            try system.startBroker()
            try await system.startWorker("look", policy: "queue").says("connected")
            let second = try system.startWorker("look", policy: "latest", name: "second")
            try await second.says("queue")
            #expect(second.record.log.contains { $0.contains("queue") && $0.contains("latest") })
        }
    }
}

extension Finished {
    /// Checks that a command has failed with one sentence for a person that has `words` in it.
    func expectComplaint(
        _ exitCode: Int32,
        _ words: [String],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let all = log.joined(separator: "\n")
        #expect(self.exitCode == exitCode, "\(all)", sourceLocation: sourceLocation)
        #expect(output == [], sourceLocation: sourceLocation)
        let complaints = log.filter { $0.hasPrefix("error: ") }
        #expect(complaints.count == 1, "\(all)", sourceLocation: sourceLocation)
        for word in words {
            #expect(complaint.contains(word), sourceLocation: sourceLocation)
        }
        // Neither Swift's way of printing values, nor a stack.
        for mark in ["Error(", "Optional(", "Fatal", "/Sources/"] {
            #expect(!all.contains(mark), sourceLocation: sourceLocation)
        }
    }
}
