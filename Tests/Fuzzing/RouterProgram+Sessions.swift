internal import Routing
internal import Wire

/// Sessions begin and end, and time passes.
extension RouterProgram {
    /// Whoever is at the end of a connection.
    mutating func connection() -> PeerID { program.choice(peers) }

    /// The archive if there is one; or, rarely, anybody.
    mutating func archive() -> PeerID {
        for (peer, hello) in hellos where sessions.contains(peer) {
            if case .archive = hello.role { return peer }
        }
        return connection()
    }

    mutating func stream() -> String { program.choice(Self.streams) }

    /// A run of any name that Wire lets through: it need not be a group's.
    mutating func run() -> Run {
        let names = Self.groups + ["viewer 1", "viewer 2", "", "Ünknown"]
        return Run(group: program.choice(names), number: UInt32(program.number(UInt64(UInt32.max))))
    }

    mutating func place() -> Place {
        Place(epoch: program.number(), sequence: program.number())
    }

    mutating func frameID() -> FrameID {
        let (epoch, sequence) = (program.number(), program.number(Limits.number - 1))
        return FrameID(stream: stream(), epoch: epoch, sequence: sequence)
    }

    private mutating func patterns() -> [String] {
        program.choice([["*"], ["a"], ["door/*"], [], ["*", "a", "*"]])
    }

    mutating func definition() -> GroupDefinition {
        let name = program.choice(Self.groups)
        // A group has two ways of working to choose from, as most workers ask for the same.
        let way = program.byte()
        return GroupDefinition(
            name: name,
            patterns: way & 1 == 0 ? ["*"] : patterns(),
            policy: GroupDefinition.Policy.allCases[Int(way >> 1) % 3],
            order: way & 0x40 == 0 ? .any : .stream,
            start: way & 0x80 == 0 ? .now : .beginning
        )
    }

    private mutating func hello(_ peer: PeerID, _ role: Hello.Role) {
        let hello = Hello(name: program.choice(["one", "two"]), role: role)
        dropSession(of: peer)
        hellos[peer] = hello
        tell(.hello(peer, hello))
    }

    mutating func helloOfCamera() {
        let peer = connection()
        let wishes = CameraWishes(
            stream: stream(),
            epoch: program.number(),
            acknowledgement: program.choice(CameraWishes.Acknowledgement.allCases)
        )
        hello(peer, .camera(wishes))
    }

    mutating func helloOfWorker() {
        let peer = connection()
        let wishes = WorkerWishes(
            group: definition(),
            creditFrames: UInt32(max(1, program.number(UInt64(UInt32.max)))),
            creditBytes: program.number(Limits.creditByteCount),
            slots: UInt32(max(1, program.number(UInt64(UInt32.max)))),
            model: "none"
        )
        hello(peer, .worker(wishes))
    }

    mutating func helloOfArchive() {
        let peer = connection()
        let wishes = ArchiveWishes(
            creditMessages: UInt32(max(1, program.number(UInt64(UInt32.max)))),
            creditBytes: program.number(Limits.creditByteCount)
        )
        hello(peer, .archive(wishes))
    }

    mutating func helloOfViewer() {
        let peer = connection()
        hello(peer, .viewer(patterns: patterns()))
    }

    mutating func endSession() {
        let peer = connection()
        switch program.below(3) {
        case 0: tell(.lost(peer))
        case 1: tell(.goodbye(peer))
        default:
            let error = ErrorMessage(code: .malformed, mayGoOn: false, sentence: "no message")
            tell(.offence(peer, error))
        }
    }

    /// Time passes while nobody says anything: up to twice the silence that ends a session.
    mutating func pass() {
        now += .milliseconds(Int64(program.byte()) * 40)
        tell(.tick)
    }

    /// Time passes while everybody gives signs of life.
    mutating func passInCompany() {
        now += .milliseconds(Int64(program.byte()) * 15)
        for peer in peers where sessions.contains(peer) { tell(.heartbeat(peer)) }
        tell(.tick)
    }
}
