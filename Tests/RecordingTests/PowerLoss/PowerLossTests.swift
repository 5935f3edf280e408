import Foundation
import Testing
import TestSupport

@testable import Recording

/// Loss of power at any moment: of what was not synced, any part may be gone.
@Suite(.serialized) struct PowerLossTests {
    private let temporary: TemporaryDirectory

    init() throws { temporary = try TemporaryDirectory() }

    private static let shim = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "PowerLoss/shim.c").path

    /// Builds the library that writes down what a process does to its files.
    private func buildShim() async throws -> String {
        let path = temporary.path + "/shim.so"
        let compiler = try RunningProgram(
            executable: "/usr/bin/env",
            arguments: ["cc", "-shared", "-fPIC", "-O1", "-o", path, Self.shim, "-lpthread"],
            environment: ProcessInfo.processInfo.environment,
            directory: "/tmp",
            name: "cc"
        )
        _ = await compiler.wait(for: .seconds(60)) { $0.end != nil }
        try #require(compiler.record.end?.exitCode == 0, "\(compiler.record.log)")
        return path
    }

    /// Has the archive written to, and everything that is done to its files written down.
    private func record(steps: UInt64) async throws -> DiskTrace {
        let root = temporary.path + "/disk"
        try FileManager.default.createDirectory(
            atPath: root,
            withIntermediateDirectories: true
        )
        let trace = temporary.path + "/trace"
        let shim = try await buildShim()
        let program = try Torture.start(
            DataDirectory(path: root + "/data"),
            count: steps,
            more: ["LD_PRELOAD": shim, "POWERLOSS_ROOT": root, "POWERLOSS_TRACE": trace]
        )
        _ = await program.wait(for: .seconds(180)) { $0.end != nil }
        try #require(program.record.end?.exitCode == 0, "\(program.record.log.suffix(5))")
        return try DiskTrace(path: trace)
    }

    @Test func whatWasAcknowledgedOutlivesTheLossOfPower() async throws {
        let trace = try await record(steps: 120)
        #expect(trace.events.count > 1_000)
        let seed = SeededGenerator.seed
        var random = SeededGenerator(seed: seed)
        let first = try #require(
            trace.events.firstIndex { if case .said = $0 { true } else { false } }
        )
        let whole = Torture.acknowledged(
            trace.said(before: trace.events.count).split(separator: "\n")
        )
        #expect(whole == 120)
        for round in 0..<60 {
            let end = Int.random(in: first...trace.events.count, using: &random)
            var disk = ForgetfulDisk()
            for event in trace.events[..<end] { disk.apply(event) }
            disk.lose(using: &random)
            let image = DataDirectory(path: temporary.path + "/image-\(round)")
            try disk.write(to: temporary.path + "/image-\(round)-disk")
            let data = DataDirectory(path: temporary.path + "/image-\(round)-disk/data")
            let acknowledged = Torture.acknowledged(
                trace.said(before: end).split(separator: "\n").dropLast(0)
            )
            try Torture.check(
                data,
                acknowledged: acknowledged,
                "SEED=\(seed) round \(round), power lost after event \(end)"
            )
            try? FileManager.default.removeItem(atPath: image.path + "-disk")
        }
    }
}
