import Foundation
import TestSupport
import Testing
import Wire

extension System {
    /// Archives six pictures of the stream `lobby/left`, and what the one worker of the group `look`
    /// finds on them; broker and archive run.
    func record(
        as worker: RawPeer,
        _ found: (FrameID) -> [Detection]
    ) async throws -> Pictures {
        try await waitFor(1, "SELECT COUNT(*) FROM groups")
        let pictures = try Pictures(count: 6, in: directory)
        let camera = try startCamera(pictures.path, stream: "lobby/left", ["--fps", "20"])
        try await worker.answer(6, found)
        #expect(try await camera.ended().exitCode == 0)
        try await waitFor(6, "SELECT COUNT(*) FROM results WHERE run = 0")
        return pictures
    }
}

extension RawPeer {
    /// Answers leases with what `found` says of their frames.
    func answer(_ count: Int, _ found: (FrameID) -> [Detection]) async throws {
        for _ in 0..<count {
            let lease = try await nextLease()
            var result = lease.result(of: "raw")
            result.detections = found(lease.frame)
            try send(result)
        }
    }
}
