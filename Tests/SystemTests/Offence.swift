import Wire

/// What a peer sends, and what it is told.
struct Offence: Sendable {
    enum Door: Sendable { case ingest, work }

    /// What it is, for people.
    var name: String
    /// The sockets at which it is tried.
    var doors: [Door]
    var code: ErrorMessage.Code
    /// What the sentence has in it.
    var words: String
    var parts: @Sendable () -> [[UInt8]]

    init(
        _ name: String,
        at doors: [Door] = [.ingest, .work],
        _ code: ErrorMessage.Code,
        _ words: String,
        _ parts: @escaping @Sendable () -> [[UInt8]]
    ) {
        self.name = name
        self.doors = doors
        self.code = code
        self.words = words
        self.parts = parts
    }
}

extension Offence {
    static let id = FrameID(stream: "bad", epoch: 5, sequence: 0)
    private static let run = Run(group: "look", number: 0)

    private static func heartbeat(_ change: (inout [UInt8]) -> Void) -> [[UInt8]] {
        var bytes = Heartbeat().encoded()
        change(&bytes)
        return [bytes]
    }

    /// The same message in a bundle, with one behind it that is not to be heard.
    static func bundled(_ message: [[UInt8]], before next: [[UInt8]] = []) -> [[UInt8]] {
        var body = BundleBody()
        for parts in [message, next] where !parts.isEmpty {
            body.begin(parts: parts.count)
            for part in parts { body.append(part) }
        }
        return [Bundle(count: body.count).encoded(), body.bytes]
    }

    /// Whether it means the same in a bundle.
    var mayBeBundled: Bool {
        let parts = parts()
        guard parts.count <= 3, parts[0].count > 3 else { return false }
        let isMessage = parts[0].starts(with: "ZW".utf8)
        let others: [MessageType] = [.hello, .bundle]
        return !isMessage || !others.contains { $0.rawValue == parts[0][3] }
    }

    private static func hello(_ role: Hello.Role) -> [[UInt8]] {
        [Hello(name: "bad", role: role).encoded()]
    }

    private static let worker = WorkerWishes(
        group: GroupDefinition(name: "look", policy: .durable),
        creditFrames: 4,
        creditBytes: 1 << 20,
        slots: 1,
        model: "none"
    )

    /// From a peer that has said nothing else.
    static let strangers: [Offence] = [
        Offence("noise", .malformed, "does not begin with ZW") {
            [(0..<200).map { UInt8($0 * 37 % 0x50) }]
        },
        Offence("noise with the type of HELLO", .malformed, "does not begin with ZW") {
            [(0..<200).map { $0 == 3 ? MessageType.hello.rawValue : UInt8($0 * 37 % 0x50) }]
        },
        Offence("nothing", .malformed, "ends before") { [[]] },
        Offence("half a message", .malformed, "ends before") {
            hello(.worker(worker)).map { Array($0.prefix($0.count / 2)) }
        },
        Offence("version 9", .malformed, "version 9") { heartbeat { $0[2] = 9 } },
        Offence("an unknown type", .malformed, "checksum") { heartbeat { $0[3] = 200 } },
        Offence("a length over the limit", .malformed, "limit") { heartbeat { $0[7] = 0xff } },
        Offence("a length that is too small", .malformed, "header length") {
            heartbeat { $0[4] = 3 }
        },
        Offence("a length that is too large", .malformed, "ends before") {
            heartbeat { $0[4] = 17 }
        },
        Offence("a wrong checksum", .malformed, "checksum") { heartbeat { $0[8] ^= 1 } },
        Offence("bytes behind the header", .malformed, "header length") {
            heartbeat { $0.append(0) }
        },
        Offence("too many parts", .malformed, "more parts") {
            [Heartbeat().encoded()] + Array(repeating: [1, 2, 3], count: 500)
        },
        Offence("a frame without its payload", .malformed, "ends before") {
            [RawPeer.frame(id, [1, 2, 3]).encoded()]
        },
        Offence("a payload of another length", .malformed, "payload length") {
            [RawPeer.frame(id, [1, 2, 3]).encoded(), [1, 2, 3, 4]]
        },
        Offence("a bundle without its body", .malformed, "ends before") {
            [Bundle(count: 1).encoded()]
        },
        Offence("a bundle of none with a body", .malformed, "bundle length") {
            [Bundle().encoded(), []]
        },
        Offence("a bundle of too many", .malformed, "bundle") {
            [Bundle(count: Bundle.most + 1).encoded(), [1]]
        },
        Offence("a bundle in a bundle", .malformed, "bundle") {
            bundled(bundled([Heartbeat().encoded()]))
        },
        Offence("a bundle of none in a bundle", .malformed, "bundle") {
            bundled([Bundle().encoded()])
        },
        Offence("HELLO in a bundle", .malformed, "hello") { bundled(hello(.worker(worker))) },
        Offence("what only the broker says", .malformed, "welcome") { [Welcome().encoded()] },
        Offence("a frame before HELLO", .noSession, "HELLO") {
            [RawPeer.frame(id, [1, 2, 3]).encoded(), [1, 2, 3]]
        },
        Offence("COMMITTED before HELLO", .noSession, "HELLO") { [Committed(count: 1).encoded()] },
        Offence("a worker among the cameras", at: [.ingest], .unexpected, "--work") {
            hello(.worker(worker))
        },
        Offence("an archive among the cameras", at: [.ingest], .unexpected, "--work") {
            hello(.archive(ArchiveWishes(creditMessages: 1, creditBytes: 1)))
        },
        Offence("a viewer among the cameras", at: [.ingest], .unexpected, "--work") {
            hello(.viewer(patterns: ["*"]))
        },
        Offence("a camera among the workers", at: [.work], .unexpected, "--ingest") {
            hello(.camera(CameraWishes(stream: "bad", epoch: 0, acknowledgement: .none)))
        },
        Offence("a second archive", at: [.work], .nameTaken, "archive") {
            hello(.archive(ArchiveWishes(creditMessages: 1, creditBytes: 1)))
        },
        Offence("another policy", at: [.work], .groupDiffers, "durable") {
            var wishes = worker
            wishes.group.policy = .latest
            return hello(.worker(wishes))
        },
        Offence("a second camera of a stream", at: [.ingest], .nameTaken, "test") {
            hello(.camera(CameraWishes(stream: "test", epoch: 0, acknowledgement: .none)))
        },
    ]

