import TestSupport
import Testing
import Wire

/// Bundles of more messages than the broker looks at in one go: what ends a session ends it there, wherever
/// it stands.
@Suite(.lastWords)
struct BundleEndTests {
    /// What ends a session, or does not.
    enum End: CaseIterable {
        /// No message.
        case garbage
        /// A message that such a peer may not send.
        case offence
        /// A message that it may.
        case goodbye
        /// The bundle says that it holds one more.
        case truncated
        /// Nothing.
        case none

        /// The message that ends it.
        var message: [[UInt8]]? {
            switch self {
            case .garbage: [[1, 2, 3]]
            case .offence: [Ready().encoded()]
            case .goodbye: [Goodbye(reason: "").encoded()]
            case .truncated, .none: nil
            }
        }

        /// What the peer is told.
        var code: ErrorMessage.Code? {
            switch self {
            case .garbage, .truncated: .malformed
            case .offence: .unexpected
            case .goodbye, .none: nil
            }
        }
    }

    private static func frame(_ stream: String, _ sequence: UInt64) -> [[UInt8]] {
        let payload = [UInt8](repeating: UInt8(sequence % 256), count: 500)
        let id = FrameID(stream: stream, epoch: 1, sequence: sequence)
        return [RawPeer.frame(id, payload).encoded(), payload]
    }

    private static func bundle(_ messages: [[[UInt8]]], saying count: Int) -> [[UInt8]] {
        var body = BundleBody()
        for parts in messages {
            body.begin(parts: parts.count)
            for part in parts { body.append(part) }
        }
        return [Bundle(count: count).encoded(), body.bytes]
    }

    @Test func whatIsBeforeTheEndOfASessionCountsAndWhatIsBehindItDoesNot() async throws {
        try await System.run { system in
            try system.startBroker()
            var expected: [String: Int] = [:]
            for end in End.allCases {
                for count in [1, 31, 32, 33, 64] {
                    let stream = "\(end)/\(count)"
                    expected[stream] = count
                    let peer = try RawPeer(system.ingest)
                    try peer.helloCamera(stream)
                    _ = try await peer.next(Welcome.self)
                    try peer.send(parts: Self.bundle(ending: end, behind: count, of: stream))
                    guard end.code != nil else { continue }
                    let (error, before) = try await peer.nextError()
                    #expect(error.code == end.code, "\(stream): \(error)")
                    #expect(!before.contains(.memory), "\(stream): \(before)")
                    // Any other error would be there before the answer to this.
                    try peer.send(Heartbeat())
                    let last = try await peer.next(ErrorMessage.self)
                    #expect(last.code == .noSession, "\(stream): \(last)")
                }
            }
            try await system.until("each stream has its frames, and no bytes are kept") {
                let status = try await system.status()
                let frames = status.streams.map { ($0.stream, $0.frames) }
                return Dictionary(uniqueKeysWithValues: frames) == expected
                    && status.payloadBytes == 0
            }
        }
    }

    /// Frames, what ends the session, and what is not to be heard.
    private static func bundle(ending end: End, behind count: Int, of stream: String) -> [[UInt8]] {
        var messages = (0..<count).map { frame(stream, UInt64($0)) }
        if let message = end.message {
            messages += [message, [Wire.Memory().encoded()]]
            messages += (count..<count + 40).map { frame(stream, UInt64($0)) }
        }
        return bundle(messages, saying: messages.count + (end == .truncated ? 1 : 0))
    }
}
