import Foundation
import Glibc
import TestSupport
import Testing

/// SIGTERM and SIGINT end each program within two seconds, with exit code 0, whatever it does.
@Suite(.lastWords)
struct SignalTests {
    @Test(arguments: [SIGTERM, SIGINT])
    func aSystemAtWorkEnds(signal: Int32) async throws {
        try await System.run { system in
            let broker = try system.startBroker()
            let archive = try system.startArchive()
            let worker = try system.startWorker("look")
            let camera = try system.startCamera(frames: 10_000, perSecond: 50)
            try await system.until("frames are worked on") {
                try await system.status().groups.contains { $0.completed > 10 }
            }
            for program in [camera, worker, broker, archive] { try await program.stop(signal) }
        }
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func programsThatWaitForTheBrokerEnd(signal: Int32) async throws {
        try await System.run { system in
            let all = [
                try system.startArchive(), try system.startWorker("look"),
                try system.startCamera(frames: 100, perSecond: 50),
            ]
            for program in all { try await program.says("cannot reach") }
            for program in all { try await program.stop(signal) }
        }
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func aCameraThatWaitsForItsWindowEnds(signal: Int32) async throws {
        try await System.run { system in
            try system.startBroker()
            // Nothing is archived, so its window of memory fills up and stays full.
            let camera = try system.startCamera(
                frames: 10_000,
                perSecond: 500,
                ["--window", "100kB"]
            )
            try await camera.says("connected")
            try await camera.stop(signal)
        }
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func aWorkerWhoseModelIsAtWorkEnds(signal: Int32) async throws {
        try await System.run(.whole) { system in
            try system.startBroker()
            let worker = try system.startWorker("look", detector: "people", policy: "queue")
            try await worker.says("connected")
            try system.startCamera("synthetic", ["--size", "3840x2160", "--acks", "none"])
            try await system.until("a frame is worked on") {
                try await system.status().workers.contains { $0.leased > 0 }
            }
            try await worker.stop(signal)
            // Its frames are back with the broker.
            try await system.until("the frames are given back") {
                let status = try await system.status()
                return status.workers.isEmpty && status.groups.allSatisfy { $0.isBalanced }
            }
        }
    }

    @Test func whatWasAcknowledgedBeforeTheEndIsThereAfterIt() async throws {
        try await System.run { system in
            let pictures = try Pictures(count: 100, in: system.directory)
            let broker = try system.startBroker()
            let archive = try system.startArchive()
            let camera = try system.startCamera(pictures.path, ["--fps", "100"])
            #expect(try await camera.ended().exitCode == 0)
            for program in [broker, archive] { try await program.stop() }
            try system.startArchive()
            #expect(try await pictures.exported(from: system) == pictures.files)
        }
    }
}