    /// From a worker of the group `look` that was welcomed.
    static let workers: [Offence] = [
        Offence("what is wrong behind what is right", .malformed, "checksum") {
            bundled([Heartbeat().encoded()], before: heartbeat { $0[8] ^= 1 })
        },
        Offence("a bundle with more in it", .malformed, "bundle length") {
            bundled([Heartbeat().encoded()]).enumerated().map { $0 == 0 ? $1 : $1 + [0] }
        },
        Offence("FETCHED", .unexpected, "archive") {
            let frame = RawPeer.frame(id, [1, 2, 3]).encoded()
            return [Fetched(run: run).encoded(), frame, [1, 2, 3]]
        },
        Offence("COMMITTED", .unexpected, "archive") { [Committed(count: 1).encoded()] },
        Offence("READY", .unexpected, "archive") { [Ready().encoded()] },
        Offence("STREAM", .unexpected, "archive") {
            [StreamState(stream: "test", next: Place(epoch: 1 << 62, sequence: 0)).encoded()]
        },
        Offence("a frame", .unexpected, "not yours") {
            [RawPeer.frame(id, [1, 2, 3]).encoded(), [1, 2, 3]]
        },
        Offence("a result of another worker", .unexpected, "not yours") {
            let lease = Lease(token: 1 << 32, run: run, frame: id, attempt: 1)
            return [lease.result(of: "worker").encoded()]
        },
        Offence("a result of another group", .unexpected, "not yours") {
            let lease = Lease(
                token: 1 << 32,
                run: Run(group: "other", number: 0),
                frame: id,
                attempt: 1
            )
            return [lease.result(of: "raw").encoded()]
        },
    ]

    /// From a camera of the stream `bad` that was welcomed.
    static let cameras: [Offence] = [
        Offence("a frame of another stream", .unexpected, "not yours") {
            let other = FrameID(stream: "test", epoch: 1 << 61, sequence: 0)
            return [RawPeer.frame(other, [1]).encoded(), [1]]
        },
        Offence("a frame of the far future", .unexpected, "future") {
            let late = FrameID(stream: "bad", epoch: UInt64(Int64.max), sequence: 0)
            return [RawPeer.frame(late, [1]).encoded(), [1]]
        },
        Offence("a gap of another stream", .unexpected, "not yours") {
            [Gap(stream: "test", epoch: 1, first: 0, last: 9, reason: .shed).encoded()]
        },
        Offence("a result", .unexpected, "not yours") {
            let lease = Lease(token: 1 << 32, run: run, frame: id, attempt: 1)
            return [lease.result(of: "bad").encoded()]
        },
        Offence("COMMITTED", .unexpected, "archive") { [Committed(count: 1).encoded()] },
    ]
}
