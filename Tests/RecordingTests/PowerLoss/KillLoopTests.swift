import Foundation
import Testing
import TestSupport

@testable import Recording

/// kill -9 in a loop, wherever the archive is: writing, sealing, rewriting, indexing.
@Suite(.serialized) struct KillLoopTests {
    @Test func whatWasAcknowledgedOutlivesEveryKill() async throws {
        let seed = SeededGenerator.seed
        var random = SeededGenerator(seed: seed)
        let temporary = try TemporaryDirectory()
        let directory = DataDirectory(path: temporary.path + "/data")
        var acknowledged: UInt64 = 0
        for round in 0..<12 {
            let goal = acknowledged + .random(in: 1...40, using: &random)
            // On a busy machine it would else be far ahead before it is ended.
            let program = try Torture.start(directory, count: goal + 20)
            let isThere = await program.wait(for: .seconds(120)) { record in
                Torture.acknowledged(record.output) >= goal
            }
            #expect(isThere, "SEED=\(seed) round \(round): \(program.record.log.suffix(5))")
            program.send(SIGKILL)
            _ = await program.wait(for: .seconds(20)) { $0.end != nil }
            acknowledged = Torture.acknowledged(program.record.output)
            try Torture.check(directory, acknowledged: acknowledged, "SEED=\(seed) round \(round)")
        }
        #expect(try Log.segments(in: directory.log).count > 2)
    }
}
