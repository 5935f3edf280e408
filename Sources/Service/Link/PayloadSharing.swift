internal import SharedMemory
internal import Wire

/// What a link shares with a broker on the same host: the memory that payloads go through.
///
/// Decides nothing about frames: whatever cannot go through memory goes through the connection.
struct PayloadSharing: ~Copyable {
    /// Payloads of fewer bytes cost less in the message itself.
    private static let least = 2 << 10
    /// Memory that is mapped at most: an arena for each camera that a broker knows, and some more.
    private static let most = 8_192
    private static let trimInterval = Duration.seconds(5)
    /// Sessions in a row that end because a payload was not there, after which nothing is shared.
    private static let mostFailures = 3

    /// Whether the broker may be on this host.
    private(set) var mayShare: Bool
    /// Whether this end puts payloads in: a camera's does, others read.
    private var puts = false
    private var hasAsked = false
    private var arena: SharedArena?
    private var memories: [UInt64: SharedMemory] = [:]
    private var nextTrim: Duration = .zero
    private var failures = 0
    /// The message in place of the newest payload that was put in.
    private var writer = ByteWriter()

    /// For a link to `endpoint`.
    init(endpoint: String) {
        let local = ["ipc://", "tcp://127.", "tcp://localhost:", "tcp://[::1]:"]
        mayShare = local.contains { endpoint.hasPrefix($0) }
    }

    /// A session is about to begin, of a camera or of somebody who reads.
    mutating func begin(puts: Bool) {
        end()
        self.puts = puts
    }

    /// The session is over, and the broker forgets what was shared.
    mutating func end() {
        hasAsked = false
        arena = nil
        memories.removeAll()
    }

    /// Whether to ask the broker for memory now; once a session.
    mutating func asks() -> Bool {
        guard mayShare, !hasAsked else { return false }
        hasAsked = true
        return true
    }

    /// A payload was not where it should be: the memory may have gone with its broker, or the broker is
    /// not on this host after all.
    mutating func noteFailure() {
        failures += 1
        if failures >= Self.mostFailures { mayShare = false }
    }

    // MARK: Memory

    /// Opens memory that the broker names, or lets go of it.
    ///
    /// - Returns: Whether to tell the broker that it can be used.
    mutating func take(_ memory: Memory) -> Bool {
        guard !memory.path.isEmpty else {
            memories[memory.key] = nil
            return false
        }
        guard hasAsked, memories.count < Self.most, !puts || arena == nil else { return false }
        guard
            let opened = SharedMemory(opening: memory.path, key: memory.key, mayWrite: puts)
        else { return false }
        if puts {
            arena = SharedArena(opened)
            return arena != nil
        }
        memories[memory.key] = opened
        return true
    }

    // MARK: Payloads

    /// Puts a payload into memory.
    ///
    /// - Returns: Where it lies, after which ``message`` says so; `nil` when it is to be sent as it is.
    mutating func put(_ payload: RawSpan) -> UInt64? {
        guard arena != nil, payload.byteCount >= Self.least, let offset = arena?.put(payload),
            let key = arena?.memory.key
        else { return nil }
        writer.removeAll()
        SharedPayload(key: key, offset: offset).encode(to: &writer)
        return offset
    }

    /// What is sent in place of the newest payload that was put in.
    var message: RawSpan {
        @_lifetime(borrow self)
        get { writer.span }
    }

    /// Adds ``message`` to a bundle.
    func appendMessage(to body: inout BundleBody) { body.append(writer) }

    /// Takes a payload back that could not be sent.
    func takeBack(_ offset: UInt64) {
        guard let arena else { return }
        SharedArena.giveBack(offset, in: arena.memory)
    }

    /// Copies a payload out of memory.
    ///
    /// - Returns: Whether it is there.
    mutating func read(_ place: SharedPayload, into bytes: inout MutableRawSpan) -> Bool {
        guard memories[place.key]?.read(at: place.offset, into: &bytes) == true else {
            return false
        }
        failures = 0
        return true
    }

    /// Gives memory to the system that was not needed for a while.
    mutating func trim(at now: Duration) {
        guard arena != nil, now >= nextTrim else { return }
        nextTrim = now + Self.trimInterval
        arena?.trim()
    }
}
