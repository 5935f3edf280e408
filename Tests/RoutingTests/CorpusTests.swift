import Foundation
import Fuzzing
import TestSupport
import Testing

/// What fuzzing has found worth keeping, once more: `make fuzz` looks for more.
@Suite struct CorpusTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fuzz/Corpus/router")

    @Test func noInputOfTheCorpusBreaksTheRouter() async throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        #expect(!names.isEmpty)
        for name in names.sorted() {
            let input = try Data(contentsOf: Self.folder.appending(path: name))
            let failure = try await BusyThread.run { RouterProgram.failure(of: [UInt8](input)) }
            #expect(failure == nil, "again alone: make fuzz INPUT=Fuzz/Corpus/router/\(name)")
        }
    }
}
